import { describe, expect, it } from "vitest";

import { isDraft, NEW_DRAFT, readDraft, writeDraft } from "@/features/policies/draft";
import { NEW_RECORD } from "@/features/policies/record";

const POLICY = {
    kind: "policy",
    document: {
        id: "a",
        effect: "allow",
        kind: "statutory",
        consumer: "public",
        resource: "1",
        items: ["x"],
        purposes: ["verification"],
        modes: ["query"],
    },
};
const USER = { kind: "user", document: { id: "u" } };

describe("a change that is read into the form and written again", () => {
    it("keeps what the form doesn't show", () => {
        const document = {
            put: [POLICY, USER],
            withdraw: [{ kind: "policy", id: "b" }],
            declare: { purposes: ["verification"], lasting: ["a"], accept: ["p"] },
        };
        const read = readDraft({ title: "t", reason: "r", basis: null, document });
        expect(writeDraft(read, () => [], [])).toEqual(document);
    });

    it("keeps a record that the form can't show as it is", () => {
        const odd = { kind: "policy", document: { ...POLICY.document, scope: "x" } };
        const read = readDraft({ title: "", reason: "", basis: null, document: { put: [odd] } });
        expect([read.puts, read.others]).toEqual([[], [odd]]);
    });

    it("declares the purposes of its records, each once", () => {
        const puts = [
            { ...NEW_RECORD, purposes: ["a", "b"] },
            { ...NEW_RECORD, purposes: ["b"] },
        ];
        const declared = writeDraft({ ...NEW_DRAFT, puts }, () => [], []).declare as { purposes: unknown };
        expect(declared.purposes).toEqual(["a", "b"]);
        const every = writeDraft({ ...NEW_DRAFT, puts: [{ ...NEW_RECORD, purposes: null }] }, () => [], []);
        expect((every.declare as { purposes: unknown }).purposes).toEqual(["*"]);
    });
});

describe("what was kept", () => {
    it("is a draft, or nothing", () => {
        expect(isDraft(NEW_DRAFT)).toBe(true);
        expect(isDraft({ title: "" })).toBe(false);
        expect(isDraft(null)).toBe(false);
    });
});
