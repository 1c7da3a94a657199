import "@/components/entry-line.css";

import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { showDay } from "@/lib/times";

/** What a line of the catalog tells of an entry. */
export interface ListedEntry {
    readonly code: string;
    readonly name: string;
    readonly abstract: string;
    readonly open: boolean;
    readonly updateCycle: keyof typeof import("@/texts/zh/catalog").catalog.cycles;
    readonly provider: { readonly name: string };
    readonly freshness?: { readonly updatedAt: string; readonly isOverdue: boolean } | null;
}

/** An entry among others, with the way to its page. */
export function EntryLine({ entry }: { readonly entry: ListedEntry }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <li className="entry-line">
            <h3>
                <Link to={`/catalog/${entry.code}`}>{entry.name}</Link>
                {entry.open && <span className="mark">{t("catalog.open")}</span>}
            </h3>
            <p className="abstract">{entry.abstract}</p>
            <p className="facts">
                <span>{entry.provider.name}</span>
                <span>{t(`catalog.cycles.${entry.updateCycle}`)}</span>
                {entry.freshness != null && (
                    <span className={entry.freshness.isOverdue ? "overdue" : undefined}>
                        {t("catalog.updated", { when: showDay(entry.freshness.updatedAt) })}
                        {entry.freshness.isOverdue && ` (${t("catalog.overdue")})`}
                    </span>
                )}
            </p>
        </li>
    );
}
