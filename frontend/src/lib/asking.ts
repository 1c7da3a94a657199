import { Client, fetchExchange } from "urql";

import { currentLanguage } from "@/lib/language";

/**
 * The one way to the portal's data. Nothing is kept between questions: what was withdrawn a second ago isn't shown.
 */
export function makeClient(): Client {
    return new Client({
        url: "/graphql",
        exchanges: [fetchExchange],
        preferGetMethod: false,
        requestPolicy: "network-only",
        fetchOptions: () => ({ headers: { "X-Portal-Request": "1", "Accept-Language": currentLanguage() } }),
    });
}

/** What the portal decided against; every other code is a fault of the question or of something that failed. */
const REFUSALS = new Set([
    "CONDITION_FAILED",
    "EXPIRED",
    "FORBIDDEN",
    "ITEM_DENIED",
    "MASKED_ITEM",
    "MODE_DENIED",
    "PURPOSE_DENIED",
    "PURPOSE_REQUIRED",
    "QUOTA_EXCEEDED",
    "UNAUTHENTICATED",
]);

/** Why an answer isn't there: the portal said no, or something is wrong. */
export interface Failure {
    readonly kind: "refused" | "failed" | "busy";
    readonly code: string;
    readonly message: string;
    readonly items: readonly string[];
}

interface Told {
    message: string;
    graphQLErrors: readonly { message: string; extensions?: Record<string, unknown> }[];
    networkError?: Error | undefined;
    response?: { status?: number } | undefined;
}

/** Say in the portal's own words why there is no answer. */
export function readFailure(error: Told): Failure {
    const first = error.graphQLErrors[0];
    if (first === undefined) {
        const isBusy = error.response?.status === 429;
        return {
            kind: isBusy ? "busy" : "failed",
            code: isBusy ? "RATE_LIMITED" : "UNREACHABLE",
            message: "",
            items: [],
        };
    }
    const code = typeof first.extensions?.code === "string" ? first.extensions.code : "INTERNAL";
    // The pages' own questions are valid: what isn't is one for fields that who asks has no duty for.
    if (code === "NOT_VALID") return { kind: "refused", code, message: "", items: [] };
    const items = Array.isArray(first.extensions?.items) ? first.extensions.items.map(String) : [];
    const kind = code === "RATE_LIMITED" ? "busy" : REFUSALS.has(code) ? "refused" : "failed";
    return { kind, code, message: first.message, items };
}

/** A question as it was written, and who asks: `token` is an application's, null for who is signed in, or the public. */
export interface WrittenQuestion {
    readonly query: string;
    readonly operationName?: string | null | undefined;
    readonly variables?: unknown;
    readonly token: string | null;
}

/** Ask what somebody wrote, and return the answer as it came. A token and a session never go together. */
export async function askWritten({ token, ...body }: WrittenQuestion): Promise<unknown> {
    const own = token === null ? { "X-Portal-Request": "1" } : { Authorization: `Bearer ${token}` };
    const response = await fetch("/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json", "Accept-Language": currentLanguage(), ...own },
        body: JSON.stringify(body),
        credentials: token === null ? "same-origin" : "omit",
    });
    return response.json();
}
