import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useClient } from "urql";

import { Failed } from "@/components/states";
import { type Act, actsOf, type Shown } from "@/features/changes/change";
import { graphql } from "@/graphql";
import { type Failure, readFailure } from "@/lib/asking";

const CHECK = graphql(`
    mutation CheckChange($id: Int!, $version: Int!) {
        checkChange(id: $id, version: $version) {
            id
        }
    }
`);
const SUBMIT = graphql(`
    mutation SubmitChange($id: Int!, $version: Int!, $note: String!) {
        submitChange(id: $id, version: $version, note: $note) {
            id
        }
    }
`);
const APPROVE = graphql(`
    mutation ApproveChange(
        $id: Int!
        $version: Int!
        $note: String!
        $activatesAt: DateTime
        $lookedAt: [String!]
    ) {
        approveChange(
            id: $id
            version: $version
            note: $note
            activatesAt: $activatesAt
            lookedAt: $lookedAt
        ) {
            id
        }
    }
`);
const REJECT = graphql(`
    mutation RejectChange($id: Int!, $version: Int!, $note: String!) {
        rejectChange(id: $id, version: $version, note: $note) {
            id
        }
    }
`);
const WITHDRAW = graphql(`
    mutation WithdrawChange($id: Int!, $version: Int!, $note: String!) {
        withdrawChange(id: $id, version: $version, note: $note) {
            id
        }
    }
`);
const UNDO = graphql(`
    mutation UndoChange($id: Int!, $note: String!) {
        rollBackChange(id: $id, reason: $note) {
            id
        }
    }
`);

const MUTATIONS = {
    check: CHECK,
    submit: SUBMIT,
    approve: APPROVE,
    reject: REJECT,
    withdraw: WITHDRAW,
    undo: UNDO,
} as const;
type Done = keyof typeof MUTATIONS;
/** What is judged or ended takes a reason. */
const WITH_REASON: readonly Done[] = ["reject", "undo"];

interface ActsProps {
    readonly shown: Shown;
    /** How many parties gain and lose; null while it isn't known. */
    readonly tally: { readonly gaining: number; readonly losing: number } | null;
    /** The seals of all reports on what is opened to everybody; null while one isn't shown yet. */
    readonly looked: readonly string[] | null;
    readonly onDone: () => void;
}

/** What may be done with the change set; each but the check is confirmed, with a note or a reason. */
export function Acts({ shown, tally, looked, onDone }: ActsProps): React.JSX.Element {
    const { t } = useTranslation();
    const [chosen, setChosen] = useState<Exclude<Done, "check"> | null>(null);
    const { busy, failure, run } = useActs(shown, looked ?? [], () => {
        setChosen(null);
        onDone();
    });
    const acts = actsOf(shown);
    const choose = (act: Exclude<Act, "edit">): void => {
        if (act === "check") void run(act, "", null);
        else setChosen(act);
    };
    return (
        <section className="card" aria-label={t("changes.acts")}>
            <h2>{t("changes.acts")}</h2>
            {acts.length === 0 && <p className="soft">{t("changes.noActs")}</p>}
            <p className="records">
                {acts.map((act) =>
                    act === "edit" ? (
                        <Link key={act} to={`/console/changes/${String(shown.changeSet.id)}/edit`}>
                            {t("changes.edit")}
                        </Link>
                    ) : (
                        <Button
                            key={act}
                            type={act === "approve" || act === "submit" ? "primary" : "default"}
                            loading={busy && act === "check"}
                            aria-pressed={act === chosen}
                            onClick={() => {
                                choose(act);
                            }}
                        >
                            {t(`changes.${act}`)}
                        </Button>
                    ),
                )}
            </p>
            {chosen !== null && (
                <Confirmation
                    key={chosen}
                    {...{ act: chosen, title: shown.changeSet.title, tally, busy }}
                    isUnseen={chosen === "approve" && looked === null}
                    onCancel={() => {
                        setChosen(null);
                    }}
                    onSure={(note, activatesAt) => {
                        void run(chosen, note, activatesAt);
                    }}
                />
            )}
            {failure !== null && (
                <>
                    {failure.code === "CONFLICT" && <p className="no">{t("changes.conflict")}</p>}
                    <Failed failure={failure} />
                </>
            )}
        </section>
    );
}

interface Acting {
    readonly busy: boolean;
    readonly failure: Failure | null;
    readonly run: (act: Done, note: string, activatesAt: string | null) => Promise<void>;
}

function useActs({ changeSet }: Shown, looked: readonly string[], onDone: () => void): Acting {
    const client = useClient();
    const go = useNavigate();
    const [busy, setBusy] = useState(false);
    const [failure, setFailure] = useState<Failure | null>(null);
    const run = async (act: Done, note: string, activatesAt: string | null): Promise<void> => {
        setBusy(true);
        const { id, version } = changeSet;
        const { data, error } = await client.mutation<{ readonly rollBackChange?: { readonly id: number } }>(
            MUTATIONS[act],
            act === "approve"
                ? { id, version, note, activatesAt, lookedAt: looked }
                : { id, version, note, activatesAt },
        );
        setBusy(false);
        setFailure(error === undefined ? null : readFailure(error));
        if (data?.rollBackChange !== undefined)
            await go(`/console/changes/${String(data.rollBackChange.id)}`);
        else if (error === undefined || readFailure(error).code === "CONFLICT") onDone();
    };
    return { busy, failure, run };
}

interface ConfirmationProps {
    readonly act: Exclude<Done, "check">;
    readonly title: string;
    readonly tally: ActsProps["tally"];
    readonly busy: boolean;
    readonly isUnseen: boolean;
    readonly onCancel: () => void;
    readonly onSure: (note: string, activatesAt: string | null) => void;
}

function Confirmation(props: ConfirmationProps): React.JSX.Element {
    const { act, title, tally, busy, isUnseen, onCancel, onSure } = props;
    const { t } = useTranslation();
    const [note, setNote] = useState("");
    const [moment, setMoment] = useState("");
    const takesReason = WITH_REASON.includes(act);
    const sure =
        act !== "approve"
            ? t(`changes.${act}Sure`)
            : tally === null
              ? t("changes.approveUnknown", { title })
              : t("changes.approveSure", { title, ...tally });
    return (
        <form
            className="confirmation"
            onSubmit={(event) => {
                event.preventDefault();
                onSure(note.trim(), moment === "" ? null : `${moment}:00+08:00`);
            }}
        >
            <p role="status">{isUnseen ? t("releases.first") : sure}</p>
            <div className="record-form">
                <div className="field">
                    <label htmlFor="note">
                        {t(takesReason ? "changes.noteRequired" : "changes.noteOptional")}
                    </label>
                    <Input
                        id="note"
                        value={note}
                        onChange={({ target }) => {
                            setNote(target.value);
                        }}
                    />
                </div>
                {act === "approve" && (
                    <div className="field">
                        <label htmlFor="moment">{t("changes.fromThen")}</label>
                        <Input
                            id="moment"
                            type="datetime-local"
                            value={moment}
                            onChange={({ target }) => {
                                setMoment(target.value);
                            }}
                        />
                        <p className="soft small">{t("changes.atOnce")}</p>
                    </div>
                )}
            </div>
            <p className="records">
                <Button
                    type="primary"
                    htmlType="submit"
                    loading={busy}
                    disabled={isUnseen || (takesReason && note.trim() === "")}
                >
                    {t("changes.sure", { act: t(`changes.${act}`) })}
                </Button>
                <Button onClick={onCancel}>{t("changes.cancel")}</Button>
            </p>
        </form>
    );
}
