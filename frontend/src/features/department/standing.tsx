import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { DataTable } from "@/components/data-table";
import type { OwnApplicationsQuery } from "@/graphql/graphql";
import { showCount, showDay, showMoment } from "@/lib/times";

type Own = OwnApplicationsQuery["me"]["applications"][number];
type Of<One> = One & { readonly application: string };

/** Days before its end from which a certificate is to be renewed. */
const SOON = 30;

/** Until when assertions are verified with it; a public key alone has no end. */
export function Certificate({
    certificate,
}: {
    readonly certificate: Own["certificate"];
}): React.JSX.Element {
    const { t } = useTranslation();
    if (certificate === null) return <span className="soft">{t("department.noCertificate")}</span>;
    const { subject, issuer, notAfter, endsInDays, keyId } = certificate;
    const fingerprint = <code className="small">{keyId.slice(0, 16)}…</code>;
    if (notAfter === null || endsInDays === null) {
        return (
            <>
                {t("department.keyAlone")} {fingerprint}
            </>
        );
    }
    const left = endsInDays < 0 ? t("department.ended") : t("department.endsIn", { count: endsInDays });
    return (
        <>
            {subject}
            <br />
            <span className="soft small">
                {t("department.issuer")} {issuer} · {fingerprint}
            </span>
            <br />
            <span className={endsInDays < SOON ? "no" : undefined}>
                {showDay(notAfter)} · {left}
            </span>
        </>
    );
}

interface EndingProps {
    readonly rows: readonly Of<Own["standing"]["endingAgreements"][number]>[];
}

/** Agreements that end within thirty days, of any of the applications. */
export function Ending({ rows }: EndingProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section>
            <h2>{t("console.ending")}</h2>
            {rows.length === 0 ? (
                <p>{t("console.noEnding")}</p>
            ) : (
                <DataTable
                    label={t("console.ending")}
                    name="ending"
                    rows={rows}
                    keyOf={({ policy, application }) => `${policy} ${application}`}
                    columns={[
                        { name: "policy", title: t("console.agreement"), text: ({ policy }) => policy },
                        {
                            name: "application",
                            title: t("department.application"),
                            text: ({ application }) => application,
                        },
                        {
                            name: "entry",
                            title: t("console.entry"),
                            text: ({ name }) => name,
                            show: ({ name, resource }) => <Link to={`/catalog/${resource}`}>{name}</Link>,
                        },
                        {
                            name: "until",
                            title: t("console.until"),
                            text: ({ validUntil }) => validUntil,
                            show: ({ validUntil }) => showMoment(validUntil),
                            whole: true,
                        },
                    ]}
                />
            )}
        </section>
    );
}

interface QuotasProps {
    readonly rows: readonly Of<Own["standing"]["dailyQuotas"][number]>[];
}

/** What is left of today's rows, of each application. */
export function Quotas({ rows }: QuotasProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section>
            <h2>{t("console.quotas")}</h2>
            {rows.length === 0 ? (
                <p>{t("console.noQuotas")}</p>
            ) : (
                <DataTable
                    label={t("console.quotas")}
                    name="quotas"
                    rows={rows}
                    keyOf={({ policy, application, resource }) => `${policy} ${application} ${resource}`}
                    columns={[
                        { name: "policy", title: t("console.policy"), text: ({ policy }) => policy },
                        {
                            name: "application",
                            title: t("department.application"),
                            text: ({ application }) => application,
                        },
                        {
                            name: "entry",
                            title: t("console.entry"),
                            text: ({ name }) => name,
                            show: ({ name, resource }) => <Link to={`/catalog/${resource}`}>{name}</Link>,
                        },
                        {
                            name: "left",
                            title: t("console.left"),
                            text: ({ left }) => left,
                            show: ({ left }) => showCount(left),
                            align: "right",
                        },
                        {
                            name: "daily",
                            title: t("console.daily"),
                            text: ({ dailyRows }) => dailyRows,
                            show: ({ dailyRows }) => showCount(dailyRows),
                            align: "right",
                        },
                    ]}
                />
            )}
        </section>
    );
}
