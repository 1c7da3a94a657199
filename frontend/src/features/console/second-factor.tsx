import { Button, Input, QRCode } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMutation } from "urql";

import { Failed } from "@/components/states";
import { graphql } from "@/graphql";
import { readFailure } from "@/lib/asking";
import { readFacts } from "@/lib/facts";
import { oneTimeCode } from "@/lib/one-time-codes";

const ENROL = graphql(`
    mutation Enrol {
        enrolSecondFactor {
            secret
            uri
        }
    }
`);

const CONFIRM = graphql(`
    mutation Confirm($code: String!) {
        confirmSecondFactor(code: $code)
    }
`);

/** Shows a second factor for this session: enrolled once with an authenticator, then a code of six digits. */
export function SecondFactor(): React.JSX.Element {
    const { t } = useTranslation();
    const [code, setCode] = useState("");
    const [enrolled, enrol] = useMutation(ENROL);
    const [confirmed, confirm] = useMutation(CONFIRM);
    const enrolment = enrolled.data?.enrolSecondFactor;
    const failure = confirmed.error ?? enrolled.error;
    return (
        <section className="card second-factor" aria-labelledby="second-factor">
            <h2 id="second-factor">{t("factor.title")}</h2>
            <p>{t("factor.why")}</p>
            {enrolment === undefined ? (
                <p>
                    <Button loading={enrolled.fetching} onClick={() => void enrol({})}>
                        {t("factor.enrol")}
                    </Button>{" "}
                    <span className="soft small">{t("factor.enrolWhen")}</span>
                </p>
            ) : (
                <div className="enrolment">
                    <QRCode value={enrolment.uri} size={160} aria-label={t("factor.scan")} />
                    <p>
                        {t("factor.scan")} <code>{enrolment.secret}</code>
                    </p>
                    {readFacts().demonstration && (
                        <Button
                            onClick={() =>
                                void oneTimeCode(enrolment.secret, Date.now() / 1000).then(setCode)
                            }
                        >
                            {t("factor.standIn")}
                        </Button>
                    )}
                </div>
            )}
            <form
                className="one-more"
                onSubmit={(event) => {
                    event.preventDefault();
                    void confirm({ code }).then(({ error }) => {
                        // The session's cookie is another one now: everything is asked anew with it.
                        if (error === undefined) window.location.reload();
                    });
                }}
            >
                <label htmlFor="code">{t("factor.code")}</label>
                <Input
                    id="code"
                    inputMode="numeric"
                    autoComplete="one-time-code"
                    maxLength={6}
                    value={code}
                    onChange={({ target }) => {
                        setCode(target.value);
                    }}
                />
                <Button
                    type="primary"
                    htmlType="submit"
                    loading={confirmed.fetching}
                    disabled={!/^\d{6}$/.test(code)}
                >
                    {t("factor.confirm")}
                </Button>
            </form>
            {failure !== undefined && <Failed failure={readFailure(failure)} />}
        </section>
    );
}
