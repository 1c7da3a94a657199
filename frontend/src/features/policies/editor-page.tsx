import "@/features/policies/policies.css";

import { Checkbox } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { Answered } from "@/components/states";
import { type DraftForm, isDraft, NEW_DRAFT, readDraft, writeDraft } from "@/features/policies/draft";
import { RecordList, Why } from "@/features/policies/draft-parts";
import { ImpactTable, useForeseen, Verdict } from "@/features/policies/live-check";
import { NEW_RECORD, readRecord, type RecordForm } from "@/features/policies/record";
import { RecordFields } from "@/features/policies/record-form";
import { type Edited, Saving } from "@/features/policies/saving";
import { useAttributes, useSurroundings } from "@/features/policies/surroundings";
import { TrialOfRows } from "@/features/policies/trial";
import { graphql } from "@/graphql";
import { findKept, keep, type KeptName } from "@/lib/kept";

const EDITED = graphql(`
    query EditedChange($id: Int!) {
        changeSet(id: $id) {
            id
            version
            title
            reason
            basis
            document
        }
    }
`);

const STARTED_FROM = graphql(`
    query EditedPolicy($id: String!) {
        policy(id: $id) {
            id
            versions {
                document
                version
            }
        }
    }
`);

/** A change is written without code: a new one, one upon a record that holds, or a draft of one's own. */
export function EditorPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { id } = useParams();
    const [address] = useSearchParams();
    const policy = address.get("policy");
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/policies">{t("policies.title")}</Link>
            </nav>
            <h1>{t(id === undefined ? "policies.newChange" : "policies.editChange")}</h1>
            {id !== undefined ? (
                <OfDraft id={Number(id)} />
            ) : policy !== null ? (
                <OfPolicy id={policy} withdraws={address.has("withdraw")} />
            ) : (
                <Editor name="form:change" first={{ ...NEW_DRAFT, puts: [NEW_RECORD] }} edited={null} />
            )}
        </>
    );
}

function OfDraft({ id }: { readonly id: number }): React.JSX.Element {
    const [question, ask] = useQuery({ query: EDITED, variables: { id } });
    return (
        <Answered question={question} again={ask}>
            {({ changeSet }) => (
                <Editor
                    name={`form:change-${String(id)}-${String(changeSet.version)}`}
                    first={readDraft(changeSet)}
                    edited={changeSet}
                />
            )}
        </Answered>
    );
}

interface OfPolicyProps {
    readonly id: string;
    readonly withdraws: boolean;
}

function OfPolicy({ id, withdraws }: OfPolicyProps): React.JSX.Element {
    const [question, ask] = useQuery({ query: STARTED_FROM, variables: { id } });
    return (
        <Answered question={question} again={ask}>
            {({ policy }) => {
                const [last] = policy?.versions ?? [];
                const document = last?.document as Parameters<typeof readRecord>[0] | undefined;
                const form = document === undefined ? null : readRecord(document);
                const first: DraftForm = withdraws
                    ? { ...NEW_DRAFT, withdrawn: [{ kind: "policy", id }] }
                    : { ...NEW_DRAFT, puts: form === null ? [{ ...NEW_RECORD, id }] : [form] };
                return <Editor name={`form:policy-${id}`} first={first} edited={null} known={id} />;
            }}
        </Answered>
    );
}

interface EditorProps {
    readonly name: KeptName;
    readonly first: DraftForm;
    readonly edited: Edited | null;
    readonly known?: string;
}

function Editor({ name, first, edited, known }: EditorProps): React.JSX.Element {
    const { t } = useTranslation();
    const [draft, setDraft] = useState(() => findKept(name, isDraft) ?? first);
    const [chosen, setChosen] = useState(0);
    const record = draft.puts[chosen];
    const surroundings = useSurroundings(record?.resource ?? "");
    const attributes = useAttributes();
    const itemsOf = useItems(record?.resource ?? "", surroundings.items);
    useEffect(() => {
        keep(name, draft);
    }, [name, draft]);
    const set = (changed: Partial<DraftForm>): void => {
        setDraft({ ...draft, ...changed });
    };
    const setRecord = (form: RecordForm): void => {
        const isNew = record !== undefined && draft.lasting.includes(record.id);
        const lasting = isNew
            ? draft.lasting.map((one) => (one === record.id ? form.id : one))
            : draft.lasting;
        set({ puts: draft.puts.map((one, at) => (at === chosen ? form : one)), lasting });
    };
    const change = writeDraft(draft, itemsOf, attributes);
    const isEmpty = draft.withdrawn.length === 0 && draft.others.length === 0 && !draft.puts.some(isBegun);
    const foreseen = useForeseen(change, isEmpty);
    return (
        <div className="editor">
            <div className="card">
                <Why {...{ draft, set }} />
                <RecordList {...{ draft, chosen, setChosen, set }} />
                {record !== undefined && (
                    <RecordFields
                        {...{ form: record, onChange: setRecord, surroundings, attributes }}
                        isKnown={record.id === known && known !== ""}
                    />
                )}
                {record !== undefined && (
                    <Checkbox
                        checked={draft.lasting.includes(record.id)}
                        disabled={record.id === ""}
                        onChange={({ target }) => {
                            const others = draft.lasting.filter((one) => one !== record.id);
                            set({ lasting: target.checked ? [...others, record.id] : others });
                        }}
                    >
                        {t("policies.lasting")}
                    </Checkbox>
                )}
            </div>
            <aside className="card" aria-label={t("policies.check")}>
                <h2>{t("policies.check")}</h2>
                <Verdict
                    {...{ foreseen, isEmpty, accepted: draft.accepted }}
                    onAccepted={(accepted) => {
                        set({ accepted });
                    }}
                />
                <Saving {...{ name, draft, change, edited, isEmpty }} />
            </aside>
            {!isEmpty && foreseen.found !== null && (
                <div className={foreseen.busy ? "card whole renewing" : "card whole"}>
                    <ImpactTable impact={foreseen.found.impact} />
                </div>
            )}
            {record !== undefined && surroundings.items.length > 0 && (
                <div className="card whole">
                    <TrialOfRows
                        key={record.resource}
                        {...{ change, resource: record.resource, ...surroundings }}
                    />
                </div>
            )}
        </div>
    );
}

const isBegun = ({ id, resource, consumer }: RecordForm): boolean => id + resource + consumer !== "";

type Items = ReturnType<typeof useSurroundings>["items"];

/** The items of every entry that was looked at: values are written by their types, whichever record is shown. */
function useItems(code: string, items: Items): (code: string) => Items {
    const [seen, setSeen] = useState<Readonly<Record<string, Items>>>({});
    const length = items.length;
    useEffect(() => {
        if (length > 0) setSeen((before) => ({ ...before, [code]: items }));
        // The items of an entry are the same as long as there are as many of them.
    }, [code, length]);
    return (asked) => (asked === code ? items : (seen[asked] ?? []));
}
