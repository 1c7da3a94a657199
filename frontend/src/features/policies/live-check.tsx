import { Checkbox } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Failed, Loading } from "@/components/states";
import { graphql } from "@/graphql";
import type { ForeseenQuery } from "@/graphql/graphql";
import { type Failure, readFailure } from "@/lib/asking";
import { joinWords } from "@/lib/language";
import { showMoment } from "@/lib/times";

const FORESEEN = graphql(`
    query Foreseen($change: Document!) {
        foreseenChange(change: $change) {
            isSound
            faults {
                place
                what
                mend
            }
            findings {
                kind
                severity
                policies
                what
                mend
            }
            brokenExpectations
            guarantees {
                name
                holds
                accepted
                counterExample
            }
            impact {
                who
                resource
                way
                items
                purposes
                modes
                since
                until
                rowsBefore
                rowsAfter
                text
            }
        }
    }
`);

export type Assessment = ForeseenQuery["foreseenChange"];
type Impact = Assessment["impact"][number];
/** So long nothing more is typed before the portal is asked, in milliseconds. */
const QUIET = 600;

export interface Foreseen {
    readonly found: Assessment | null;
    readonly failure: Failure | null;
    readonly busy: boolean;
}

interface VerdictProps {
    readonly foreseen: Foreseen;
    readonly isEmpty: boolean;
    readonly accepted: readonly string[];
    readonly onAccepted: (accepted: readonly string[]) => void;
}

/** Whether the change could be submitted as it is written now, and what is wrong with it. */
export function Verdict({ foreseen, isEmpty, accepted, onAccepted }: VerdictProps): React.JSX.Element {
    const { t } = useTranslation();
    const { found, failure, busy } = foreseen;
    if (isEmpty) return <p className="soft">{t("policies.nothingYet")}</p>;
    if (failure !== null) return <Failed failure={failure} />;
    if (found === null) return <Loading rows={4} />;
    return (
        <div aria-busy={busy} aria-live="polite" className={busy ? "renewing" : undefined}>
            <p className={found.isSound ? "yes" : "no"}>
                {t(found.isSound ? "policies.sound" : "policies.unsound")}
            </p>
            <Faults found={found} />
            <Guarantees {...{ found, accepted, onAccepted }} />
        </div>
    );
}

/** What the change would do, as it is being written: asked of the portal anew whenever the typing pauses. */
export function useForeseen(change: unknown, isEmpty: boolean): Foreseen {
    const client = useClient();
    const [told, setTold] = useState<{ found: Assessment | null; failure: Failure | null; of: string }>({
        found: null,
        failure: null,
        of: "",
    });
    const written = JSON.stringify(change);
    useEffect(() => {
        if (isEmpty) return undefined;
        let isWanted = true;
        const ask = async (): Promise<void> => {
            const { data, error } = await client.query(FORESEEN, { change: JSON.parse(written) as unknown });
            if (isWanted)
                setTold({
                    found: data?.foreseenChange ?? null,
                    failure: error === undefined ? null : readFailure(error),
                    of: written,
                });
        };
        const timer = setTimeout(() => {
            void ask();
        }, QUIET);
        return () => {
            isWanted = false;
            clearTimeout(timer);
        };
    }, [client, written, isEmpty]);
    return { ...told, busy: told.of !== written };
}

/** What is wrong, and what was found: where, and how to mend it. */
export function Faults({ found }: { readonly found: Assessment }): React.JSX.Element | null {
    const { t } = useTranslation();
    const told = [
        ...found.faults.map(({ place, what, mend }) => ({ place, what, mend, grave: true })),
        ...found.findings.map(({ policies, what, mend, severity }) => ({
            place: policies.join(", "),
            what,
            mend,
            grave: severity === "fault",
        })),
        ...found.brokenExpectations.map((what) => ({ place: "", what, mend: "", grave: true })),
    ];
    if (told.length === 0) return null;
    return (
        <ul className="faults" aria-label={t("policies.faults")}>
            {told.map(({ place, what, mend, grave }) => (
                <li key={`${place} ${what}`} className={grave ? "no" : undefined}>
                    {what} {place !== "" && <code>{place}</code>}
                    {mend !== "" && <span className="soft small"> {mend}</span>}
                </li>
            ))}
        </ul>
    );
}

type GuaranteesProps = Pick<VerdictProps, "accepted" | "onAccepted"> & { readonly found: Assessment };

/** What a change promises, and where it doesn't: whoever means it says so, and who approves reads it. */
function Guarantees({ found, accepted, onAccepted }: GuaranteesProps): React.JSX.Element | null {
    const { t } = useTranslation();
    const broken = found.guarantees.filter(({ holds }) => !holds);
    if (broken.length === 0) return null;
    return (
        <fieldset className="whole">
            <legend>{t("policies.guarantees")}</legend>
            {broken.map(({ name, counterExample }) => (
                <div key={name}>
                    <p>{t(`policies.promises.${name as "opens_nothing_unshared"}`)}</p>
                    <p className="small">{counterExample}</p>
                    <Checkbox
                        checked={accepted.includes(name)}
                        onChange={({ target }) => {
                            const others = accepted.filter((one) => one !== name);
                            onAccepted(target.checked ? [...others, name] : others);
                        }}
                    >
                        {t("policies.accept")}
                    </Checkbox>
                </div>
            ))}
        </fieldset>
    );
}

/** Who would gain and who would lose what. */
export function ImpactTable({ impact }: { readonly impact: readonly Impact[] }): React.JSX.Element {
    const { t } = useTranslation();
    if (impact.length === 0) return <p className="soft">{t("policies.noImpact")}</p>;
    const shown = (rows: number | null): string => (rows === null ? "?" : String(rows));
    const columns: readonly Column<Impact>[] = [
        { name: "way", title: t("policies.turn"), text: ({ way }) => t(`policies.ways.${way}`) },
        { name: "who", title: t("policies.who"), text: ({ who }) => joinWords(who) },
        { name: "resource", title: t("policies.resource"), text: ({ resource }) => resource, whole: true },
        { name: "items", title: t("policies.items"), text: ({ items }) => joinWords(items) },
        {
            name: "purposes",
            title: t("policies.purposes"),
            text: ({ purposes }) => joinWords(purposes.map((one) => one ?? t("policies.unstated"))),
        },
        {
            name: "period",
            title: t("policies.period"),
            text: ({ since, until }) =>
                `${showMoment(since)} – ${until === null ? t("policies.noEnd") : showMoment(until)}`,
        },
        {
            name: "rows",
            title: t("policies.rows"),
            text: ({ rowsBefore, rowsAfter }) => `${shown(rowsBefore)} → ${shown(rowsAfter)}`,
            align: "right",
        },
    ];
    return (
        <section>
            <h2>{t("policies.impact")}</h2>
            <DataTable
                label={t("policies.impact")}
                name="impact"
                exports
                rows={impact}
                keyOf={({ text }, place) => `${text} ${String(place)}`}
                columns={columns}
            />
        </section>
    );
}
