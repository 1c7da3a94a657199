import type { WhatIsSeenQueryVariables } from "@/graphql/graphql";

/** Shanghai's clock; a moment stands in the address as it is typed, to the minute. */
const ZONE = "+08:00";
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;
export const ZONES = ["government", "internet"] as const;
export const LEVELS = [1, 2, 3] as const;

/** Return the moment that the address names, null for now. */
export function readMoment(address: URLSearchParams): string | null {
    const typed = address.get("at") ?? "";
    return MOMENT.test(typed) ? `${typed}:00${ZONE}` : null;
}

/** Return the page of who can see an item. */
export function itemAddress(entry: string, item: string, at: string | null): string {
    return withMoment(`/console/seen/entry/${entry}/${encodeURIComponent(item)}`, at);
}

/** Return the page of what somebody sees, as answers name them; null where there is no page for such. */
export function viewerAddress(who: string, at: string | null): string | null {
    if (who === "public") return withMoment("/console/sees/public", at);
    const [kind = "", ...key] = who.split(":");
    if (!["department", "application", "user"].includes(kind) || key.length === 0) return null;
    return withMoment(`/console/sees/${kind}/${encodeURIComponent(key.join(":"))}`, at);
}

function withMoment(path: string, at: string | null): string {
    return at === null ? path : `${path}?${new URLSearchParams({ at }).toString()}`;
}

/** Return whose eyes are looked through, as the address says it; nobody named is the public. */
export function readViewer(
    kind: string | undefined,
    key: string,
    address: URLSearchParams,
): WhatIsSeenQueryVariables {
    const given = (name: string): string | null => (address.get(name)?.trim() ?? "") || null;
    const level = LEVELS.find((one) => String(one) === address.get("level")) ?? null;
    const supposed = { department: key, authLevel: level, zone: given("zone"), matter: given("matter") };
    return {
        application: kind === "application" ? key : null,
        user: kind === "user" ? key : null,
        supposed: kind === "department" ? supposed : null,
        at: readMoment(address),
    };
}
