import "@/components/proof-check.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ProofCheck } from "@/components/proof-check";

/** A proof is a record and hashes; one a hundred times as long isn't one. */
const MOST_OCTETS = 64 * 1024 * 1024;

const COMMAND = "portal-verify receipt receipt-1-1.json --key audit.pem";

/** Verifies a proof that somebody keeps in a file, against the portal's keys or keys of their own. */
export function VerifyPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [proof, setProof] = useState<Uint8Array<ArrayBuffer>>();
    const [keys, setKeys] = useState<string>();
    const [isTooLong, setTooLong] = useState(false);
    const takeProof = async (file: File | undefined): Promise<void> => {
        const isLong = file !== undefined && file.size > MOST_OCTETS;
        setTooLong(isLong);
        setProof(file === undefined || isLong ? undefined : new Uint8Array(await file.arrayBuffer()));
    };
    const takeKeys = async (file: File | undefined): Promise<void> => {
        setKeys(file === undefined || file.size > MOST_OCTETS ? undefined : await file.text());
    };
    return (
        <main id="main" tabIndex={-1} className="page narrow">
            <h1>{t("verify.title")}</h1>
            <p className="soft">{t("verify.lead")}</p>
            <form
                className="card"
                onSubmit={(event) => {
                    event.preventDefault();
                }}
            >
                <FileField
                    id="proof"
                    label={t("verify.proof")}
                    hint={t("verify.proofHint")}
                    take={takeProof}
                />
                <FileField id="keys" label={t("verify.keys")} hint={t("verify.keysHint")} take={takeKeys} />
            </form>
            {isTooLong && (
                <div className="state failed" role="alert">
                    <h2>{t("verify.tooLong")}</h2>
                </div>
            )}
            {proof !== undefined && <ProofCheck proof={proof} keys={keys} />}
            <section>
                <h2>{t("verify.without")}</h2>
                <p>{t("verify.withoutWhy")}</p>
                <pre className="proof-text">
                    <code>{COMMAND}</code>
                </pre>
            </section>
        </main>
    );
}

interface FileFieldProps {
    readonly id: string;
    readonly label: string;
    readonly hint: string;
    readonly take: (file: File | undefined) => Promise<void>;
}

function FileField({ id, label, hint, take }: FileFieldProps): React.JSX.Element {
    return (
        <div className="field file-field">
            <label htmlFor={id}>{label}</label>
            <input
                id={id}
                type="file"
                accept={id === "proof" ? ".json,application/json" : ".pem"}
                aria-describedby={`${id}-hint`}
                onChange={({ target }) => {
                    void take(target.files?.[0]);
                }}
            />
            <p id={`${id}-hint`} className="soft small">
                {hint}
            </p>
        </div>
    );
}
