import "@/features/ticket/ticket.css";

import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { Progress } from "@/features/ticket/progress";
import { AnswerForm } from "@/features/tickets/answer-form";
import { graphql } from "@/graphql";
import type { TicketFileQuery } from "@/graphql/graphql";
import { showMoment } from "@/lib/times";

const FILE = graphql(`
    query TicketFile($number: String!) {
        ticketFile(number: $number) {
            version
            title
            intendedUse
            words
            contact
            next
            answeredBy
            ticket {
                number
                kind
                fault
                entry
                item
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
    }
`);

type File = NonNullable<TicketFileQuery["ticketFile"]>;

/** A ticket whole, and where it is answered by whose duty it is. */
export function TicketFilePage(): React.JSX.Element {
    const { t } = useTranslation();
    const { number = "" } = useParams();
    const [question, ask] = useQuery({ query: FILE, variables: { number } });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/tickets">{t("tickets.title")}</Link>
            </nav>
            <h1>{t("ticket.heading", { number })}</h1>
            {question.error === undefined && question.data?.ticketFile === null ? (
                <Empty title={t("tickets.gone")}>{t("tickets.goneNext")}</Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.ticketFile }} again={ask} rows={12}>
                    {(file) => (
                        <>
                            <Facts file={file} />
                            <section>
                                <h2>{t("ticket.steps")}</h2>
                                <Progress
                                    receivedAt={file.ticket.receivedAt}
                                    steps={file.ticket.steps}
                                    by={file.answeredBy}
                                />
                            </section>
                            {file.next.length === 0 ? (
                                <p className="soft">{t("tickets.ended")}</p>
                            ) : (
                                <AnswerForm
                                    key={file.version}
                                    number={file.ticket.number}
                                    version={file.version}
                                    next={file.next}
                                    onAnswered={ask}
                                />
                            )}
                        </>
                    )}
                </Answered>
            )}
        </>
    );
}

function Facts({ file }: { readonly file: File }): React.JSX.Element {
    const { t } = useTranslation();
    const { kind, fault, entry, item, state, receivedAt, dueOn, isOverdue } = file.ticket;
    const told: [string, React.ReactNode][] = [
        [t("ticket.state"), t(`ticket.states.${state}`)],
        [
            t("tickets.about"),
            `${t(`ticket.kinds.${kind}`)} ${fault === null ? "" : t(`ticket.faults.${fault}`)}`,
        ],
        [t("ticket.about"), entry !== null && <Link to={`/catalog/${entry}`}>{entry}</Link>],
        [t("ticket.item"), item],
        [t("ticket.title"), file.title],
        [t("ticket.intendedUse"), file.intendedUse],
        [t("ticket.received"), showMoment(receivedAt)],
        [
            t("ticket.due"),
            <>
                {dueOn} {isOverdue && <span className="overdue">{t("ticket.overdue")}</span>}
            </>,
        ],
        [t("tickets.contact"), file.contact ?? t("tickets.noContact")],
    ];
    return (
        <section className="card">
            <dl className="ticket-facts">
                {told
                    .filter(([, value]) => value !== null && value !== false)
                    .map(([name, value]) => (
                        <div key={name}>
                            <dt>{name}</dt>
                            <dd>{value}</dd>
                        </div>
                    ))}
            </dl>
            <h2>{t("tickets.said")}</h2>
            <p className="said">{file.words}</p>
        </section>
    );
}
