import { parse } from "graphql";
import { expect, it } from "vitest";

import {
    bestPurpose,
    errorsOf,
    type ExploredEntry,
    mayRead,
    purposesOf,
    writeQuery,
} from "@/features/explorer/question";

function item(identifier: string, ...purposes: (string | null)[]): ExploredEntry["items"][number] {
    const permitted = purposes.length > 0;
    return {
        identifier,
        name: identifier,
        type: "string",
        access: {
            permitted,
            advice: permitted ? null : "apply",
            purposes: purposes.map((purpose) => ({ purpose })),
        },
    };
}

const ENTRY: ExploredEntry = {
    code: "1/1",
    identifier: "people",
    name: "people",
    items: [
        item("code", null, "VERIFICATION"),
        item("name", "VERIFICATION"),
        item("born", "STATISTICS", "VERIFICATION"),
        item("secret"),
    ],
};

it("knows for which purpose an item may be read", () => {
    const [code, name, , secret] = ENTRY.items;
    if (code === undefined || name === undefined || secret === undefined) throw new Error("items");
    expect([mayRead(code, null), mayRead(code, "VERIFICATION")]).toEqual([true, true]);
    expect([mayRead(name, null), mayRead(name, "VERIFICATION"), mayRead(name, "STATISTICS")]).toEqual([
        false,
        true,
        false,
    ]);
    expect([mayRead(secret, null), mayRead(secret, "VERIFICATION")]).toEqual([false, false]);
});

it("proposes the purpose that opens most, and none where none is needed", () => {
    expect(purposesOf(ENTRY)).toEqual(["STATISTICS", "VERIFICATION"]);
    expect(bestPurpose(ENTRY)).toBe("VERIFICATION");
    expect(bestPurpose({ ...ENTRY, items: [item("code", null, "VERIFICATION")] })).toBeNull();
});

it("writes a query that can be read, whatever the matter is", () => {
    const written = writeQuery(
        { entry: ENTRY, items: ["code", "name"], purpose: "VERIFICATION", matter: 'a") { x } #' },
        "try",
    );
    expect(() => parse(written)).not.toThrow();
    expect(written).toContain('people(purpose: VERIFICATION, matter: "a\\") { x } #", first: 10)');
});

it("reads errors of any answer, and of what is none", () => {
    const errors = [
        { message: "no", path: ["shared", "people"], extensions: { code: "ITEM_DENIED", items: ["secret"] } },
    ];
    expect(errorsOf({ errors })).toEqual([
        { message: "no", path: "shared › people", code: "ITEM_DENIED", items: ["secret"] },
    ]);
    expect(errorsOf({ errors: [{}] })).toEqual([{ message: "", path: "", code: "", items: [] }]);
    expect(errorsOf(null)).toEqual([]);
    expect(errorsOf({ data: {} })).toEqual([]);
});
