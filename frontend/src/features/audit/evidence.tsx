import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "urql";

import { Failed } from "@/components/states";
import { graphql } from "@/graphql";
import type { AuditEvidenceQueryVariables } from "@/graphql/graphql";
import { type Failure, readFailure } from "@/lib/asking";
import { handOver } from "@/lib/csv";
import { showCount } from "@/lib/times";

const EVIDENCE = graphql(`
    query AuditEvidence(
        $subject: String
        $department: String
        $entry: String
        $purpose: Purpose
        $decision: AuditDecision
        $since: DateTime
        $until: DateTime
    ) {
        auditEvidence(
            subject: $subject
            department: $department
            entry: $entry
            purpose: $purpose
            decision: $decision
            since: $since
            until: $until
        ) {
            name
            records
            uncovered
            content
        }
    }
`);

type Exported = { readonly records: number; readonly uncovered: number } | Failure;

/** Takes all that a search finds away, with proofs that anybody verifies without the portal. */
export function Evidence({ search }: { readonly search: AuditEvidenceQueryVariables }): React.JSX.Element {
    const { t } = useTranslation();
    const client = useClient();
    const [busy, setBusy] = useState(false);
    const [exported, setExported] = useState<Exported>();
    const take = async (): Promise<void> => {
        setBusy(true);
        setExported(undefined);
        const { data, error } = await client.query(EVIDENCE, search);
        setBusy(false);
        if (error !== undefined) setExported(readFailure(error));
        if (data === undefined) return;
        const { name, content, records, uncovered } = data.auditEvidence;
        handOver(
            Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0)),
            name,
            "application/zip",
        );
        setExported({ records, uncovered });
    };
    return (
        <section className="evidence">
            <Button loading={busy} onClick={() => void take()}>
                {t("audit.evidence")}
            </Button>{" "}
            <span className="soft small">{t("audit.evidenceHint")}</span>
            {exported !== undefined &&
                ("kind" in exported ? (
                    <Failed failure={exported} again={() => void take()} />
                ) : (
                    <p role="status">
                        {t("audit.evidenceTaken", { records: showCount(exported.records) })}{" "}
                        {exported.uncovered > 0 &&
                            t("audit.evidenceUncovered", { uncovered: showCount(exported.uncovered) })}{" "}
                        <code>{COMMAND}</code>
                    </p>
                ))}
        </section>
    );
}

const COMMAND = "portal-verify evidence evidence-… --key audit.pem";
