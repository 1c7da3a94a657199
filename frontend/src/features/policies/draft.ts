import type { Json, Testable } from "@/features/policies/condition";
import { readRecord, type RecordForm, writeRecord } from "@/features/policies/record";

/** What a change is written as: why, which records it puts and withdraws, and what its author declares of it. */
export interface DraftForm {
    readonly title: string;
    readonly reason: string;
    readonly basis: string;
    readonly puts: readonly RecordForm[];
    /** Parts of the change that the form doesn't show, kept as they are: agreements, the register, expectations. */
    readonly others: readonly Json[];
    readonly withdrawn: readonly Json[];
    readonly purposes: readonly string[];
    readonly lasting: readonly string[];
    readonly accepted: readonly string[];
}

export const NEW_DRAFT: DraftForm = {
    title: "",
    reason: "",
    basis: "",
    puts: [],
    others: [],
    withdrawn: [],
    purposes: [],
    lasting: [],
    accepted: [],
};

interface Described {
    readonly title: string;
    readonly reason: string;
    readonly basis: string | null;
    readonly document: unknown;
}

type Members = Readonly<Record<string, Json>>;

/** Read a change set into the form. */
export function readDraft({ title, reason, basis, document }: Described): DraftForm {
    const change = document as Members;
    const declared = (change.declare ?? {}) as Members;
    const puts: RecordForm[] = [];
    const others: Json[] = [];
    for (const put of listOf(change.put)) {
        const { kind, document: written } = put as { kind: string; document: Members };
        const form = kind === "policy" ? readRecord(written) : null;
        if (form === null) others.push(put);
        else puts.push(form);
    }
    return {
        title,
        reason,
        basis: basis ?? "",
        puts,
        others,
        withdrawn: listOf(change.withdraw),
        purposes: listOf(declared.purposes).map(String),
        lasting: listOf(declared.lasting).map(String),
        accepted: listOf(declared.accept).map(String),
    };
}

/** Write the change as JSON; `itemsOf` are the items of an entry, by its code. */
export function writeDraft(
    draft: DraftForm,
    itemsOf: (code: string) => readonly Testable[],
    attributes: readonly Testable[],
): Members {
    const written = draft.puts.map((form) => ({
        kind: "policy",
        document: writeRecord(form, itemsOf(form.resource), attributes),
    }));
    const put: readonly Json[] = [...written, ...draft.others];
    // What a change opens it is meant to open: the purposes of its records are those that it serves.
    const purposes = [
        ...new Set([...draft.purposes, ...draft.puts.flatMap((form) => form.purposes ?? ["*"])]),
    ];
    return {
        ...(put.length === 0 ? {} : { put }),
        ...(draft.withdrawn.length === 0 ? {} : { withdraw: draft.withdrawn }),
        declare: {
            purposes: purposes.includes("*") ? ["*"] : purposes,
            lasting: draft.lasting,
            accept: draft.accepted,
        },
    };
}

function listOf(json: Json | undefined): readonly Json[] {
    return Array.isArray(json) ? (json as readonly Json[]) : [];
}

/** Return whether something kept is a draft of this form, and no older one. */
export function isDraft(value: unknown): value is DraftForm {
    return (
        typeof value === "object" && value !== null && Object.keys(NEW_DRAFT).every((name) => name in value)
    );
}
