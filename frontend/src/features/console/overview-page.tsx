import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered } from "@/components/states";
import { graphql } from "@/graphql";
import type { OverviewQuery } from "@/graphql/graphql";
import { SecondFactor } from "@/features/console/second-factor";
import { joinWords } from "@/lib/language";
import { useSession } from "@/lib/session";
import { showCount, showMoment } from "@/lib/times";

const OVERVIEW = graphql(`
    query Overview {
        me {
            user
            roles
            authLevel
            department {
                code
                name
            }
            standing {
                endingAgreements {
                    policy
                    resource
                    name
                    validUntil
                }
                dailyQuotas {
                    policy
                    resource
                    name
                    dailyRows
                    left
                }
            }
        }
        duties
    }
`);

/** Who is signed in, what they may do, and what ends soon. */
export function OverviewPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useQuery({ query: OVERVIEW });
    const { secondFactor } = useSession();
    return (
        <>
            <h1>{t("console.overview")}</h1>
            <Answered question={question} again={ask}>
                {({ me, duties }) => (
                    <>
                        <Person me={me} />
                        {duties.length > 0 && !secondFactor && <SecondFactor />}
                        <section>
                            <h2>{t("console.duties")}</h2>
                            {duties.length === 0 ? (
                                <p>{t("console.noDuties")}</p>
                            ) : (
                                <ul className="duties">
                                    {duties.map((duty) => (
                                        <li key={duty}>
                                            {t(`console.dutyNames.${duty as "freeze"}`, {
                                                defaultValue: duty,
                                            })}
                                        </li>
                                    ))}
                                </ul>
                            )}
                        </section>
                        <Standing standing={me.standing} />
                    </>
                )}
            </Answered>
        </>
    );
}

type Me = OverviewQuery["me"];

function Person({ me }: { readonly me: Me }): React.JSX.Element {
    const { t } = useTranslation();
    const { secondFactor } = useSession();
    const facts = [
        [t("console.department"), me.department?.name ?? ""],
        [
            t("console.roles"),
            me.roles.length === 0
                ? t("console.noRoles")
                : joinWords(
                      me.roles.map((role) =>
                          t(`console.roleNames.${role as "head"}`, { defaultValue: role }),
                      ),
                  ),
        ],
        [t("console.level"), String(me.authLevel ?? "")],
        [t("console.factor"), t(secondFactor ? "console.factorShown" : "console.factorMissing")],
    ] as const;
    return (
        <dl className="card person">
            {facts.map(([name, value]) => (
                <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            ))}
        </dl>
    );
}

function Standing({ standing }: { readonly standing: Me["standing"] }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <section>
                <h2>{t("console.ending")}</h2>
                {standing.endingAgreements.length === 0 ? (
                    <p>{t("console.noEnding")}</p>
                ) : (
                    <DataTable
                        label={t("console.ending")}
                        name="ending"
                        rows={standing.endingAgreements}
                        keyOf={({ policy }) => policy}
                        columns={[
                            { name: "policy", title: t("console.agreement"), text: ({ policy }) => policy },
                            {
                                name: "entry",
                                title: t("console.entry"),
                                text: ({ name }) => name,
                                show: ({ name, resource }) => <Link to={`/catalog/${resource}`}>{name}</Link>,
                            },
                            {
                                name: "until",
                                title: t("console.until"),
                                text: ({ validUntil }) => validUntil,
                                show: ({ validUntil }) => showMoment(validUntil),
                            },
                        ]}
                    />
                )}
            </section>
            <section>
                <h2>{t("console.quotas")}</h2>
                {standing.dailyQuotas.length === 0 ? (
                    <p>{t("console.noQuotas")}</p>
                ) : (
                    <DataTable
                        label={t("console.quotas")}
                        name="quotas"
                        rows={standing.dailyQuotas}
                        keyOf={({ policy }) => policy}
                        columns={[
                            { name: "policy", title: t("console.policy"), text: ({ policy }) => policy },
                            { name: "entry", title: t("console.entry"), text: ({ name }) => name },
                            {
                                name: "left",
                                title: t("console.left"),
                                text: ({ left }) => left,
                                show: ({ left }) => showCount(left),
                                align: "right",
                            },
                            {
                                name: "daily",
                                title: t("console.daily"),
                                text: ({ dailyRows }) => dailyRows,
                                show: ({ dailyRows }) => showCount(dailyRows),
                                align: "right",
                            },
                        ]}
                    />
                )}
            </section>
        </>
    );
}
