import "@/features/policies/policies.css";

import { Button, Input } from "antd";
import { useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useMutation, useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty, Failed } from "@/components/states";
import { FreezeForm } from "@/features/changes/freeze-form";
import { graphql } from "@/graphql";
import type { FreezesQuery } from "@/graphql/graphql";
import { readFailure } from "@/lib/asking";
import { showMoment } from "@/lib/times";

const FREEZES = graphql(`
    query Freezes {
        duties
        freezes {
            id
            target
            reason
            frozenBy
            frozenAt
        }
    }
`);

const LIFT = graphql(`
    mutation LiftFreeze($title: String!, $reason: String!, $change: Document!) {
        draftChange(title: $title, reason: $reason, change: $change) {
            id
        }
    }
`);

type Freeze = FreezesQuery["freezes"][number];

/** The freezes that hold, the way to lift one, and the form that freezes at once. */
export function FreezesPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useQuery({ query: FREEZES });
    const [lifted, setLifted] = useState<Freeze | null>(null);
    return (
        <>
            <div>
                <h1>{t("freezes.title")}</h1>
                <p className="soft">{t("freezes.lead")}</p>
            </div>
            <Answered question={question} again={ask}>
                {({ freezes, duties }) => (
                    <>
                        <section>
                            <h2>{t("freezes.now")}</h2>
                            {freezes.length === 0 ? (
                                <Empty title={t("freezes.none")}>{t("freezes.noneNext")}</Empty>
                            ) : (
                                <DataTable
                                    label={t("freezes.now")}
                                    name="freezes"
                                    exports
                                    rows={freezes}
                                    keyOf={({ id }) => id}
                                    columns={columns(t, setLifted)}
                                />
                            )}
                        </section>
                        {lifted !== null && <Lifting key={lifted.id} freeze={lifted} />}
                        {duties.includes("freeze") && (
                            <FreezeForm
                                onFrozen={() => {
                                    ask({ requestPolicy: "network-only" });
                                }}
                            />
                        )}
                        <p className="soft small">{t("freezes.order")}</p>
                    </>
                )}
            </Answered>
        </>
    );
}

type Translate = TFunction;

function columns(t: Translate, lift: (freeze: Freeze) => void): readonly Column<Freeze>[] {
    return [
        { name: "id", title: t("freezes.id"), text: ({ id }) => id, whole: true },
        { name: "target", title: t("freezes.target"), text: ({ target }) => target },
        { name: "reason", title: t("freezes.reason"), text: ({ reason }) => reason },
        { name: "who", title: t("freezes.who"), text: ({ frozenBy }) => frozenBy },
        {
            name: "when",
            title: t("freezes.when"),
            text: ({ frozenAt }) => frozenAt,
            show: ({ frozenAt }) => showMoment(frozenAt),
            whole: true,
        },
        {
            name: "lift",
            title: t("freezes.lift"),
            show: (freeze) => (
                <Button
                    size="small"
                    onClick={() => {
                        lift(freeze);
                    }}
                >
                    {t("freezes.lift")}
                </Button>
            ),
        },
    ];
}

/** Lifting is a change: one person drafts it, another approves; the freeze holds until then. */
function Lifting({ freeze }: { readonly freeze: Freeze }): React.JSX.Element {
    const { t } = useTranslation();
    const go = useNavigate();
    const [drafted, draft] = useMutation(LIFT);
    const [reason, setReason] = useState("");
    const lift = async (): Promise<void> => {
        const change = { withdraw: [{ kind: "freeze", id: freeze.id }] };
        const { data } = await draft({ title: t("freezes.liftTitle", { id: freeze.id }), reason, change });
        if (data !== undefined) await go(`/console/changes/${String(data.draftChange.id)}`);
    };
    return (
        <form
            className="card confirmation"
            onSubmit={(event) => {
                event.preventDefault();
                void lift();
            }}
        >
            <h2>{t("freezes.liftTitle", { id: freeze.id })}</h2>
            <p>{t("freezes.liftSure", { id: freeze.id })}</p>
            <div className="field">
                <label htmlFor="lift-reason">{t("freezes.liftReason")}</label>
                <Input
                    id="lift-reason"
                    value={reason}
                    onChange={({ target }) => {
                        setReason(target.value);
                    }}
                />
            </div>
            <p>
                <Button
                    type="primary"
                    htmlType="submit"
                    loading={drafted.fetching}
                    disabled={reason.trim() === ""}
                >
                    {t("freezes.liftGo")}
                </Button>
            </p>
            {drafted.error !== undefined && <Failed failure={readFailure(drafted.error)} />}
        </form>
    );
}
