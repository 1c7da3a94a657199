import "@/features/audit/audit.css";

import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { ProofCheck } from "@/components/proof-check";
import { Answered, Empty, Failed, Loading } from "@/components/states";
import { graphql } from "@/graphql";
import type { AuditRecordQuery } from "@/graphql/graphql";
import { readFailure } from "@/lib/asking";
import { handOver } from "@/lib/csv";
import { showCount, showMoment } from "@/lib/times";

const RECORD = graphql(`
    query AuditRecord($receipt: String!) {
        auditRecord(receipt: $receipt) {
            state
            checkpoint
            proof
            record {
                receipt
                time
                decision
                code
                department
                application
                subject
                user
                mode
                purpose
                matter
                case
                operator
                clientAddress
                act
                target
                details
                reasons {
                    item
                    code
                }
                uses {
                    entry
                    identifier
                    items
                    rows
                    policies
                    filter
                }
            }
        }
    }
`);

const WHY = graphql(`
    query WhyRefused($receipt: String!) {
        whyRefused(receipt: $receipt) {
            lines
            policies {
                id
                version
                standing
            }
        }
    }
`);

type Proved = NonNullable<AuditRecordQuery["auditRecord"]>;

/** One record, from the request to the decision, what it rests on, and its proof. */
export function RecordPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { receipt = "" } = useParams();
    const [question, ask] = useQuery({ query: RECORD, variables: { receipt } });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/audit">{t("audit.title")}</Link>
            </nav>
            <h1>
                {t("audit.record")} {receipt}
            </h1>
            {question.error === undefined && question.data?.auditRecord === null ? (
                <Empty title={t("audit.noRecord")}>{t("audit.noRecordNext")}</Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.auditRecord }} again={ask} rows={12}>
                    {(proved) => (
                        <>
                            <Facts record={proved.record} />
                            <Uses record={proved.record} />
                            {proved.record.decision === "DENY" && proved.record.act === null && (
                                <Why receipt={receipt} />
                            )}
                            <Proof proved={proved} />
                        </>
                    )}
                </Answered>
            )}
        </>
    );
}

function Facts({ record }: { readonly record: Proved["record"] }): React.JSX.Element {
    const { t } = useTranslation();
    const told: [string, string | null][] = [
        [t("audit.time"), showMoment(record.time)],
        [t("audit.decision"), `${t(`audit.decisions.${record.decision}`)} ${record.code ?? ""}`],
        [t("audit.subject"), record.subject],
        [t("audit.application"), record.application],
        [t("audit.user"), record.user],
        [t("audit.department"), record.department],
        [t("audit.mode"), record.mode],
        [t("audit.purpose"), record.purpose],
        [t("audit.matter"), record.matter],
        [t("audit.case"), record.case],
        [t("audit.operator"), record.operator],
        [t("audit.address"), record.clientAddress],
        [t("audit.act"), record.act],
        [t("audit.target"), record.target],
        [t("audit.details"), record.details],
    ];
    return (
        <dl className="card record">
            {told
                .filter(([, value]) => value !== null && value !== "")
                .map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

function Uses({ record }: { readonly record: Proved["record"] }): React.JSX.Element | null {
    const { t } = useTranslation();
    if (record.uses.length === 0 && record.reasons.length === 0) return null;
    return (
        <section>
            <h2>{t("audit.uses")}</h2>
            {record.uses.map((use) => (
                <div key={`${use.entry} ${use.items.join()}`} className="card use">
                    <h3>
                        <Link to={`/catalog/${use.entry}`}>{use.identifier}</Link> <code>{use.entry}</code>
                    </h3>
                    <p>
                        {t("audit.items")}: <code>{use.items.join(", ")}</code>
                    </p>
                    <p>
                        {t("audit.rows")}: {showCount(use.rows)}
                    </p>
                    {use.policies.length > 0 && (
                        <p>
                            {t("audit.policies")}: <code>{use.policies.join(", ")}</code>
                        </p>
                    )}
                    {use.filter !== null && (
                        <p>
                            {t("audit.filter")}: <code>{use.filter}</code>
                        </p>
                    )}
                </div>
            ))}
            {record.reasons.length > 0 && (
                <>
                    <h2>{t("audit.reasons")}</h2>
                    <ul>
                        {record.reasons.map(({ item, code }) => (
                            <li key={`${item} ${code}`}>
                                <code>{item}</code>: <code className="no">{code}</code>
                            </li>
                        ))}
                    </ul>
                </>
            )}
        </section>
    );
}

function Why({ receipt }: { readonly receipt: string }): React.JSX.Element | null {
    const { t } = useTranslation();
    const [{ data, error, fetching }] = useQuery({ query: WHY, variables: { receipt } });
    if (fetching) return <Loading rows={3} />;
    if (error !== undefined) return <Failed failure={readFailure(error)} />;
    return (
        <section>
            <h2>{t("audit.why")}</h2>
            {data?.whyRefused.lines.map((line) => (
                <p key={line}>{line}</p>
            ))}
        </section>
    );
}

function Proof({ proved }: { readonly proved: Proved }): React.JSX.Element {
    const { t } = useTranslation();
    const { proof, state, record } = proved;
    return (
        <section className={`state ${state === "BROKEN" ? "failed" : ""}`}>
            <h2>{t("audit.proof")}</h2>
            <p>{t(`audit.proofs.${state}`)}</p>
            {proof !== null && (
                <>
                    <ProofCheck proof={proof} receipt={record.receipt} />
                    <p>
                        <Button
                            onClick={() => {
                                handOver(proof, `receipt-${record.receipt}.json`, "application/json");
                            }}
                        >
                            {t("audit.download")}
                        </Button>
                    </p>
                    <p className="soft small">
                        {t("audit.verify")} <Link to="/verify">{t("verify.way")}</Link>
                    </p>
                </>
            )}
        </section>
    );
}
