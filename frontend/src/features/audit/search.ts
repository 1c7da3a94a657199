import type { AuditSearchQueryVariables } from "@/graphql/graphql";

/** What records are looked for, as the page's address says it. */
export const MEMBERS = ["subject", "department", "entry", "purpose", "decision", "since", "until"] as const;
export type Member = (typeof MEMBERS)[number];

const PAGE = 50;
/** Days are Shanghai's. */
const ZONE = "+08:00";

/** Return the variables; a day stands for its begin, and as the last one for its end. */
export function readSearch(address: URLSearchParams): AuditSearchQueryVariables {
    const given = (name: Member): string | null => {
        const value = address.get(name)?.trim() ?? "";
        return value === "" ? null : value;
    };
    const since = given("since");
    const until = given("until");
    return {
        subject: given("subject"),
        department: given("department"),
        entry: given("entry"),
        // Purposes are written in capitals in GraphQL, and small in the log.
        purpose: given("purpose")?.toUpperCase() ?? null,
        decision: given("decision") as AuditSearchQueryVariables["decision"],
        since: since === null ? null : `${since}T00:00:00${ZONE}`,
        until: until === null ? null : dayAfter(until),
        first: PAGE,
        after: address.get("after"),
    };
}

function dayAfter(day: string): string {
    const begin = new Date(`${day}T00:00:00${ZONE}`);
    if (Number.isNaN(begin.getTime())) return `${day}T00:00:00${ZONE}`;
    return new Date(begin.getTime() + 86_400_000).toISOString().replace(".000Z", "Z");
}

/** Return the address of what was searched for; the page that was shown is of no other search. */
export function writeSearch(wished: Readonly<Record<Member, string>>): URLSearchParams {
    const filled = MEMBERS.map((name) => [name, wished[name].trim()] as const).filter(
        ([, value]) => value !== "",
    );
    return new URLSearchParams(filled.map(([name, value]) => [name, value]));
}
