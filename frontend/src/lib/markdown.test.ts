import { expect, it } from "vitest";

import { type Line, readMarkdown } from "@/lib/markdown";

const plain = (text: string): Line => [{ text, code: false }];
const code = (text: string): Line => [{ text, code: true }];

it("reads headings, paragraphs, lists and fenced code", () => {
    const source = "# A\n\none\ntwo\n\nthree\n\n- x\n- y\n\n```graphql\n{ # a\n\n- b }\n```\nend";
    expect(readMarkdown(source)).toEqual([
        { kind: "heading", level: 1, line: plain("A") },
        { kind: "paragraph", line: [...plain("one"), ...plain(" two")] },
        { kind: "paragraph", line: plain("three") },
        { kind: "list", points: [plain("x"), plain("y")] },
        { kind: "code", language: "graphql", text: "{ # a\n\n- b }" },
        { kind: "paragraph", line: plain("end") },
    ]);
});

it("reads tables as the portal writes them, escapes and code within cells", () => {
    const source = [
        "| 信息项 | 名称 | 筛选 |",
        "|---|---|---|",
        "| `name` | 姓\\|名\\_a | `eq` `in` |",
        "| `b` |  | 用途：`x` |",
        "",
        "after",
    ].join("\n");
    expect(readMarkdown(source)).toEqual([
        {
            kind: "table",
            head: [plain("信息项"), plain("名称"), plain("筛选")],
            rows: [
                [code("name"), plain("姓|名_a"), [...code("eq"), ...plain(" "), ...code("in")]],
                [code("b"), [], [...plain("用途："), ...code("x")]],
            ],
        },
        { kind: "paragraph", line: plain("after") },
    ]);
});

it("shows what names hold as they are, whatever it means in Markdown", () => {
    const written = "\\<script\\>alert(1)\\</script\\> \\[a\\](javascript:b) \\*c\\* \\\\ \\` \\# d | e";
    expect(readMarkdown(`# ${written} \`id\``)).toEqual([
        {
            kind: "heading",
            level: 1,
            line: [...plain("<script>alert(1)</script> [a](javascript:b) *c* \\ ` # d | e "), ...code("id")],
        },
    ]);
});

it("keeps HTML and what isn't closed as text, and takes code that isn't closed to the end", () => {
    expect(readMarkdown("<script>x</script>\n```\nrest")).toEqual([
        { kind: "paragraph", line: plain("<script>x</script>") },
        { kind: "code", language: "", text: "rest" },
    ]);
    expect(readMarkdown("a ` b \\")).toEqual([{ kind: "paragraph", line: plain("a ` b \\") }]);
    expect(readMarkdown("| a |\nb")).toEqual([
        { kind: "paragraph", line: [...plain("| a |"), ...plain(" b")] },
    ]);
});
