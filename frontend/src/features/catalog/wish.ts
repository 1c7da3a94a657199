import type { CatalogQueryVariables } from "@/graphql/graphql";

/** What is looked for in the catalog, as the page's address says it; each member is a parameter. */
export const FILTERS = ["provider", "kind", "updateCycle", "shareClass", "open"] as const;
export type FilterName = (typeof FILTERS)[number];

export const PAGE_ENTRIES = 20;
const BETWEEN_CLASSES = "/";

export function classesOf(address: URLSearchParams): readonly string[] {
    return (address.get("class") ?? "").split(BETWEEN_CLASSES).filter((part) => part !== "");
}

/** Return the variables of the question; what an address can't mean is left to the portal to refuse. */
export function readWish(address: URLSearchParams): CatalogQueryVariables {
    const classification = classesOf(address);
    const open = address.get("open");
    return {
        search: address.get("q")?.trim() === "" ? null : address.get("q"),
        provider: address.get("provider"),
        kind: address.get("kind") as CatalogQueryVariables["kind"],
        updateCycle: address.get("updateCycle") as CatalogQueryVariables["updateCycle"],
        shareClass: address.get("shareClass") as CatalogQueryVariables["shareClass"],
        open: open === null ? null : open === "true",
        classification: classification.length === 0 ? null : [...classification],
        first: PAGE_ENTRIES,
        after: address.get("after"),
    };
}

/** Return the address with one filter set or taken away; the page that was shown is of no other filter. */
export function refined(
    address: URLSearchParams,
    name: FilterName | "class" | "q",
    value: string | null,
): string {
    const changed = new URLSearchParams(address);
    changed.delete("after");
    if (value === null || value === "") changed.delete(name);
    else changed.set(name, value);
    return `?${changed.toString()}`;
}

export function pathToText(path: readonly string[]): string {
    return path.join(BETWEEN_CLASSES);
}
