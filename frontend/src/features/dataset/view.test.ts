import { expect, it } from "vitest";

import type { Item } from "@/features/dataset/entry";
import { conditionOf, readView, writeView } from "@/features/dataset/view";

const ITEMS = [
    { identifier: "name", type: "string" },
    { identifier: "is_small", type: "boolean" },
    { identifier: "extra", type: "json" },
] as unknown as readonly Item[];

it("comes back from the address as it was written there", () => {
    const view = {
        filters: [{ item: "name", operator: "contains", value: "a.b&c" }],
        order: { item: "name", descending: true },
        after: "cursor",
        size: 50,
        tree: "division",
    };
    expect(readView(writeView(view), ITEMS)).toEqual(view);
});

it("passes over what names no item, no operator of its type, or no size", () => {
    const address = new URLSearchParams(
        "f=secret.eq.1&f=extra.eq.1&f=name.gte&f=name.like.x&sort=secret.asc&size=9999",
    );
    expect(readView(address, ITEMS)).toEqual({ filters: [], order: null, after: null, size: 20, tree: null });
});

it("sends truths as truths and everything else as text", () => {
    const filters = [
        { item: "is_small", operator: "eq", value: "false" },
        { item: "name", operator: "eq", value: "true" },
    ];
    expect(conditionOf(filters, ITEMS)).toEqual({
        and: [{ is_small: { eq: false } }, { name: { eq: "true" } }],
    });
    expect(conditionOf([], ITEMS)).toBeUndefined();
});
