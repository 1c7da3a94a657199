/** A member that differs between two documents: where, and what it was and is, as JSON; empty where it isn't there. */
export interface Difference {
    readonly path: string;
    readonly before: string;
    readonly after: string;
}

/** Return what differs between two JSON documents, member by member; a list differs as a whole. */
export function differences(before: unknown, after: unknown, path = ""): readonly Difference[] {
    if (isObject(before) && isObject(after)) {
        const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
        return names.flatMap((name) =>
            differences(before[name], after[name], path === "" ? name : `${path}.${name}`),
        );
    }
    const [was, is] = [written(before), written(after)];
    return was === is ? [] : [{ path, before: was, after: is }];
}

function written(value: unknown): string {
    return value === undefined ? "" : JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
