import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Copied } from "@/components/copied";

/** The number of a ticket that was just opened: it is shown this once, so it is large and can be copied. */
export function Opened({ number }: { readonly number: string }): React.JSX.Element {
    const { t } = useTranslation();
    const head = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        head.current?.focus();
    }, []);
    return (
        <section className="card opened" aria-labelledby="opened">
            <h2 id="opened" ref={head} tabIndex={-1}>
                {t("ticket.openedTitle")}
            </h2>
            <Copied text={number} label={t("ticket.number")} />
            <p>{t("ticket.openedNext")}</p>
            <p>
                <Link to={`/ticket/${number}`}>{t("ticket.follow")}</Link>
            </p>
        </section>
    );
}
