import { expect, test } from "vitest";

import { readWish } from "@/features/tickets/wish";

const read = (address: string): ReturnType<typeof readWish> => readWish(new URLSearchParams(address));

test("what is still to be done is asked for first", () => {
    expect(read("")).toEqual({
        states: ["RECEIVED", "IN_PROGRESS"],
        kind: null,
        entry: null,
        overdue: false,
        first: 50,
        after: null,
    });
});

test("an address says which tickets", () => {
    expect(read("state=ANSWERED&kind=WISH&entry=%201/2%20&overdue=true&after=T-1")).toEqual({
        states: ["ANSWERED"],
        kind: "WISH",
        entry: "1/2",
        overdue: true,
        first: 50,
        after: "T-1",
    });
});

test("every state, and kinds that nobody knows, ask for all", () => {
    expect(read("state=ANY&kind=NONE")).toMatchObject({ states: null, kind: null });
});
