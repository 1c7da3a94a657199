import { createContext, useContext } from "react";

/** Who is signed in, as `/session` says. */
export interface Session {
    readonly signedIn: boolean;
    readonly offered: boolean;
    readonly user: string | null;
    readonly secondFactor: boolean;
}

export const NOBODY: Session = { signedIn: false, offered: false, user: null, secondFactor: false };

interface Described {
    signed_in?: boolean;
    offered?: boolean;
    user?: string;
    second_factor?: boolean;
}

const OWN_PAGE = { "X-Portal-Request": "1" };

export async function readSession(): Promise<Session> {
    const response = await fetch("/session", { headers: { Accept: "application/json" } });
    const said = (await response.json()) as Described;
    return {
        signedIn: said.signed_in ?? false,
        offered: said.offered ?? false,
        user: said.user ?? null,
        secondFactor: said.second_factor ?? false,
    };
}

/** End the session; return where the browser is to go then. */
export async function signOut(): Promise<string> {
    const response = await fetch("/sign-out", { method: "POST", headers: OWN_PAGE });
    const said = (await response.json()) as { go_to?: string | null };
    return said.go_to ?? "/";
}

/** The address that signs in and comes back here; whoever is named is proposed to the provider. */
export function signInAddress(returnTo: string, hint?: string): string {
    const plain = /^\/[\w./?=&-]*$/.test(returnTo) ? returnTo : "/console";
    const query = new URLSearchParams({
        return_to: plain,
        ...(hint === undefined ? {} : { login_hint: hint }),
    });
    return `/sign-in?${query.toString()}`;
}

export const SessionContext = createContext<Session>(NOBODY);

export function useSession(): Session {
    return useContext(SessionContext);
}
