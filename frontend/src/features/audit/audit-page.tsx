import "@/features/audit/audit.css";

import { Button, Input, Select } from "antd";
import { useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { Evidence } from "@/features/audit/evidence";
import { type Member, MEMBERS, readSearch, writeSearch } from "@/features/audit/search";
import { graphql } from "@/graphql";
import type { AuditSearchQuery } from "@/graphql/graphql";
import { joinWords } from "@/lib/language";
import { showCount, showMoment } from "@/lib/times";

const SEARCH = graphql(`
    query AuditSearch(
        $subject: String
        $department: String
        $entry: String
        $purpose: Purpose
        $decision: AuditDecision
        $since: DateTime
        $until: DateTime
        $first: Int!
        $after: String
    ) {
        auditRecords(
            subject: $subject
            department: $department
            entry: $entry
            purpose: $purpose
            decision: $decision
            since: $since
            until: $until
            first: $first
            after: $after
        ) {
            nodes {
                receipt
                time
                decision
                code
                department
                application
                subject
                user
                purpose
                act
                target
                uses {
                    entry
                    identifier
                    rows
                }
            }
            next
        }
    }
`);

type Found = AuditSearchQuery["auditRecords"];
type FoundRecord = Found["nodes"][number];

/** The log: what is searched for stands in the address, what was found can be exported. */
export function AuditPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const [question, ask] = useQuery({ query: SEARCH, variables: readSearch(address) });
    return (
        <>
            <div>
                <h1>{t("audit.title")}</h1>
                <p className="soft">
                    {t("audit.lead")} <Link to="/console/audit/chain">{t("chain.way")}</Link>
                </p>
            </div>
            <SearchForm key={address.toString()} />
            <Answered question={question} again={ask} rows={14}>
                {({ auditRecords }) => <Records found={auditRecords} />}
            </Answered>
            {question.data !== undefined && (
                <Evidence key={address.toString()} search={readSearch(address)} />
            )}
        </>
    );
}

function SearchForm(): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const [wished, setWished] = useState(
        () =>
            Object.fromEntries(MEMBERS.map((name) => [name, address.get(name) ?? ""])) as Record<
                Member,
                string
            >,
    );
    const change = (name: Member, value: string): void => {
        setWished({ ...wished, [name]: value });
    };
    return (
        <form
            className="audit-search card"
            role="search"
            onSubmit={(event) => {
                event.preventDefault();
                setAddress(writeSearch(wished));
            }}
        >
            {MEMBERS.map((name) => (
                <div key={name}>
                    <label htmlFor={name}>{t(`audit.${name}`)}</label>
                    {name === "decision" ? (
                        <Select
                            id={name}
                            value={wished.decision}
                            onChange={(value) => {
                                change(name, value);
                            }}
                            options={(["", "PERMIT", "DENY"] as const).map((value) => ({
                                value,
                                label: value === "" ? t("audit.any") : t(`audit.decisions.${value}`),
                            }))}
                        />
                    ) : (
                        <Input
                            id={name}
                            placeholder={
                                name === "subject"
                                    ? "application:ID"
                                    : name === "entry"
                                      ? "102001001/00001"
                                      : ""
                            }
                            type={name === "since" || name === "until" ? "date" : "text"}
                            value={wished[name]}
                            onChange={({ target }) => {
                                change(name, target.value);
                            }}
                        />
                    )}
                </div>
            ))}
            <Button type="primary" htmlType="submit">
                {t("audit.search")}
            </Button>
        </form>
    );
}

function Records({ found }: { readonly found: Found }): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    if (found.nodes.length === 0) return <Empty title={t("audit.none")}>{t("audit.noneNext")}</Empty>;
    const next = new URLSearchParams(address);
    next.set("after", found.next ?? "");
    const first = new URLSearchParams(address);
    first.delete("after");
    return (
        <section>
            <DataTable
                label={t("audit.title")}
                name="audit"
                exports
                rows={found.nodes}
                keyOf={({ receipt }) => receipt}
                columns={columns(t)}
            />
            <p className="pages">
                {address.has("after") && <Link to={`?${first.toString()}`}>{t("audit.first")}</Link>}
                {found.next !== null && <Link to={`?${next.toString()}`}>{t("audit.next")}</Link>}
            </p>
        </section>
    );
}

type Translate = TFunction;

function columns(t: Translate): readonly Column<FoundRecord>[] {
    return [
        {
            whole: true,
            name: "time",
            title: t("audit.time"),
            text: ({ time }) => time,
            show: ({ time }) => showMoment(time),
        },
        {
            whole: true,
            name: "receipt",
            title: t("audit.receipt"),
            text: ({ receipt }) => receipt,
            show: ({ receipt }) => <Link to={`/console/audit/${receipt}`}>{receipt}</Link>,
        },
        { name: "who", title: t("audit.who"), text: (record) => whoOf(record) },
        { name: "what", title: t("audit.what"), text: (record) => whatOf(record) },
        { name: "purpose", title: t("audit.purpose"), text: ({ purpose }) => purpose ?? "" },
        {
            name: "decision",
            title: t("audit.decision"),
            text: ({ decision, code }) =>
                `${t(`audit.decisions.${decision}`)}${code === null ? "" : ` ${code}`}`,
            show: ({ decision, code }) => (
                <span className={decision === "PERMIT" ? "yes" : "no"}>
                    {t(`audit.decisions.${decision}`)} {code !== null && <code>{code}</code>}
                </span>
            ),
        },
        {
            name: "rows",
            title: t("audit.rows"),
            text: ({ uses }) => uses.reduce((sum, { rows }) => sum + rows, 0),
            show: ({ uses }) => showCount(uses.reduce((sum, { rows }) => sum + rows, 0)),
            align: "right",
        },
    ];
}

function whoOf({ application, user, subject, department }: FoundRecord): string {
    return [application ?? user ?? subject, department].filter((part) => part !== null).join(" · ");
}

function whatOf({ act, target, uses }: FoundRecord): string {
    const used = joinWords(uses.map(({ identifier }) => identifier));
    return act === null ? used : [act, target, used].filter((part) => part !== null && part !== "").join(" ");
}
