import "@/features/ticket/ticket.css";

import { useTranslation } from "react-i18next";
import { useMutation } from "urql";

import { Line, Sending, Words } from "@/features/ticket/fields";
import { Opened } from "@/features/ticket/opened";
import { useKept } from "@/features/ticket/words";
import { graphql } from "@/graphql";
import { readFailure } from "@/lib/asking";

const REQUEST = graphql(`
    mutation RequestOpening($title: String!, $intendedUse: String!, $words: String!, $contact: String) {
        requestOpening(title: $title, intendedUse: $intendedUse, words: $words, contact: $contact) {
            number
        }
    }
`);

const EMPTY = { title: "", intendedUse: "", words: "", contact: "" };

/** Tells the authority which data somebody wishes to be open. */
export function RequestPage(): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <main className="page narrow" id="main" tabIndex={-1}>
            <h1>{t("ticket.request")}</h1>
            <p className="soft">{t("ticket.requestLead")}</p>
            <RequestForm />
        </main>
    );
}

function RequestForm(): React.JSX.Element {
    const { t } = useTranslation();
    const { fields, change, done } = useKept("form:request", EMPTY);
    const [sent, send] = useMutation(REQUEST);
    const opened = sent.data?.requestOpening;
    if (opened !== undefined) return <Opened number={opened.number} />;
    return (
        <form
            className="card ticket-form"
            onSubmit={(event) => {
                event.preventDefault();
                void send(fields).then(({ error }) => {
                    if (error === undefined) done();
                });
            }}
        >
            <Line
                id="title"
                required
                value={fields.title}
                onChange={(title) => {
                    change({ title });
                }}
            />
            <Line
                id="intendedUse"
                required
                value={fields.intendedUse}
                onChange={(intendedUse) => {
                    change({ intendedUse });
                }}
            />
            <Words
                value={fields.words}
                hint={`${t("ticket.wishHint")} ${t("ticket.mind")}`}
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
