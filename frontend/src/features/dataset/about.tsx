import { Descriptions } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { DataSet } from "@/features/dataset/entry";
import { joinWords } from "@/lib/language";
import { showDay } from "@/lib/times";

/** All that the catalog says of the entry; what isn't told isn't listed. */
export function About({ entry }: { readonly entry: DataSet }): React.JSX.Element {
    const { t } = useTranslation();
    const told: [string, React.ReactNode][] = [
        [t("dataset.identifier"), <code key="identifier">{entry.identifier}</code>],
        [t("dataset.unit"), entry.providerUnit],
        [t("dataset.classes"), entry.classification.filter((part) => part !== "").join(" › ")],
        [t("dataset.keywords"), joinWords(entry.keywords)],
        [t("dataset.kind"), t(`catalog.kinds.${entry.kind}`)],
        [t("dataset.published"), entry.publishedOn === null ? null : showDay(entry.publishedOn)],
        [t("dataset.due"), entry.freshness?.dueAt == null ? null : showDay(entry.freshness.dueAt)],
        [t("dataset.shareCondition"), entry.shareCondition],
        [t("dataset.openCondition"), entry.openCondition],
        [t("dataset.requirements"), entry.useRequirements],
        [t("dataset.basis"), entry.legalBasis],
        [t("dataset.key"), <code key="key">{entry.key.join(", ")}</code>],
        [
            t("dataset.related"),
            entry.relatedEntries.length === 0 ? null : <Related key="related" entry={entry} />,
        ],
    ];
    return (
        <Descriptions
            bordered
            column={1}
            items={told
                .filter(([, value]) => value !== null && value !== "")
                .map(([label, children]) => ({ key: label, label, children }))}
        />
    );
}

function Related({ entry }: { readonly entry: DataSet }): React.JSX.Element {
    return (
        <ul className="related">
            {entry.relatedEntries.map((other) => (
                <li key={other.code}>
                    <Link to={`/catalog/${other.code}`}>{other.name}</Link>
                </li>
            ))}
        </ul>
    );
}
