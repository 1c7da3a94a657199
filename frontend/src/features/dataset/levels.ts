/** Choosing rows by a branch of the levels that an item's codes stand in, such as a division. */
import type { DataSet, Item } from "@/features/dataset/entry";
import type { Filter } from "@/features/dataset/view";
import type { RowsAnswer, RowsWish } from "@/lib/rows";

export type Hierarchy = DataSet["hierarchies"][number];

/** As many codes as a level shows below one of the level above: the portal's longest page. */
export const MOST_CODES = 1000;

export interface Code {
    readonly key: string;
    readonly name: string;
    /** Place of its level, 0 the topmost. */
    readonly level: number;
    readonly hasChildren: boolean;
}

/** The hierarchies whose item can be filtered by. */
export function choosable(entry: DataSet, items: readonly Item[]): readonly Hierarchy[] {
    const readable = new Set(items.map(({ identifier }) => identifier));
    return entry.hierarchies.filter(({ item }) => readable.has(item));
}

/** What to ask for to see the codes below one, or the topmost ones. */
export function codesWish({ levels }: Hierarchy, parent: Code | null): RowsWish {
    const level = levels[parent === null ? 0 : parent.level + 1];
    if (level === undefined) throw new Error("no level stands below the lowest");
    const { entry, key, label, parent: above } = level;
    return {
        entry,
        items: label == null ? [key] : [key, label],
        first: MOST_CODES,
        orderBy: [{ [key]: "ASC" }],
        ...(parent === null || above == null ? {} : { where: { [above]: { eq: parent.key } } }),
    };
}

/** The codes of an answer. One that doesn't begin as its parent's is left out: its rows wouldn't be found by that. */
export function readCodes(
    { levels }: Hierarchy,
    parent: Code | null,
    rows: RowsAnswer["nodes"],
): readonly Code[] {
    const level = parent === null ? 0 : parent.level + 1;
    const { key = "", label = null } = levels[level] ?? {};
    return rows.flatMap((row) => {
        const code = row[key];
        const name = label === null ? null : row[label];
        if (typeof code !== "string" || code === "" || !code.startsWith(parent?.key ?? "")) return [];
        return [
            {
                key: code,
                name: typeof name === "string" && name !== "" ? name : code,
                level,
                hasChildren: level + 1 < levels.length,
            },
        ];
    });
}

/** The code that the filters choose, if one does. */
export function chosenCode(filters: readonly Filter[], item: string): string | null {
    return filters.find((filter) => isChoice(filter, item))?.value ?? null;
}

/** The filters with another code chosen in the place of the one before; null chooses none. */
export function withCode(filters: readonly Filter[], item: string, code: string | null): readonly Filter[] {
    const others = filters.filter((filter) => !isChoice(filter, item));
    return code === null ? others : [...others, { item, operator: "startsWith", value: code }];
}

function isChoice(filter: Filter, item: string): boolean {
    return filter.item === item && filter.operator === "startsWith";
}
