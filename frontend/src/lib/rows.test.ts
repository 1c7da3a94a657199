import { parse } from "graphql";
import { expect, it } from "vitest";

import { groupsDocument, rowsDocument } from "@/lib/rows";

it("asks for the items that are named, by variables for all values", () => {
    const { query, variables } = rowsDocument({
        entry: "people",
        items: ["name", "code"],
        first: 20,
        where: { name: { eq: '"} }' } },
        purpose: "VERIFICATION",
    });
    expect(() => parse(query)).not.toThrow();
    expect(query).toContain("people(purpose: VERIFICATION, where: $where");
    expect(query).toContain("nodes { name code }");
    expect(query).not.toContain('"}');
    expect(variables).toEqual({ where: { name: { eq: '"} }' } }, orderBy: null, first: 20, after: null });
});

it.each(["people { secret }", "", "a-b", "a\nb"])(
    "takes no name that could say more than a name: %j",
    (name) => {
        expect(() => rowsDocument({ entry: name, items: ["a"], first: 1 })).toThrow(/not the name/);
        expect(() => rowsDocument({ entry: "a", items: [name], first: 1 })).toThrow(/not the name/);
        expect(() => rowsDocument({ entry: "a", items: ["a"], first: 1, purpose: name })).toThrow(
            /not a purpose/,
        );
    },
);

it("counts by an item, and by nothing that could say more", () => {
    expect(() => parse(groupsDocument("people", "division"))).not.toThrow();
    expect(groupsDocument("people", "division")).toContain("groups(by: [division], first: $first)");
    expect(() => groupsDocument("people", "a) { secret }")).toThrow(/not the name/);
    expect(() => groupsDocument("a b", "a")).toThrow(/not the name/);
});
