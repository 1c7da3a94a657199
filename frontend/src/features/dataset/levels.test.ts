import { describe, expect, it } from "vitest";

import { chosenCode, codesWish, type Hierarchy, readCodes, withCode } from "@/features/dataset/levels";

const DIVISIONS: Hierarchy = {
    item: "division",
    levels: [
        { entry: "cities", key: "code", label: "name", parent: null },
        { entry: "areas", key: "code", label: null, parent: "city_code" },
    ],
};
const CITY = { key: "3206", name: "南通市", level: 0, hasChildren: true };

describe("the codes of a level", () => {
    it("are asked for from the top", () => {
        expect(codesWish(DIVISIONS, null)).toEqual({
            entry: "cities",
            items: ["code", "name"],
            first: 1000,
            orderBy: [{ code: "ASC" }],
        });
    });

    it("are asked for below a code", () => {
        expect(codesWish(DIVISIONS, CITY)).toMatchObject({
            entry: "areas",
            items: ["code"],
            where: { city_code: { eq: "3206" } },
        });
    });

    it("end with the lowest level", () => {
        expect(() => codesWish(DIVISIONS, { ...CITY, key: "320613", level: 1 })).toThrow("lowest");
    });

    it("have names where there are any, and children but in the lowest level", () => {
        const rows = [
            { code: "3206", name: "南通市" },
            { code: "3710", name: null },
        ];
        expect(readCodes(DIVISIONS, null, rows)).toEqual([
            CITY,
            { key: "3710", name: "3710", level: 0, hasChildren: true },
        ]);
        expect(readCodes(DIVISIONS, CITY, [{ code: "320613" }])).toEqual([
            { key: "320613", name: "320613", level: 1, hasChildren: false },
        ]);
    });

    it("are left out where rows couldn't be found by them", () => {
        expect(readCodes(DIVISIONS, CITY, [{ code: "371002" }, { code: null }, { code: "" }])).toEqual([]);
    });
});

describe("a chosen code", () => {
    const others = [
        { item: "name", operator: "startsWith", value: "南" },
        { item: "division", operator: "ne", value: "320613" },
    ];

    it("is a filter in the place of the one before", () => {
        const chosen = withCode(withCode(others, "division", "32"), "division", "3206");
        expect(chosen).toEqual([...others, { item: "division", operator: "startsWith", value: "3206" }]);
        expect(chosenCode(chosen, "division")).toBe("3206");
    });

    it("can be taken back", () => {
        expect(withCode(withCode(others, "division", "32"), "division", null)).toEqual(others);
        expect(chosenCode(others, "division")).toBeNull();
    });
});
