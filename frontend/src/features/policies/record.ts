import {
    EVERYTHING,
    type Json,
    type Node,
    readCondition,
    type Testable,
    writeCondition,
} from "@/features/policies/condition";

/** A policy record as the form has it. `null` items, purposes or modes: every one (`*`). Days are Shanghai's. */
export interface RecordForm {
    readonly id: string;
    readonly kind: string;
    readonly consumer: string;
    readonly applications: readonly string[];
    readonly resource: string;
    readonly items: readonly string[] | null;
    readonly purposes: readonly string[] | null;
    readonly modes: readonly string[] | null;
    readonly matters: readonly string[];
    /** The first day on which it holds, and the last one; empty: open. */
    readonly from: string;
    readonly until: string;
    readonly condition: Node;
    readonly scope: Node | null;
    readonly masks: Readonly<Record<string, Mask>>;
    readonly maxRows: string;
    readonly dailyRows: string;
    readonly basis: string;
    /** Instants that are no whole days, kept as they were written. */
    readonly validFrom: string | null;
    readonly validUntil: string | null;
}

export interface Mask {
    readonly kind: "partial" | "generalise" | "hash" | "full";
    readonly head: string;
    readonly tail: string;
    readonly to: string;
}

export const KINDS = ["statutory", "restriction", "unconditional", "open_data"] as const;
export const NO_MASK: Mask = { kind: "full", head: "1", tail: "0", to: "month" };
const ZONE = "+08:00";

export const NEW_RECORD: RecordForm = {
    id: "",
    kind: "statutory",
    consumer: "",
    applications: [],
    resource: "",
    items: [],
    purposes: [],
    modes: ["query"],
    matters: [],
    from: "",
    until: "",
    condition: EVERYTHING,
    scope: null,
    masks: {},
    maxRows: "",
    dailyRows: "",
    basis: "",
    validFrom: null,
    validUntil: null,
};

type Members = Readonly<Record<string, Json>>;

/** Read a record's document; null where it holds what the form can't show. */
export function readRecord(document: Members): RecordForm | null {
    const condition = readCondition(document.condition ?? {});
    const scope =
        document.scope === undefined || isEmpty(document.scope) ? null : readCondition(document.scope);
    if (condition === null || (scope === null && document.scope !== undefined && !isEmpty(document.scope)))
        return null;
    const limits = membersOf(document.obligations);
    const from = textOf(document.valid_from);
    const until = textOf(document.valid_until);
    return {
        id: textOf(document.id),
        kind: textOf(document.kind),
        consumer: textOf(document.consumer),
        applications: textsOf(document.applications),
        resource: textOf(document.resource),
        items: namesOf(document.items),
        purposes: namesOf(document.purposes),
        modes: namesOf(document.modes),
        matters: textsOf(document.matters),
        from: dayOf(from, 0),
        until: dayOf(until, -1),
        condition,
        scope,
        masks: Object.fromEntries(
            Object.entries(membersOf(limits.mask)).map(([item, mask]) => [item, readMask(membersOf(mask))]),
        ),
        maxRows: textOf(limits.max_rows),
        dailyRows: textOf(limits.daily_rows),
        basis: textOf(document.basis),
        validFrom: isWholeDay(from) ? null : from,
        validUntil: isWholeDay(until) ? null : until,
    };
}

