import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { graphql } from "@/graphql";
import type { OwnApplicationsQuery } from "@/graphql/graphql";
import { Certificate, Ending, Quotas } from "@/features/department/standing";
import { Uses } from "@/features/department/uses";
import { joinWords } from "@/lib/language";

const OWN = graphql(`
    query OwnApplications {
        me {
            department {
                code
                name
            }
            applications {
                id
                name
                status
                admitted
                matters
                authLevel
                networkZone
                certificate {
                    keyId
                    subject
                    issuer
                    notAfter
                    endsInDays
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
        }
    }
`);

type Me = OwnApplicationsQuery["me"];
type OwnApplication = Me["applications"][number];

/** One's own department: its applications with certificates, what ends soon, what is left of today, and its use. */
export function DepartmentPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useQuery({ query: OWN });
    return (
        <>
            <div>
                <h1>{t("department.title")}</h1>
                <p className="soft">{t("department.lead")}</p>
            </div>
            <Answered question={question} again={ask} rows={12}>
                {({ me }) => <Shown me={me} />}
            </Answered>
        </>
    );
}

function Shown({ me }: { readonly me: Me }): React.JSX.Element {
    const { t } = useTranslation();
    const { department, applications } = me;
    const ending = useMemo(
        () => rowsOf(applications, (one) => one.standing.endingAgreements),
        [applications],
    );
    const quotas = useMemo(() => rowsOf(applications, (one) => one.standing.dailyQuotas), [applications]);
    if (department === null) return <Empty title={t("department.none")}>{t("department.noneNext")}</Empty>;
    return (
        <>
            <p>
                <strong>{department.name}</strong> <code>{department.code}</code>
            </p>
            <section>
                <h2>{t("department.applications")}</h2>
                {applications.length === 0 ? (
                    <Empty title={t("department.noApplications")}>{t("department.noApplicationsNext")}</Empty>
                ) : (
                    <Applications applications={applications} />
                )}
            </section>
            <Ending rows={ending} />
            <Quotas rows={quotas} />
            <Uses department={department.code} />
        </>
    );
}

/** Return each application's own things, with whose they are. */
function rowsOf<One>(
    applications: readonly OwnApplication[],
    of: (application: OwnApplication) => readonly One[],
): (One & { application: string })[] {
    return applications.flatMap((application) =>
        of(application).map((one) => ({ ...one, application: application.id })),
    );
}

function Applications({ applications }: { readonly applications: Me["applications"] }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <DataTable
            label={t("department.applications")}
            name="applications"
            exports
            rows={applications}
            keyOf={({ id }) => id}
            columns={[
                {
                    name: "id",
                    title: t("department.application"),
                    text: ({ id }) => id,
                    show: ({ id, name }) => (
                        <>
                            {name} <code className="small">{id}</code>
                        </>
                    ),
                },
                {
                    name: "status",
                    title: t("department.status"),
                    text: ({ status }) => t(`department.statuses.${status}`),
                    show: ({ status, admitted }) => (
                        <span className={admitted ? "yes" : "no"}>
                            {t(`department.statuses.${status}`)}
                            {!admitted && ` · ${t("department.refused")}`}
                        </span>
                    ),
                },
                {
                    name: "matters",
                    title: t("department.matters"),
                    text: ({ matters }) => joinWords(matters),
                },
                { name: "level", title: t("department.level"), text: ({ authLevel }) => authLevel ?? "" },
                {
                    name: "certificate",
                    title: t("department.certificate"),
                    text: ({ certificate }) => certificate?.notAfter ?? "",
                    show: ({ certificate }) => <Certificate certificate={certificate} />,
                },
                {
                    name: "log",
                    title: t("department.log"),
                    show: ({ id }) => (
                        <Link to={`/console/audit?subject=application:${encodeURIComponent(id)}`}>
                            {t("department.requests")}
                        </Link>
                    ),
                },
            ]}
        />
    );
}
