import "@/features/ticket/ticket.css";
import "@/features/audit/audit.css";

import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Form, Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { KINDS, readWish, STATES } from "@/features/tickets/wish";
import { graphql } from "@/graphql";
import type { TicketsQuery } from "@/graphql/graphql";
import { showMoment } from "@/lib/times";

const TICKETS = graphql(`
    query Tickets(
        $states: [TicketState!]
        $kind: TicketKind
        $entry: String
        $overdue: Boolean!
        $first: Int!
        $after: String
    ) {
        tickets(
            states: $states
            kind: $kind
            entry: $entry
            overdue: $overdue
            first: $first
            after: $after
        ) {
            nodes {
                title
                words
                ticket {
                    number
                    kind
                    fault
                    entry
                    state
                    receivedAt
                    dueOn
                    isOverdue
                }
            }
            next
        }
    }
`);

type Found = TicketsQuery["tickets"];
type Listed = Found["nodes"][number];

/** The tickets that are the person's to see, those still to be done first; which ones stands in the address. */
export function TicketsPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const [question, ask] = useQuery({ query: TICKETS, variables: readWish(address) });
    return (
        <>
            <div>
                <h1>{t("tickets.title")}</h1>
                <p className="soft">{t("tickets.lead")}</p>
            </div>
            <FilterForm key={address.toString()} address={address} />
            <Answered question={question} again={ask} rows={12}>
                {({ tickets }) => <Listing found={tickets} address={address} />}
            </Answered>
        </>
    );
}

function FilterForm({ address }: { readonly address: URLSearchParams }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <Form className="audit-search card tickets-filter" role="search">
            <div>
                <label htmlFor="state">{t("ticket.state")}</label>
                <select id="state" name="state" defaultValue={address.get("state") ?? "OPEN"}>
                    <option value="OPEN">{t("tickets.open")}</option>
                    <option value="ANY">{t("tickets.any")}</option>
                    {STATES.map((state) => (
                        <option key={state} value={state}>
                            {t(`ticket.states.${state}`)}
                        </option>
                    ))}
                </select>
            </div>
            <div>
                <label htmlFor="kind">{t("tickets.about")}</label>
                <select id="kind" name="kind" defaultValue={address.get("kind") ?? ""}>
                    <option value="">{t("tickets.any")}</option>
                    {KINDS.map((kind) => (
                        <option key={kind} value={kind}>
                            {t(`ticket.kinds.${kind}`)}
                        </option>
                    ))}
                </select>
            </div>
            <label className="ticket-check">
                <input
                    type="checkbox"
                    name="overdue"
                    value="true"
                    defaultChecked={address.get("overdue") === "true"}
                />{" "}
                {t("tickets.onlyOverdue")}
            </label>
            <button type="submit" className="ticket-apply">
                {t("tickets.apply")}
            </button>
        </Form>
    );
}

function Listing({
    found,
    address,
}: {
    readonly found: Found;
    readonly address: URLSearchParams;
}): React.JSX.Element {
    const { t } = useTranslation();
    if (found.nodes.length === 0) return <Empty title={t("tickets.none")}>{t("tickets.noneNext")}</Empty>;
    const next = new URLSearchParams(address);
    next.set("after", found.next ?? "");
    const first = new URLSearchParams(address);
    first.delete("after");
    return (
        <section>
            <DataTable
                label={t("tickets.title")}
                name="tickets"
                rows={found.nodes}
                keyOf={({ ticket }) => ticket.number}
                columns={columns(t)}
            />
            <p className="pages">
                {address.has("after") && <Link to={`?${first.toString()}`}>{t("tickets.first")}</Link>}
                {found.next !== null && <Link to={`?${next.toString()}`}>{t("tickets.next")}</Link>}
            </p>
        </section>
    );
}

type Translate = TFunction;

function columns(t: Translate): readonly Column<Listed>[] {
    return [
        {
            whole: true,
            name: "number",
            title: t("ticket.number"),
            show: ({ ticket: { number } }) => <Link to={`/console/tickets/${number}`}>{number}</Link>,
        },
        {
            name: "about",
            title: t("tickets.about"),
            show: ({ title, ticket: { kind, fault, entry } }) => (
                <>
                    {t(`ticket.kinds.${kind}`)}
                    {fault !== null && ` · ${t(`ticket.faults.${fault}`)}`} {title} <code>{entry}</code>
                </>
            ),
        },
        {
            name: "state",
            title: t("ticket.state"),
            text: ({ ticket: { state } }) => t(`ticket.states.${state}`),
        },
        {
            whole: true,
            name: "received",
            title: t("ticket.received"),
            text: ({ ticket: { receivedAt } }) => receivedAt,
            show: ({ ticket: { receivedAt } }) => showMoment(receivedAt),
        },
        {
            whole: true,
            name: "due",
            title: t("ticket.due"),
            text: ({ ticket: { dueOn } }) => dueOn,
            show: ({ ticket: { dueOn, isOverdue } }) => (
                <>
                    {dueOn} {isOverdue && <span className="overdue">{t("ticket.overdue")}</span>}
                </>
            ),
        },
    ];
}
