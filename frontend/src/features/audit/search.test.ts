import { expect, it } from "vitest";

import { readSearch, writeSearch } from "@/features/audit/search";

it("takes days for whole days of Shanghai", () => {
    const search = readSearch(new URLSearchParams("since=2026-01-31&until=2026-01-31"));
    expect(search.since).toBe("2026-01-31T00:00:00+08:00");
    expect(search.until).toBe("2026-01-31T16:00:00Z");
});

it("looks for nothing that the address doesn't name", () => {
    expect(readSearch(new URLSearchParams("subject=+"))).toMatchObject({
        subject: null,
        department: null,
        entry: null,
        decision: null,
        since: null,
        until: null,
        after: null,
    });
});

it("writes what was searched for, and forgets the page", () => {
    const wished = {
        subject: "a&b",
        department: "",
        entry: " 1/2 ",
        purpose: "",
        decision: "DENY",
        since: "",
        until: "",
    };
    expect(writeSearch(wished).toString()).toBe("subject=a%26b&entry=1%2F2&decision=DENY");
});
