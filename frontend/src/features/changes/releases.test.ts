import { describe, expect, it } from "vitest";

import { riskiest } from "@/features/changes/releases";

const combination = (
    items: string,
    alone: number | null,
    inSmall: number | null = alone,
): Parameters<typeof riskiest>[0][number] => ({ items: items.split("+"), groups: 3, alone, inSmall });

describe("the order of what rows are told apart by", () => {
    it("puts first what tells the most rows apart, then with the fewest items", () => {
        const found = riskiest([
            combination("a", 0, 4),
            combination("a+b", 9),
            combination("c", 9),
            combination("b", 0, 0),
            combination("c+d", 1, 4),
        ]);
        expect(found.map(({ items }) => items.join("+"))).toEqual(["c", "a+b", "c+d", "a", "b"]);
    });

    it("takes what wasn't counted for the worst", () => {
        const found = riskiest([combination("a", 9), combination("b+c", null), combination("d", null)]);
        expect(found.map(({ items }) => items.join("+"))).toEqual(["d", "b+c", "a"]);
    });
});
