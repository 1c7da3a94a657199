import { expect, it } from "vitest";

import { readWish, refined } from "@/features/catalog/wish";

it("asks for nothing that the address doesn't name", () => {
    expect(readWish(new URLSearchParams("q=+&page=3"))).toMatchObject({
        search: null,
        provider: null,
        open: null,
        classification: null,
        after: null,
    });
});

it("reads every filter from the address", () => {
    const wish = readWish(new URLSearchParams("q=区划&open=false&class=基础/空间&updateCycle=DAILY&after=x"));
    expect(wish).toMatchObject({
        search: "区划",
        open: false,
        classification: ["基础", "空间"],
        updateCycle: "DAILY",
        after: "x",
    });
});

it("forgets the page when a filter changes, and keeps the other filters", () => {
    const address = new URLSearchParams("q=a&provider=P&after=x");
    expect(refined(address, "kind", "BASIC")).toBe("?q=a&provider=P&kind=BASIC");
    expect(refined(address, "provider", null)).toBe("?q=a");
});
