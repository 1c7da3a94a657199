import { useState } from "react";

import { findKept, forget, keep, type KeptName } from "@/lib/kept";

/** The bounds of what is written, as the portal has them: it refuses more, the page says so while it is written. */
export const MOST = { words: 2000, contact: 200, title: 100, intendedUse: 200 } as const;

export type Written = Readonly<Record<string, string>>;

interface Kept<Fields extends Written> {
    readonly fields: Fields;
    readonly change: (changed: Partial<Fields>) => void;
    readonly done: () => void;
}

/** Return what was typed so far, which outlasts a reload. What is kept is all but `contact`: that is a person's own. */
export function useKept<Fields extends Written>(name: KeptName, empty: Fields): Kept<Fields> {
    const [fields, setFields] = useState<Fields>(() => ({ ...empty, ...findKept(name, isWritten) }));
    return {
        fields,
        change: (changed) => {
            const next = { ...fields, ...changed };
            setFields(next);
            keep(name, withoutContact(next));
        },
        done: () => {
            forget(name);
        },
    };
}

export function withoutContact(fields: Written): Written {
    return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== "contact"));
}

export function isWritten(value: unknown): value is Written {
    return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        Object.values(value).every((each) => typeof each === "string")
    );
}
