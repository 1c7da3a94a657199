/** A piece of a line; `code` stood between backticks. */
export interface Span {
    readonly text: string;
    readonly code: boolean;
}

export type Line = readonly Span[];

/** A part of a text in Markdown. */
export type Block =
    | { readonly kind: "heading"; readonly level: number; readonly line: Line }
    | { readonly kind: "paragraph"; readonly line: Line }
    | { readonly kind: "list"; readonly points: readonly Line[] }
    | { readonly kind: "table"; readonly head: readonly Line[]; readonly rows: readonly (readonly Line[])[] }
    | { readonly kind: "code"; readonly language: string; readonly text: string };

const HEADING = /^(#{1,6})\s+(.+)$/;
const POINT = /^[-*]\s+(.+)$/;
const ROW = /^\|(.*)\|$/;
const RULE = /^\|(?:\s*:?-+:?\s*\|)+$/;
const FENCE = /^```\s*(\S*)\s*$/;
const FENCE_END = /^```\s*$/;
/** A character that is escaped, code, a bar between cells, or text up to the next of these. */
const TOKEN = /\\([!-/:-@[-`{-~])|`([^`]+)`|(\|)|([^\\`|]+|.)/gs;

/**
 * Return the parts of a text in Markdown as the portal writes it: headings, paragraphs, lists, tables, fenced code, and
 * code within lines. All else is text, HTML and links too.
 */
export function readMarkdown(source: string): readonly Block[] {
    const blocks: Block[] = [];
    const lines = source.split(/\r?\n/);
    for (let at = 0; at < lines.length; at += 1) {
        const line = (lines[at] ?? "").trim();
        const fence = FENCE.exec(line);
        if (fence !== null) {
            const rest = lines.slice(at + 1);
            const end = rest.findIndex((each) => FENCE_END.test(each));
            const code = end === -1 ? rest : rest.slice(0, end);
            blocks.push({ kind: "code", language: fence[1] ?? "", text: code.join("\n") });
            at += code.length + 1;
        } else if (ROW.test(line) && RULE.test((lines[at + 1] ?? "").trim())) {
            const rest = lines.slice(at + 2);
            const end = rest.findIndex((each) => !ROW.test(each.trim()));
            const rows = end === -1 ? rest : rest.slice(0, end);
            blocks.push({
                kind: "table",
                head: readRow(line),
                rows: rows.map((each) => readRow(each.trim())),
            });
            at += rows.length + 1;
        } else if (line !== "") {
            addLine(blocks, line, (lines[at - 1] ?? "").trim() === "");
        }
    }
    return blocks;
}

function addLine(blocks: Block[], line: string, isApart: boolean): void {
    const heading = HEADING.exec(line);
    const point = POINT.exec(line);
    const last = blocks.at(-1);
    if (heading !== null) {
        blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, line: readLine(heading[2] ?? "") });
    } else if (point !== null) {
        const points = last?.kind === "list" ? last.points : [];
        if (last?.kind === "list") blocks.pop();
        blocks.push({ kind: "list", points: [...points, readLine(point[1] ?? "")] });
    } else if (last?.kind === "paragraph" && !isApart) {
        blocks.pop();
        blocks.push({ kind: "paragraph", line: [...last.line, ...readLine(` ${line}`)] });
    } else {
        blocks.push({ kind: "paragraph", line: readLine(line) });
    }
}

function readLine(text: string): Line {
    return cellsOf(text, false)[0] ?? [];
}

function readRow(line: string): readonly Line[] {
    return cellsOf(ROW.exec(line)?.[1] ?? "", true).map(trimmed);
}

/** Return the spans of a line, or of each cell of a row. */
function cellsOf(text: string, isRow: boolean): Line[] {
    const cells: Span[][] = [[]];
    for (const [, escaped, code, bar, plain] of text.matchAll(TOKEN)) {
        const cell = cells.at(-1) ?? [];
        if (bar !== undefined && isRow) {
            cells.push([]);
            continue;
        }
        const last = cell.at(-1);
        const words = escaped ?? bar ?? plain ?? "";
        if (code !== undefined) cell.push({ text: code, code: true });
        else if (last?.code === false) cell.splice(-1, 1, { text: last.text + words, code: false });
        else cell.push({ text: words, code: false });
    }
    return cells;
}

/** A cell's spaces at its ends are the table's. */
function trimmed(cell: Line): Line {
    const ends = cell.map(({ text, code }, at) => {
        if (code) return { text, code };
        const start = at === 0 ? text.trimStart() : text;
        return { text: at === cell.length - 1 ? start.trimEnd() : start, code };
    });
    return ends.filter(({ text }) => text !== "");
}
