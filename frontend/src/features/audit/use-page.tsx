import "@/features/audit/audit.css";

import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { graphql } from "@/graphql";
import type { AuditGrouping, AuditUseQuery } from "@/graphql/graphql";
import { showCount } from "@/lib/times";

const USE = graphql(`
    query AuditUse($by: AuditGrouping!) {
        auditStatistics(by: $by) {
            key
            uses
            permitted
            denied
            rows
        }
    }
`);

const GROUPINGS: readonly AuditGrouping[] = ["ENTRY", "DEPARTMENT", "PURPOSE", "DAY"];

/** How often entries were used: by entry, department, purpose or day; a bar stands for the uses, the table has them all. */
export function UsePage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const by = GROUPINGS.find((each) => each === address.get("by")) ?? "ENTRY";
    const [question, ask] = useQuery({ query: USE, variables: { by } });
    return (
        <>
            <div>
                <h1>{t("audit.use")}</h1>
                <p className="soft">{t("audit.useLead")}</p>
            </div>
            <div className="one-more">
                <label htmlFor="by">{t("audit.by")}</label>
                <Select
                    id="by"
                    value={by}
                    onChange={(value) => {
                        setAddress({ by: value });
                    }}
                    options={GROUPINGS.map((value) => ({ value, label: t(`audit.groupings.${value}`) }))}
                />
            </div>
            <Answered question={question} again={ask} rows={10}>
                {({ auditStatistics }) =>
                    auditStatistics.length === 0 ? (
                        <Empty title={t("audit.none")}>{t("audit.noneNext")}</Empty>
                    ) : (
                        <Counts counts={auditStatistics} />
                    )
                }
            </Answered>
        </>
    );
}

type Count = AuditUseQuery["auditStatistics"][number];

function Counts({ counts }: { readonly counts: readonly Count[] }): React.JSX.Element {
    const { t } = useTranslation();
    const most = Math.max(...counts.map(({ uses }) => uses), 1);
    const nameOf = ({ key }: Count): string => key ?? t("audit.unstated");
    return (
        <DataTable
            label={t("audit.use")}
            name="use"
            exports
            rows={counts}
            keyOf={(count) => nameOf(count)}
            columns={[
                { name: "key", title: t("audit.key"), text: nameOf },
                {
                    name: "uses",
                    title: t("audit.count"),
                    text: ({ uses }) => uses,
                    show: ({ uses }) => (
                        <span className="bar">
                            <meter min={0} max={most} value={uses} aria-label={t("audit.count")} />{" "}
                            {showCount(uses)}
                        </span>
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
