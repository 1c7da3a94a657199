import { expect, test } from "vitest";

import { isWritten, withoutContact } from "@/features/ticket/words";

test("a contact is never kept", () => {
    expect(withoutContact({ words: "a", contact: "synthetic@example.invalid" })).toEqual({ words: "a" });
});

test.each([null, 1, "a", [], ["a"], { words: 1 }, { words: null }])(
    "what was kept otherwise isn't taken: %j",
    (value) => {
        expect(isWritten(value)).toBe(false);
    },
);

test("what was kept is taken", () => {
    expect(isWritten({ words: "a", kind: "WRONG" })).toBe(true);
});
