import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { joinWords } from "@/lib/language";
import { showMoment } from "@/lib/times";

/** Return purposes in words; null is a question that states none. */
export function writePurposes(t: TFunction, purposes: readonly (string | null)[]): string {
    return joinWords(purposes.map((purpose) => purpose?.toLowerCase() ?? t("seen.noPurpose")));
}

interface NamedProps {
    readonly all: readonly string[];
    readonly addressOf: (one: string) => string | null;
}

/** Names, each with its page where it has one. */
export function Named({ all, addressOf }: NamedProps): React.JSX.Element {
    return (
        <>
            {all.map((one, at) => {
                const address = addressOf(one);
                return (
                    <span key={one}>
                        {at > 0 && "、"}
                        {address === null ? <code>{one}</code> : <Link to={address}>{one}</Link>}
                    </span>
                );
            })}
        </>
    );
}

export function Ends({ until }: { readonly until: string | null }): React.JSX.Element {
    const { t } = useTranslation();
    return <>{until === null ? t("policies.noEnd") : showMoment(until)}</>;
}

interface ExtentProps {
    readonly scoped: boolean;
    readonly conditional: boolean;
}

/** Whether it is all rows, and under all circumstances. */
export function Extent({ scoped, conditional }: ExtentProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            {t(scoped ? "seen.scoped" : "seen.everyRow")}
            {conditional && <> · {t("seen.conditional")}</>}
        </>
    );
}