/** Write the record's document; what is empty is left out. */
export function writeRecord(
    form: RecordForm,
    items: readonly Testable[],
    attributes: readonly Testable[],
): Members {
    const kindIn = (testables: readonly Testable[]) => (name: string) =>
        testables.find((one) => one.name === name)?.kind ?? "string";
    const masks = Object.entries(form.masks).map(([item, mask]) => [item, writeMask(mask)] as const);
    const obligations = kept({
        mask: masks.length === 0 ? null : Object.fromEntries(masks),
        max_rows: numberOf(form.maxRows),
        daily_rows: numberOf(form.dailyRows),
    });
    const condition = writeCondition(form.condition, kindIn(attributes));
    return kept({
        id: form.id.trim(),
        effect: form.kind === "restriction" ? "deny" : "allow",
        kind: form.kind,
        consumer: form.consumer,
        applications: form.applications.length === 0 ? null : form.applications,
        resource: form.resource,
        items: form.items ?? ["*"],
        purposes: form.purposes ?? ["*"],
        modes: form.modes ?? ["*"],
        matters: form.matters.length === 0 ? null : form.matters,
        valid_from: form.validFrom ?? (form.from === "" ? null : instantOf(form.from, 0)),
        valid_until: form.validUntil ?? (form.until === "" ? null : instantOf(form.until, 1)),
        condition: isEmpty(condition) ? null : condition,
        scope: form.scope === null ? null : writeScope(form.scope, kindIn(items)),
        obligations: isEmpty(obligations) ? null : obligations,
        basis: form.basis.trim() === "" ? null : form.basis.trim(),
    });
}

/** A scope that is there but tests nothing is one all the same, and `{}` would be none. */
function writeScope(scope: Node, kindOf: Parameters<typeof writeCondition>[1]): Json {
    const written = writeCondition(scope, kindOf);
    return isEmpty(written) ? { and: [] } : written;
}

function readMask(mask: Members): Mask {
    const partial = membersOf(mask.partial);
    if (mask.partial !== undefined)
        return { ...NO_MASK, kind: "partial", head: textOf(partial.head), tail: textOf(partial.tail) };
    if (mask.generalise !== undefined)
        return { ...NO_MASK, kind: "generalise", to: textOf(membersOf(mask.generalise).to) };
    return { ...NO_MASK, kind: mask.hash === undefined ? "full" : "hash" };
}

function writeMask({ kind, head, tail, to }: Mask): Json {
    if (kind === "partial") return { partial: { head: numberOf(head) ?? 0, tail: numberOf(tail) ?? 0 } };
    if (kind === "generalise")
        return { generalise: { to: to === "year" || to === "month" ? to : (numberOf(to) ?? to) } };
    return { [kind]: {} };
}

function kept(members: Record<string, Json>): Members {
    return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

function isEmpty(json: Json | undefined): boolean {
    return json === null || (typeof json === "object" && Object.keys(json).length === 0);
}

function membersOf(json: Json | undefined): Members {
    return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Members) : {};
}

function textOf(json: Json | undefined): string {
    return typeof json === "string" || typeof json === "number" ? String(json) : "";
}

function textsOf(json: Json | undefined): readonly string[] {
    return Array.isArray(json) ? (json as readonly Json[]).map(String) : [];
}

function namesOf(json: Json | undefined): readonly string[] | null {
    const names = textsOf(json);
    return names.includes("*") ? null : names;
}

/** What is no number stays what was typed: the portal says what is wrong with it. */
function numberOf(text: string): Json {
    const trimmed = text.trim();
    if (trimmed === "") return null;
    return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : trimmed;
}

function isWholeDay(instant: string): boolean {
    return instant === "" || instantOf(dayOf(instant, 0), 0) === secondsOf(instant);
}

/** The day of an instant in Shanghai, or the day before it where it is an end. */
function dayOf(instant: string, days: 0 | -1): string {
    if (instant === "") return "";
    const moment = new Date(instant).getTime() + days * 86_400_000 + 8 * 3_600_000;
    return Number.isNaN(moment) ? "" : new Date(moment).toISOString().slice(0, 10);
}

function instantOf(day: string, days: 0 | 1): string {
    const moment = new Date(`${day}T00:00:00${ZONE}`).getTime() + days * 86_400_000;
    return Number.isNaN(moment) ? day : secondsOf(new Date(moment).toISOString());
}

function secondsOf(instant: string): string {
    const moment = new Date(instant);
    return Number.isNaN(moment.getTime()) ? instant : moment.toISOString().replace(/\.\d{3}Z$/, "Z");
}
