import type { TicketKind, TicketsQueryVariables, TicketState } from "@/graphql/graphql";

/** What tickets are listed by, as the page's address says it. */
export const STATES = [
    "RECEIVED",
    "IN_PROGRESS",
    "ANSWERED",
    "DECLINED",
    "DUPLICATE",
] as const satisfies readonly TicketState[];
export const KINDS = ["FAULT", "WISH"] as const satisfies readonly TicketKind[];

const OPEN: TicketState[] = ["RECEIVED", "IN_PROGRESS"];
const PAGE = 50;

/** Return the variables; an address that names no state asks for what is still to be done. */
export function readWish(address: URLSearchParams): TicketsQueryVariables {
    const entry = address.get("entry")?.trim() ?? "";
    const named = address.get("state") ?? "OPEN";
    const state = STATES.find((each) => each === named);
    return {
        states: state !== undefined ? [state] : named === "OPEN" ? OPEN : null,
        kind: KINDS.find((each) => each === address.get("kind")) ?? null,
        entry: entry === "" ? null : entry,
        overdue: address.get("overdue") === "true",
        first: PAGE,
        after: address.get("after"),
    };
}
