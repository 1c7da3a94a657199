import { expect, it } from "vitest";

import { differences } from "@/features/policies/differences";

it("tells what differs member by member, and a list as a whole", () => {
    const before = { a: 1, b: { c: "x", d: [1, 2] }, e: null };
    const after = { a: 1, b: { c: "y", d: [1] }, f: true };
    expect(differences(before, after)).toEqual([
        { path: "b.c", before: '"x"', after: '"y"' },
        { path: "b.d", before: "[1,2]", after: "[1]" },
        { path: "e", before: "null", after: "" },
        { path: "f", before: "", after: "true" },
    ]);
    expect(differences(before, before)).toEqual([]);
});
