/** What the browser keeps for a person: how pages look, and forms half written. Never tokens, never answers. */
export type KeptName = "language" | "queries" | `form:${string}`;

export function keep(name: KeptName, value: unknown): void {
    try {
        localStorage.setItem(`portal:${name}`, JSON.stringify(value));
    } catch {
        // A browser that keeps nothing is one that forgets: no fault.
    }
}

export function findKept<T>(name: KeptName, isWanted: (value: unknown) => value is T): T | undefined {
    try {
        const value: unknown = JSON.parse(localStorage.getItem(`portal:${name}`) ?? "null");
        return isWanted(value) ? value : undefined;
    } catch {
        return undefined;
    }
}

export function forget(name: KeptName): void {
    try {
        localStorage.removeItem(`portal:${name}`);
    } catch {
        // As above.
    }
}
