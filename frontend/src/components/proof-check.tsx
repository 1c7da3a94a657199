import "@/components/proof-check.css";

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Failed, Loading } from "@/components/states";
import { fetchAuditKeys } from "@/lib/audit-keys";
import { canVerify, parseKeys, type Shown, STEPS, type Verdict, verifyProof } from "@/lib/proof";
import { showCount, showMoment } from "@/lib/times";

interface ProofCheckProps {
    /** The proof as it is in a file. */
    readonly proof: string | Uint8Array<ArrayBuffer>;
    /** The keys to hold it against, as PEMs; without them those of this portal. */
    readonly keys?: string | undefined;
    /** The receipt that it has to be of. */
    readonly receipt?: string;
}

type Outcome = Verdict | "unable" | "no-keys" | "wrong-keys" | "another";

/** Verifies a proof in the browser, step by step; nothing is sent anywhere. */
export function ProofCheck({ proof, keys, receipt }: ProofCheckProps): React.JSX.Element {
    const { t } = useTranslation();
    const [outcome, setOutcome] = useState<Outcome>();
    useEffect(() => {
        let isWanted = true;
        setOutcome(undefined);
        void judge(proof, keys, receipt).then((judged) => {
            if (isWanted) setOutcome(judged);
        });
        return () => {
            isWanted = false;
        };
    }, [proof, keys, receipt]);
    if (outcome === undefined) return <Loading rows={4} />;
    if (outcome === "no-keys") {
        return (
            <Failed
                failure={{ kind: "failed", code: "AUDIT_KEYS", message: t("verify.noKeys"), items: [] }}
            />
        );
    }
    if (typeof outcome === "string") {
        return (
            <div className={outcome === "another" ? "state failed" : "state"} role="alert">
                <h3>{t(`verify.${outcome}`)}</h3>
                <p>{t(`verify.${outcome}Next`)}</p>
            </div>
        );
    }
    return <Judged verdict={outcome} isOwnKey={keys !== undefined} />;
}

async function judge(
    proof: ProofCheckProps["proof"],
    keys: string | undefined,
    receipt: string | undefined,
): Promise<Outcome> {
    if (!(await canVerify())) return "unable";
    let pem = keys;
    try {
        pem ??= await fetchAuditKeys();
    } catch {
        return "no-keys";
    }
    let trusted;
    try {
        trusted = parseKeys(pem);
    } catch {
        return "wrong-keys";
    }
    const verdict = await verifyProof(
        typeof proof === "string" ? new TextEncoder().encode(proof) : proof,
        trusted,
    );
    const isAnother = receipt !== undefined && verdict.flaw === null && verdict.shown?.receipt !== receipt;
    return isAnother ? "another" : verdict;
}

interface JudgedProps {
    readonly verdict: Verdict;
    readonly isOwnKey: boolean;
}

function Judged({ verdict: { flaw, shown }, isOwnKey }: JudgedProps): React.JSX.Element {
    const { t } = useTranslation();
    const failed = flaw === null ? STEPS.length : STEPS.indexOf(flaw);
    return (
        <div className={flaw === null ? "proof-check" : "proof-check broken"} role="status">
            <h3>{t(flaw === null ? "verify.holds" : "verify.broken")}</h3>
            <ol className="proof-steps">
                {STEPS.map((step, at) => {
                    const state = at < failed ? "held" : at === failed ? "failed" : "unasked";
                    return (
                        <li key={step} className={state}>
                            <strong>{t(`verify.steps.${step}`)}</strong>{" "}
                            <span className={state === "held" ? "yes" : state === "failed" ? "no" : "soft"}>
                                {t(`verify.${state}`)}
                            </span>
                            {state === "failed" && <p className="small">{t(`verify.flaws.${step}`)}</p>}
                        </li>
                    );
                })}
            </ol>
            {flaw === null && shown !== null && <Facts shown={shown} isOwnKey={isOwnKey} />}
        </div>
    );
}

function Facts({
    shown,
    isOwnKey,
}: {
    readonly shown: Shown;
    readonly isOwnKey: boolean;
}): React.JSX.Element {
    const { t } = useTranslation();
    const told: [string, React.ReactNode][] = [
        [t("verify.receipt"), <code key="receipt">{shown.receipt}</code>],
        [t("verify.signedAt"), showMoment(shown.signedAt)],
        [t("verify.checkpoint"), showCount(shown.checkpoint)],
        [t("verify.links"), showCount(shown.links)],
        [t("verify.key"), <code key="key">{shown.key}</code>],
    ];
    return (
        <>
            <dl className="proof-facts">
                {told.map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                ))}
            </dl>
            <p className="soft small">{t(isOwnKey ? "verify.byOwnKey" : "verify.byPortalKey")}</p>
            <details>
                <summary>{t("verify.text")}</summary>
                <pre className="proof-text">
                    <code>{JSON.stringify(JSON.parse(shown.record), null, 2)}</code>
                </pre>
            </details>
        </>
    );
}
