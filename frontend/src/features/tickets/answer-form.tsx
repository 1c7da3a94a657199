import { useTranslation } from "react-i18next";
import { useMutation } from "urql";

import { Field, Sending, Words } from "@/features/ticket/fields";
import { useKept } from "@/features/ticket/words";
import { graphql } from "@/graphql";
import type { TicketState } from "@/graphql/graphql";
import { readFailure } from "@/lib/asking";

const ANSWER = graphql(`
    mutation AnswerTicket($number: String!, $version: Int!, $state: TicketState!, $words: String!) {
        answerTicket(number: $number, version: $version, state: $state, words: $words) {
            version
        }
    }
`);

interface AnswerProps {
    readonly number: string;
    readonly version: number;
    /** The states that the portal says may be next. */
    readonly next: readonly TicketState[];
    readonly onAnswered: () => void;
}

/** Takes a ticket a step on; what is written the public sees. */
export function AnswerForm({ number, version, next, onAnswered }: AnswerProps): React.JSX.Element {
    const { t } = useTranslation();
    const { fields, change, done } = useKept(`form:answer:${number}`, { state: "", words: "" });
    const [sent, send] = useMutation(ANSWER);
    const state = next.find((each) => each === fields.state) ?? next[0];
    return (
        <form
            className="card ticket-form"
            onSubmit={(event) => {
                event.preventDefault();
                if (state === undefined) return;
                void send({ number, version, state, words: fields.words }).then(({ error }) => {
                    if (error !== undefined) return;
                    done();
                    onAnswered();
                });
            }}
        >
            <h2>{t("tickets.reply")}</h2>
            <Field id="next" label={t("tickets.to")}>
                <div className="tickets-filter">
                    <select
                        id="next"
                        value={state}
                        onChange={({ target }) => {
                            change({ state: target.value });
                        }}
                    >
                        {next.map((each) => (
                            <option key={each} value={each}>
                                {t(`ticket.states.${each}`)}
                            </option>
                        ))}
                    </select>
                </div>
            </Field>
            <Words
                label={t("tickets.words")}
                value={fields.words}
                hint={t("tickets.wordsWhy")}
                required={state !== "IN_PROGRESS"}
                onChange={(words) => {
                    change({ words });
                }}
            />
            <Sending
                busy={sent.fetching}
                failure={sent.error === undefined ? undefined : readFailure(sent.error)}
                label={t("tickets.save")}
            />
        </form>
    );
}
