import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered } from "@/components/states";
import { graphql } from "@/graphql";
import type { DepartmentUsesQuery } from "@/graphql/graphql";
import { readFailure } from "@/lib/asking";
import { showCount } from "@/lib/times";

const USES = graphql(`
    query DepartmentUses($department: String!, $since: DateTime!) {
        byEntry: auditStatistics(by: ENTRY, department: $department, since: $since) {
            key
            uses
            permitted
            denied
            rows
        }
        byPurpose: auditStatistics(by: PURPOSE, department: $department, since: $since) {
            key
            uses
            permitted
            denied
            rows
        }
    }
`);

const DAYS = 30;
const DAY = 86_400_000;

/** What the department asked for in the last thirty days, by entry and by purpose; for those whose duty it is to know. */
export function Uses({ department }: { readonly department: string }): React.JSX.Element {
    const { t } = useTranslation();
    const [since] = useState(() => new Date(Date.now() - DAYS * DAY).toISOString().replace(/\.\d+Z$/, "Z"));
    const [question, ask] = useQuery({ query: USES, variables: { department, since } });
    const isRefused = question.error !== undefined && readFailure(question.error).kind === "refused";
    return (
        <section>
            <h2>{t("department.uses")}</h2>
            {isRefused ? (
                <p className="soft">{t("department.usesRefused")}</p>
            ) : (
                <Answered question={question} again={ask} rows={6}>
                    {({ byEntry, byPurpose }) =>
                        byEntry.length === 0 ? (
                            <p>{t("department.noUses")}</p>
                        ) : (
                            <>
                                <Counts name="entries" counts={byEntry} />
                                <Counts name="purposes" counts={byPurpose} />
                            </>
                        )
                    }
                </Answered>
            )}
        </section>
    );
}

interface CountsProps {
    readonly name: "entries" | "purposes";
    readonly counts: DepartmentUsesQuery["byEntry"];
}

function Counts({ name, counts }: CountsProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <DataTable
            label={t(`department.by.${name}`)}
            name={name}
            exports
            rows={counts}
            keyOf={({ key }) => key ?? ""}
            columns={[
                {
                    name: "key",
                    title: t(`department.by.${name}`),
                    text: ({ key }) => key ?? t("audit.unstated"),
                    show: ({ key }) =>
                        name === "entries" && key !== null ? (
                            <Link to={`/console/audit?entry=${encodeURIComponent(key)}`}>{key}</Link>
                        ) : (
                            (key ?? t("audit.unstated"))
                        ),
                },
                {
                    name: "permitted",
                    title: t("audit.permitted"),
                    text: ({ permitted }) => permitted,
                    align: "right",
                },
                { name: "denied", title: t("audit.denied"), text: ({ denied }) => denied, align: "right" },
                {
                    name: "rows",
                    title: t("audit.rows"),
                    text: ({ rows }) => rows,
                    show: ({ rows }) => showCount(rows),
                    align: "right",
                },
            ]}
        />
    );
}
