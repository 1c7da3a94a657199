import { expect, it } from "vitest";

import { actsOf, type Shown } from "@/features/changes/change";

const ALL = ["draft_policies", "approve_change", "withdraw_change"];

function acts(
    state: Shown["changeSet"]["state"],
    user: string,
    duties = ALL,
    epoch: number | null = null,
): unknown {
    const changeSet = { state, author: "a", epoch, kind: "RECORDS" } as Shown["changeSet"];
    return actsOf({ changeSet, duties, me: { user } });
}

it("offers the author the way to the second person, and the second person the judgement", () => {
    expect(acts("DRAFT", "a")).toEqual(["edit", "check", "withdraw"]);
    expect(acts("CHECKED", "a")).toEqual(["edit", "check", "submit", "withdraw"]);
    expect(acts("SUBMITTED", "a")).toEqual(["withdraw"]);
    expect(acts("SUBMITTED", "b")).toEqual(["approve", "reject"]);
});

it("offers nothing to who has no duty, and undoing of what came into force alone", () => {
    expect(acts("SUBMITTED", "b", ["view_changes"])).toEqual([]);
    expect(acts("ACTIVE", "b", ALL, 7)).toEqual(["undo"]);
    expect(acts("REJECTED", "a")).toEqual([]);
});
