import { describe, expect, it } from "vitest";

import {
    type Json,
    newTest,
    operatorsOf,
    readCondition,
    takesSubject,
    type ValueKind,
    writeCondition,
} from "@/features/policies/condition";

const KINDS: Record<string, ValueKind> = { children: "integer", present: "boolean", income: "decimal" };
const kindOf = (name: string): ValueKind => KINDS[name] ?? "string";

function again(json: Json): Json {
    const node = readCondition(json);
    return node === null ? null : writeCondition(node, kindOf);
}

describe("a condition that is read and written again", () => {
    it.each<[Json, Json]>([
        [{}, {}],
        [
            { division: { startsWith: { subject: "region" } } },
            { division: { startsWith: { subject: "region" } } },
        ],
        [{ children: { in: [1, 2] } }, { children: { in: [1, 2] } }],
        [{ children: { in: [] } }, { children: { in: [] } }],
        [{ present: { eq: false } }, { present: { eq: false } }],
        [{ income: { lt: "0.10" } }, { income: { lt: "0.10" } }],
        [{ name: { isNull: true } }, { name: { isNull: true } }],
        [{ or: [] }, { or: [] }],
        [{ not: { name: { eq: "a" } } }, { not: { name: { eq: "a" } } }],
        [
            { a: { gte: "1", lt: "2" }, b: { eq: "x" } },
            { and: [{ a: { gte: "1" } }, { a: { lt: "2" } }, { b: { eq: "x" } }] },
        ],
        [{ and: [{ or: [{ a: { eq: "1" } }] }, {}] }, { and: [{ or: [{ a: { eq: "1" } }] }, {}] }],
    ])("%j means the same", (json, written) => {
        expect(again(json)).toEqual(written);
    });

    it.each<Json>([null, "text", [], { and: {} }, { or: [1] }, { not: [] }, { name: "a" }])(
        "%j is no tree",
        (json) => {
            expect(readCondition(json)).toBeNull();
        },
    );

    it("keeps integers of more digits than a number holds", () => {
        expect(again({ children: { eq: "9223372036854775807" } })).toEqual({
            children: { eq: "9223372036854775807" },
        });
    });
});

describe("what may be tested", () => {
    it("is by kind", () => {
        expect(operatorsOf("json")).toEqual(["isNull"]);
        expect(operatorsOf("date")).not.toContain("contains");
        expect(takesSubject("string", "in")).toBe(false);
        expect(takesSubject("string", "startsWith")).toBe(true);
        expect(takesSubject("date", "eq")).toBe(false);
    });

    it("begins with a test that there is", () => {
        expect(newTest({ name: "groups", label: "", kind: "list" }).operator).toBe("contains");
    });
});
