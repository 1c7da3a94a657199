import "@/features/policies/policies.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { Timeline } from "@/features/policies/timeline";
import { graphql } from "@/graphql";
import type { ShownAgreementQuery } from "@/graphql/graphql";
import { showMoment } from "@/lib/times";

const SHOWN = graphql(`
    query ShownAgreement($id: String!) {
        agreement(id: $id) {
            id
            version
            resource
            resourceName
            validFrom
            validUntil
            holds
            signatures {
                role
                department
                departmentName
                signedAt
                subject
                issuer
                notAfter
                flaw
            }
            faults {
                place
                what
                mend
            }
            remarks
            sentences
            terms {
                term
                value
                sentences
            }
            policy {
                id
                state
            }
            document
        }
    }
`);

type Agreement = NonNullable<ShownAgreementQuery["agreement"]>;

/** An agreement: whether every signature holds, and what is enforced beside the sentence that it came from. */
export function AgreementPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { id = "" } = useParams();
    const [question, ask] = useQuery({ query: SHOWN, variables: { id } });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/policies?kind=AGREEMENT">{t("agreements.title")}</Link>
            </nav>
            <h1>
                {t("agreements.agreement")} {id}
            </h1>
            {question.error === undefined && question.data?.agreement === null ? (
                <Empty title={t("agreements.none")}>{t("agreements.noneNext")}</Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.agreement }} again={ask} rows={12}>
                    {(agreement) => (
                        <>
                            <Standing agreement={agreement} />
                            <Signatures agreement={agreement} />
                            <Text agreement={agreement} />
                        </>
                    )}
                </Answered>
            )}
        </>
    );
}

function Standing({ agreement }: { readonly agreement: Agreement }): React.JSX.Element {
    const { t } = useTranslation();
    const { resource, resourceName, policy, faults, remarks, holds } = agreement;
    return (
        <section>
            <p>
                <Link to={`/catalog/${resource}`}>{resourceName ?? resource}</Link> ·{" "}
                {t("agreements.version")} {agreement.version} ·{" "}
                {policy === null ? (
                    <span className="no">{t("agreements.notEnforced")}</span>
                ) : (
                    <Link to={`/console/policies/${policy.id}`}>{t("agreements.toPolicy")}</Link>
                )}
            </p>
            <Timeline from={agreement.validFrom} until={agreement.validUntil} />
            <div className={`state ${holds ? "" : "failed"}`}>
                <h2>{t(holds ? "agreements.holds" : "agreements.fails")}</h2>
                {faults.map(({ place, what, mend }) => (
                    <p key={`${place} ${what}`}>
                        {what} <span className="soft small">{mend}</span>
                    </p>
                ))}
                {remarks.map((remark) => (
                    <p key={remark}>{remark}</p>
                ))}
            </div>
        </section>
    );
}

function Signatures({ agreement }: { readonly agreement: Agreement }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section>
            <h2>{t("agreements.signatures")}</h2>
            <ul className="signatures">
                {agreement.signatures.map((signature) => (
                    <li key={signature.role} className="card">
                        <h3>{t(`agreements.roles.${signature.role}`)}</h3>
                        <p>
                            {signature.departmentName} <code className="small">{signature.department}</code>
                        </p>
                        <p className={signature.flaw === null ? "yes" : "no"}>
                            {signature.flaw ?? t("agreements.signed")}
                        </p>
                        <p className="soft small">
                            {t("agreements.signedAt")} {showMoment(signature.signedAt)}
                        </p>
                        {signature.subject !== null && (
                            <details className="small">
                                <summary>{t("agreements.certificate")}</summary>
                                <p>{signature.subject}</p>
                                <p>
                                    {t("agreements.issuer")}: {signature.issuer}
                                </p>
                                <p>
                                    {t("agreements.notAfter")}:{" "}
                                    {signature.notAfter === null ? "" : showMoment(signature.notAfter)}
                                </p>
                            </details>
                        )}
                    </li>
                ))}
            </ul>
        </section>
    );
}

/** The terms at the left, the text at the right: choosing a term shows the sentences that name it. */
function Text({ agreement }: { readonly agreement: Agreement }): React.JSX.Element {
    const { t } = useTranslation();
    const [chosen, setChosen] = useState(0);
    const named = agreement.terms[chosen]?.sentences ?? [];
    const disposal = (agreement.document as { terms: { disposal: string } }).terms.disposal;
    return (
        <section>
            <h2>{t("agreements.text")}</h2>
            <p className="soft">{t("agreements.textLead")}</p>
            <div className="beside">
                <ul className="terms" aria-label={t("agreements.terms")}>
                    {agreement.terms.map(({ term, value, sentences }, place) => (
                        <li key={`${term} ${value}`}>
                            <button
                                type="button"
                                className={place === chosen ? "term chosen" : "term"}
                                aria-pressed={place === chosen}
                                onClick={() => {
                                    setChosen(place);
                                }}
                            >
                                <span className="soft small">
                                    {t(`agreements.termNames.${nameOf(term)}`)}
                                </span>{" "}
                                {value}
                                {sentences.length === 0 && (
                                    <span className="soft small"> {t("agreements.notNamed")}</span>
                                )}
                            </button>
                        </li>
                    ))}
                    <li className="term">
                        <span className="soft small">{t("agreements.disposal")}</span> {disposal}
                    </li>
                </ul>
                <p className="card sentences" aria-live="polite">
                    {agreement.sentences.map((sentence, place) =>
                        named.includes(place) ? (
                            <mark key={place}>{sentence}</mark>
                        ) : (
                            <span key={place}>{sentence}</span>
                        ),
                    )}
                </p>
            </div>
            <details>
                <summary>{t("agreements.whole")}</summary>
                <pre tabIndex={0}>{JSON.stringify(agreement.document, null, 2)}</pre>
            </details>
        </section>
    );
}

const TERMS = [
    "consumer",
    "provider",
    "authority",
    "resource",
    "items",
    "purposes",
    "modes",
    "matters",
    "applications",
    "valid_from",
    "valid_until",
] as const;

function nameOf(term: string): (typeof TERMS)[number] {
    return TERMS.find((name) => term === name || term === `parties.${name}`) ?? "resource";
}
