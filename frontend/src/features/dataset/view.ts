/** How the rows are looked at, as the address says it: filters, order, page. */
import type { Item } from "@/features/dataset/entry";

export const OPERATORS: Readonly<Record<string, readonly string[]>> = {
    string: ["contains", "eq", "startsWith", "endsWith", "ne", "gt", "lt"],
    integer: ["eq", "gte", "lte", "gt", "lt", "ne"],
    decimal: ["eq", "gte", "lte", "gt", "lt", "ne"],
    date: ["gte", "lte", "eq", "ne"],
    datetime: ["gte", "lte"],
    boolean: ["eq"],
    json: [],
};

export interface Filter {
    readonly item: string;
    readonly operator: string;
    readonly value: string;
}

export interface RowsView {
    readonly filters: readonly Filter[];
    readonly order: { readonly item: string; readonly descending: boolean } | null;
    readonly after: string | null;
    readonly size: number;
    /** The item whose tree of codes is open beside the rows. */
    readonly tree: string | null;
}

export const SIZES = [20, 50, 100];

/** Read the view; what names no item of these is passed over, so that an old address still shows rows. */
export function readView(address: URLSearchParams, items: readonly Item[]): RowsView {
    const names = new Map(items.map((item) => [item.identifier, item]));
    const filters = address.getAll("f").flatMap((text) => {
        const [item = "", operator = "", ...value] = text.split(".");
        const known = names.get(item);
        const isKnown = known !== undefined && (OPERATORS[known.type] ?? []).includes(operator);
        return isKnown && value.length > 0 ? [{ item, operator, value: value.join(".") }] : [];
    });
    const [sorted = "", direction] = (address.get("sort") ?? "").split(".");
    const size = Number(address.get("size"));
    return {
        filters,
        order: names.has(sorted) ? { item: sorted, descending: direction === "desc" } : null,
        after: address.get("after"),
        size: SIZES.includes(size) ? size : 20,
        tree: address.get("tree"),
    };
}

/** Write the view into an address; where the page is not told, it is the first. */
export function writeView(view: RowsView): URLSearchParams {
    const address = new URLSearchParams({ tab: "data" });
    for (const { item, operator, value } of view.filters)
        address.append("f", [item, operator, value].join("."));
    if (view.order !== null)
        address.set("sort", `${view.order.item}.${view.order.descending ? "desc" : "asc"}`);
    if (view.size !== 20) address.set("size", String(view.size));
    if (view.tree !== null) address.set("tree", view.tree);
    if (view.after !== null) address.set("after", view.after);
    return address;
}

/** The condition that all filters hold. A truth is the one value that isn't sent as text. */
export function conditionOf(
    filters: readonly Filter[],
    items: readonly Item[],
): Record<string, unknown> | undefined {
    if (filters.length === 0) return undefined;
    const types = new Map(items.map((item) => [item.identifier, item.type]));
    const each = filters.map(({ item, operator, value }) => ({
        [item]: { [operator]: types.get(item) === "boolean" ? value === "true" : value },
    }));
    return { and: each };
}
