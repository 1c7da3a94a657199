import { useTranslation } from "react-i18next";

import type { TicketState } from "@/graphql/graphql";
import { showMoment } from "@/lib/times";

export interface Step {
    readonly state: TicketState;
    readonly words: string;
    readonly madeAt: string;
}

interface ProgressProps {
    readonly receivedAt: string;
    readonly steps: readonly Step[];
    /** Who took each step, where that is told. */
    readonly by?: readonly string[];
}

/** What became of a ticket, step by step; whatever was written is shown as the text that it is. */
export function Progress({ receivedAt, steps, by }: ProgressProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <ol className="ticket-steps">
            <li>
                <b>{t("ticket.states.RECEIVED")}</b>{" "}
                <time dateTime={receivedAt}>{showMoment(receivedAt)}</time>
            </li>
            {steps.map(({ state, words, madeAt }, place) => (
                <li key={madeAt + state}>
                    <b>{t(`ticket.states.${state}`)}</b> <time dateTime={madeAt}>{showMoment(madeAt)}</time>
                    {by?.[place] !== undefined && (
                        <span className="soft">
                            {" "}
                            {t("tickets.by")} {by[place]}
                        </span>
                    )}
                    <p className="said">{words === "" ? t("ticket.noWords") : words}</p>
                </li>
            ))}
        </ol>
    );
}
