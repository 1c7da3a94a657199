import "@/features/ticket/ticket.css";

import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { Progress } from "@/features/ticket/progress";
import { graphql } from "@/graphql";
import type { TicketQuery } from "@/graphql/graphql";

const TICKET = graphql(`
    query Ticket($number: String!) {
        ticket(number: $number) {
            number
            kind
            fault
            entry
            state
            receivedAt
            dueOn
            isOverdue
            steps {
                state
                words
                madeAt
            }
        }
    }
`);

type Ticket = NonNullable<TicketQuery["ticket"]>;

/** What became of a ticket, for who has its number. */
export function TicketPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { ticket = "" } = useParams();
    const [question, ask] = useQuery({ query: TICKET, variables: { number: ticket } });
    return (
        <main className="page narrow" id="main" tabIndex={-1}>
            <nav aria-label={t("dataset.where")} className="crumbs">
                <Link to="/ticket">{t("ticket.find")}</Link>
            </nav>
            <h1>{t("ticket.heading", { number: question.data?.ticket?.number ?? ticket })}</h1>
            {question.error === undefined && question.data?.ticket === null ? (
                <Empty title={t("ticket.none")}>
                    <p>{t("ticket.noneNext")}</p>
                    <Link to="/ticket">{t("ticket.again")}</Link>
                </Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.ticket }} again={ask} rows={8}>
                    {(found) => <Shown ticket={found} />}
                </Answered>
            )}
        </main>
    );
}

function Shown({ ticket }: { readonly ticket: Ticket }): React.JSX.Element {
    const { t } = useTranslation();
    const isOpen = ticket.state === "RECEIVED" || ticket.state === "IN_PROGRESS";
    return (
        <>
            <dl className="card ticket-facts">
                <div>
                    <dt>{t("ticket.state")}</dt>
                    <dd>
                        <b>{t(`ticket.states.${ticket.state}`)}</b>
                    </dd>
                </div>
                <div>
                    <dt>{t("tickets.about")}</dt>
                    <dd>
                        {t(`ticket.kinds.${ticket.kind}`)}
                        {ticket.fault !== null && ` · ${t(`ticket.faults.${ticket.fault}`)}`}
                    </dd>
                </div>
                {ticket.entry !== null && (
                    <div>
                        <dt>{t("ticket.about")}</dt>
                        <dd>
                            <Link to={`/catalog/${ticket.entry}`}>{ticket.entry}</Link>
                        </dd>
                    </div>
                )}
                {isOpen && (
                    <div>
                        <dt>{t("ticket.due")}</dt>
                        <dd>
                            <time dateTime={ticket.dueOn}>{ticket.dueOn}</time>
                            {ticket.isOverdue && <span className="overdue"> {t("ticket.overdue")}</span>}
                        </dd>
                    </div>
                )}
            </dl>
            {isOpen && <p className="soft small">{t("ticket.dueWhy")}</p>}
            <h2>{t("ticket.steps")}</h2>
            <Progress receivedAt={ticket.receivedAt} steps={ticket.steps} />
        </>
    );
}
