import { describe, expect, it } from "vitest";

import type { Json } from "@/features/policies/condition";
import { NEW_RECORD, readRecord, writeRecord } from "@/features/policies/record";

const ITEMS = [{ name: "children", label: "", kind: "integer" as const }];
const again = (document: Record<string, Json>): unknown => {
    const form = readRecord(document);
    return form === null
        ? null
        : writeRecord(form, ITEMS, [{ name: "auth_level", label: "", kind: "integer" }]);
};

const WHOLE: Record<string, Json> = {
    id: "statute-1",
    effect: "allow",
    kind: "statutory",
    consumer: "department:99",
    applications: ["counter"],
    resource: "303001001/00001",
    items: ["name", "children"],
    purposes: ["verification"],
    modes: ["query"],
    matters: ["m-1"],
    valid_from: "2025-12-31T16:00:00Z",
    valid_until: "2026-12-31T16:00:00Z",
    condition: { auth_level: { gte: 2 } },
    scope: { children: { lt: 3 } },
    obligations: {
        mask: {
            name: { partial: { head: 1, tail: 0 } },
            children: { generalise: { to: 10 } },
            born: { generalise: { to: "year" } },
            id: { hash: {} },
            x: { full: {} },
        },
        max_rows: 100,
        daily_rows: 1000,
    },
    basis: "依据",
};

describe("a record that is read into the form and written again", () => {
    it("is the same", () => {
        expect(again(WHOLE)).toEqual(WHOLE);
    });

    it("names days as a person does: until is the last one", () => {
        const form = readRecord(WHOLE);
        expect([form?.from, form?.until]).toEqual(["2026-01-01", "2026-12-31"]);
    });

    it("keeps instants within a day", () => {
        const odd = { ...WHOLE, valid_until: "2026-12-31T09:30:00Z" };
        expect(again(odd)).toEqual(odd);
    });

    it("keeps every item apart from none", () => {
        const every = { ...WHOLE, items: ["*"], purposes: ["*"], modes: ["*"] };
        expect(again(every)).toEqual(every);
        expect(readRecord({ ...WHOLE, items: [] })?.items).toEqual([]);
    });

    it("doesn't lose a scope that is always true: it is one", () => {
        const scoped = { ...WHOLE, scope: { and: [] } };
        expect(again(scoped)).toEqual(scoped);
    });

    it("isn't one that the form can't show", () => {
        expect(readRecord({ ...WHOLE, condition: { and: 1 } })).toBeNull();
        expect(readRecord({ ...WHOLE, scope: "x" })).toBeNull();
    });
});

describe("a new record", () => {
    it("denies where it is a restriction, and leaves out what is empty", () => {
        expect(writeRecord({ ...NEW_RECORD, id: "r", kind: "restriction" }, [], [])).toEqual({
            id: "r",
            effect: "deny",
            kind: "restriction",
            consumer: "",
            resource: "",
            items: [],
            purposes: [],
            modes: ["query"],
        });
    });

    it("leaves what is no number for the portal to refuse", () => {
        expect(writeRecord({ ...NEW_RECORD, maxRows: "many" }, [], []).obligations).toEqual({
            max_rows: "many",
        });
    });
});
