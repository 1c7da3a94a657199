import "@/features/ticket/ticket.css";

import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useMutation, useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { Field, Line, Sending, Words } from "@/features/ticket/fields";
import { Opened } from "@/features/ticket/opened";
import { useKept } from "@/features/ticket/words";
import { graphql } from "@/graphql";
import type { FaultKind, ReportedEntryQuery } from "@/graphql/graphql";
import { readFailure } from "@/lib/asking";

const ENTRY = graphql(`
    query ReportedEntry($code: String!) {
        catalogEntry(code: $code) {
            code
            name
            open
            items {
                identifier
                name
                open
            }
        }
    }
`);

const REPORT = graphql(`
    mutation ReportFault(
        $entry: String!
        $item: String
        $kind: FaultKind!
        $words: String!
        $contact: String
    ) {
        reportFault(entry: $entry, item: $item, kind: $kind, words: $words, contact: $contact) {
            number
        }
    }
`);

const KINDS = ["WRONG", "MISSING", "OUTDATED", "UNREADABLE", "OTHER"] as const satisfies readonly FaultKind[];
const EMPTY = { kind: "WRONG", item: "", words: "", contact: "" };

type Entry = NonNullable<ReportedEntryQuery["catalogEntry"]>;

/** Tells who provides a data set what is wrong with it. */
export function ReportPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { base = "", number = "" } = useParams();
    const [question, ask] = useQuery({ query: ENTRY, variables: { code: `${base}/${number}` } });
    const entry = question.data?.catalogEntry;
    return (
        <main className="page narrow" id="main" tabIndex={-1}>
            <nav aria-label={t("dataset.where")} className="crumbs">
                <Link to={`/catalog/${base}/${number}`}>{entry?.name ?? t("catalog.title")}</Link>
            </nav>
            <h1>{t("ticket.report")}</h1>
            <p className="soft">{t("ticket.reportLead")}</p>
            {question.error === undefined && question.data !== undefined && entry?.open !== true ? (
                <Empty title={t("ticket.notOpen")}>
                    <p>{t("ticket.notOpenNext")}</p>
                    <Link to="/request">{t("ticket.request")}</Link>
                </Empty>
            ) : (
                <Answered question={{ ...question, data: entry }} again={ask} rows={10}>
                    {(found) => <ReportForm key={found.code} entry={found} />}
                </Answered>
            )}
        </main>
    );
}

function ReportForm({ entry }: { readonly entry: Entry }): React.JSX.Element {
    const { t } = useTranslation();
    const { fields, change, done } = useKept(`form:report:${entry.code}`, EMPTY);
    const [sent, send] = useMutation(REPORT);
    const opened = sent.data?.reportFault;
    if (opened !== undefined) return <Opened number={opened.number} />;
    const items = entry.items.filter(({ open }) => open);
    const kind = KINDS.find((each) => each === fields.kind) ?? "WRONG";
    const item = items.some(({ identifier }) => identifier === fields.item) ? fields.item : "";
    return (
        <form
            className="card ticket-form"
            onSubmit={(event) => {
                event.preventDefault();
                const { words, contact } = fields;
                void send({ entry: entry.code, item: item === "" ? null : item, kind, words, contact }).then(
                    ({ error }) => {
                        if (error === undefined) done();
                    },
                );
            }}
        >
            <p>
                {t("ticket.about")}: <b>{entry.name}</b> <code>{entry.code}</code>
            </p>
            <Field id="kind" label={t("ticket.kind")}>
                <Select
                    id="kind"
                    value={kind}
                    onChange={(value) => {
                        change({ kind: value });
                    }}
                    options={KINDS.map((value) => ({ value, label: t(`ticket.faults.${value}`) }))}
                />
            </Field>
            <Field id="item" label={t("ticket.item")}>
                <Select
                    id="item"
                    value={item}
                    onChange={(value) => {
                        change({ item: value });
                    }}
                    options={[
                        { value: "", label: t("ticket.wholeEntry") },
                        ...items.map(({ identifier, name }) => ({ value: identifier, label: name })),
                    ]}
                />
            </Field>
            <Words
                value={fields.words}
                hint={`${t("ticket.faultHint")} ${t("ticket.mind")}`}
                onChange={(words) => {
                    change({ words });
                }}
            />
            <Line
                id="contact"
                value={fields.contact}
                hint={t("ticket.contactWhy")}
                onChange={(contact) => {
                    change({ contact });
                }}
            />
            <Sending
                busy={sent.fetching}
                failure={sent.error === undefined ? undefined : readFailure(sent.error)}
                label={t("ticket.send")}
            />
        </form>
    );
}
