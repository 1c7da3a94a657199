import { useTranslation } from "react-i18next";

import type { ExploredEntry, ToldError } from "@/features/explorer/question";

interface RefusalsProps {
    readonly refusals: readonly ToldError[];
    readonly entry: ExploredEntry | null;
}

/** Why the last answer lacks something: the portal's own words, and what would change it. */
export function Refusals({ refusals, entry }: RefusalsProps): React.JSX.Element | null {
    const { t } = useTranslation();
    if (refusals.length === 0) return null;
    return (
        <div className="state refused" role="alert">
            <h2>{t("explorer.refused")}</h2>
            {refusals.map((refusal) => (
                <div key={`${refusal.path} ${refusal.code} ${refusal.message}`}>
                    <p>
                        {refusal.message} <code>{refusal.code}</code>
                    </p>
                    {refusal.path !== "" && (
                        <p className="soft small">
                            {t("explorer.where")}: {refusal.path}
                        </p>
                    )}
                    <ul>
                        {advices(refusal, entry).map(([name, advice]) => (
                            <li key={name}>
                                <b>{name}</b>: {advice}
                            </li>
                        ))}
                    </ul>
                </div>
            ))}
        </div>
    );
}

function advices(refusal: ToldError, entry: ExploredEntry | null): readonly (readonly [string, string])[] {
    return (entry?.items ?? []).flatMap(({ identifier, name, access }) =>
        refusal.items.includes(identifier) && access?.advice != null ? [[name, access.advice] as const] : [],
    );
}
