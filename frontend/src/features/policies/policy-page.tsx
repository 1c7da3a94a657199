import "@/features/policies/policies.css";

import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { differences } from "@/features/policies/differences";
import { Consumer, lower, starOr } from "@/features/policies/policies-page";
import { Timeline } from "@/features/policies/timeline";
import { graphql } from "@/graphql";
import type { PolicyDossierQuery } from "@/graphql/graphql";
import { joinWords } from "@/lib/language";
import { showMoment } from "@/lib/times";

const DOSSIER = graphql(`
    query PolicyDossier($id: String!) {
        policy(id: $id) {
            id
            policy {
                id
                kind
                effect
                state
                consumer {
                    key
                    name
                }
                applications
                resource
                resourceName
                items
                purposes
                modes
                matters
                validFrom
                validUntil
                basis
            }
            versions {
                version
                document
                begunAt
                begunBy
                reason
                changeSet
                endedAt
                endedBy
                endReason
                endChangeSet
            }
        }
    }
`);

type Dossier = NonNullable<PolicyDossierQuery["policy"]>;
type Held = NonNullable<Dossier["policy"]>;
type Version = Dossier["versions"][number];

/** One record: what it says in words, when it holds, what it is in full, and how it came to be so. */
export function PolicyPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { id = "" } = useParams();
    const [question, ask] = useQuery({ query: DOSSIER, variables: { id } });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/policies">{t("policies.title")}</Link>
            </nav>
            <h1>{id}</h1>
            {question.error === undefined && question.data?.policy === null ? (
                <Empty title={t("policies.noPolicy")}>{t("policies.noPolicyNext")}</Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.policy }} again={ask} rows={12}>
                    {(dossier) => <Shown dossier={dossier} />}
                </Answered>
            )}
        </>
    );
}

function Shown({ dossier }: { readonly dossier: Dossier }): React.JSX.Element {
    const { t } = useTranslation();
    const { policy, versions, id } = dossier;
    const isWritten = policy !== null && policy.kind !== "AGREEMENT" && policy.kind !== "PROVIDER";
    return (
        <>
            {policy === null ? (
                <p className="state refused">{t("policies.withdrawn")}</p>
            ) : (
                <>
                    <Facts policy={policy} />
                    <Timeline from={policy.validFrom} until={policy.validUntil} />
                </>
            )}
            <p className="actions">
                {isWritten && (
                    <>
                        <Link className="button" to={`/console/changes/new?policy=${id}`}>
                            {t("policies.edit")}
                        </Link>
                        <Link to={`/console/changes/new?policy=${id}&withdraw`}>
                            {t("policies.withdraw")}
                        </Link>
                    </>
                )}
                {policy?.kind === "AGREEMENT" && (
                    <Link className="button" to={`/console/agreements/${id}`}>
                        {t("policies.toAgreement")}
                    </Link>
                )}
            </p>
            <section>
                <h2>{t("policies.versions")}</h2>
                <ol className="versions">
                    {versions.map((version, place) => (
                        <li key={version.version} className="card">
                            <VersionShown version={version} before={versions[place + 1] ?? null} />
                        </li>
                    ))}
                </ol>
            </section>
        </>
    );
}

function Facts({ policy }: { readonly policy: Held }): React.JSX.Element {
    const { t } = useTranslation();
    const told: [string, React.ReactNode][] = [
        [t("policies.kind"), t(`policies.kinds.${lower(policy.kind)}`)],
        [t("policies.state"), t(`policies.states.${policy.state}`)],
        [t("policies.consumer"), <Consumer key="consumer" of={policy.consumer} />],
        [
            t("policies.resource"),
            <Link key="resource" to={`/catalog/${policy.resource}`}>
                {policy.resourceName ?? policy.resource}
            </Link>,
        ],
        [t("policies.items"), starOr(policy.items, t("policies.everyItem"))],
        [t("policies.purposes"), starOr(policy.purposes, t("policies.everyPurpose"))],
        [t("policies.modes"), starOr(policy.modes, t("policies.everyMode"))],
        [t("policies.matters"), joinWords(policy.matters)],
        [t("policies.applications"), joinWords(policy.applications)],
        [t("policies.basis"), policy.basis],
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

interface VersionProps {
    readonly version: Version;
    readonly before: Version | null;
}

function VersionShown({ version, before }: VersionProps): React.JSX.Element {
    const { t } = useTranslation();
    const changed = before === null ? [] : differences(before.document, version.document);
    return (
        <>
            <h3>{t("policies.version", { version: version.version })}</h3>
            <Told at={version.begunAt} by={version.begunBy} why={version.reason} change={version.changeSet} />
            {version.endedAt !== null && (
                <div className="no">
                    {t("policies.ended")}{" "}
                    <Told
                        at={version.endedAt}
                        by={version.endedBy ?? ""}
                        why={version.endReason ?? ""}
                        change={version.endChangeSet}
                    />
                </div>
            )}
            {changed.length > 0 && (
                <ul aria-label={t("policies.differences")}>
                    {changed.map(({ path, before: was, after }) => (
                        <li key={path}>
                            <code>{path}</code> <del>{was}</del> <ins>{after}</ins>
                        </li>
                    ))}
                </ul>
            )}
            <details>
                <summary>{t("policies.whole")}</summary>
                <pre tabIndex={0}>{JSON.stringify(version.document, null, 2)}</pre>
            </details>
        </>
    );
}

interface ToldProps {
    readonly at: string;
    readonly by: string;
    readonly why: string;
    readonly change: number | null;
}

function Told({ at, by, why, change }: ToldProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <p>
            {showMoment(at)} · {by} · {why}{" "}
            {change !== null && (
                <Link to={`/console/changes/${String(change)}`}>{t("policies.changeSet", { change })}</Link>
            )}
        </p>
    );
}
