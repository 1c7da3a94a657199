import "@/features/ticket/ticket.css";

import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

/** Asks for a ticket's number. */
export function FindTicketPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [number, setNumber] = useState("");
    const go = useNavigate();
    return (
        <main className="page narrow" id="main" tabIndex={-1}>
            <h1>{t("ticket.find")}</h1>
            <p className="soft">{t("ticket.findLead")}</p>
            <form
                className="card ticket-form"
                role="search"
                onSubmit={(event) => {
                    event.preventDefault();
                    void go(`/ticket/${encodeURIComponent(number.trim())}`);
                }}
            >
                <div className="field">
                    <label htmlFor="number">{t("ticket.number")}</label>
                    <Input
                        id="number"
                        required
                        maxLength={40}
                        autoComplete="off"
                        spellCheck={false}
                        placeholder={t("ticket.numberHint")}
                        value={number}
                        onChange={({ target }) => {
                            setNumber(target.value);
                        }}
                    />
                </div>
                <p>
                    <Button type="primary" htmlType="submit" disabled={number.trim() === ""}>
                        {t("ticket.look")}
                    </Button>
                </p>
            </form>
            <p className="ticket-ways">
                <Link to="/request">{t("ticket.request")}</Link>
            </p>
        </main>
    );
}
