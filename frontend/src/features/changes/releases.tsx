import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered } from "@/components/states";
import { type Release, REPORTED, type Report } from "@/features/changes/change";
import { itemAddress } from "@/features/seen/places";
import { showCount, showMoment } from "@/lib/times";

/** So many combinations are shown at first. */
const SHOWN = 12;

interface ReleasesProps {
    readonly id: number;
    /** The version that is looked at: another one is reported on anew. */
    readonly version: number;
    readonly releases: readonly Release[];
    /** The seals of the reports that were shown, by entry. */
    readonly looked: ReadonlyMap<string, string>;
    readonly onLooked: (entry: string, seal: string) => void;
}

/** What the change opens to everybody, and for each entry by what its rows could be told apart; one after the other. */
export function Releases({ id, version, releases, looked, onLooked }: ReleasesProps): React.JSX.Element {
    const { t } = useTranslation();
    const next = releases.find(({ entry }) => !looked.has(entry))?.entry;
    return (
        <section className="card">
            <h2>{t("releases.title")}</h2>
            <p className="soft">{t("releases.lead")}</p>
            {next !== undefined && releases.length > 1 && (
                <p role="status">{t("releases.progress", { done: looked.size, all: releases.length })}</p>
            )}
            {releases.map((release) => (
                <Reported
                    key={`${release.entry} ${String(version)}`}
                    {...{ id, release, onLooked }}
                    waits={release.entry !== next && !looked.has(release.entry)}
                />
            ))}
        </section>
    );
}

interface ReportedProps extends Pick<ReleasesProps, "id" | "onLooked"> {
    readonly release: Release;
    readonly waits: boolean;
}

function Reported({ id, release, onLooked, waits }: ReportedProps): React.JSX.Element {
    const { t } = useTranslation();
    const { entry, title, items, since } = release;
    const [question, ask] = useQuery({
        query: REPORTED,
        variables: { id, entry },
        pause: waits,
        // The seal is of the version and the rows of now.
        requestPolicy: "network-only",
    });
    const seal = question.data?.changeSet.releases[0]?.report.lookedAt;
    useEffect(() => {
        if (seal !== undefined) onLooked(entry, seal);
    }, [seal, entry, onLooked]);
    return (
        <section aria-label={title}>
            <h3>
                {title} <code className="soft small">{entry}</code>
            </h3>
            <p>{t("releases.given", { items: items.join(t("releases.comma")), since: showMoment(since) })}</p>
            {waits ? (
                <p className="soft">{t("releases.waits")}</p>
            ) : (
                <Answered question={question} again={ask} rows={4}>
                    {({ changeSet }) =>
                        changeSet.releases.map(({ report }) => <Found key={entry} {...{ entry, report }} />)
                    }
                </Answered>
            )}
        </section>
    );
}

type Combination = Report["combinations"][number];
type Encounter = Report["encounters"][number];

function Found({ entry, report }: { readonly entry: string; readonly report: Report }): React.JSX.Element {
    const { t } = useTranslation();
    const [isWhole, setWhole] = useState(false);
    const { combinations, encounters, rows, smallestGroup, unweighed } = report;
    const ordered = riskiest(combinations);
    const worst = Math.max(0, ...combinations.map(({ alone }) => alone ?? 0));
    const small = Math.max(0, ...combinations.map(({ inSmall }) => inSmall ?? 0));
    const isUncounted = rows === null || combinations.some(({ groups }) => groups === null);
    const encounterColumns = useEncounterColumns();
    const told = {
        rows: showCount(rows ?? 0),
        alone: showCount(worst),
        small: showCount(small),
        smallestGroup,
    };
    return (
        <>
            <p className={worst + small > 0 || isUncounted ? "no" : "yes"}>
                {rows === null
                    ? t("releases.uncounted")
                    : t(worst + small > 0 ? "releases.alone" : "releases.none", told)}
            </p>
            <DataTable
                label={t("releases.combinations", { entry })}
                name={`told-apart-${entry}`}
                rows={isWhole ? ordered : ordered.slice(0, SHOWN)}
                keyOf={({ items }) => items.join()}
                columns={useCombinationColumns(smallestGroup)}
                exports
            />
            {!isWhole && ordered.length > SHOWN && (
                <p>
                    <Button
                        onClick={() => {
                            setWhole(true);
                        }}
                    >
                        {t("releases.all", { count: ordered.length })}
                    </Button>
                </p>
            )}
            {report.leftOut.length > 0 && (
                <p className="soft">{t("releases.leftOut", { items: report.leftOut.join() })}</p>
            )}
            {unweighed > 0 && <p className="no">{t("releases.unweighed", { count: unweighed })}</p>}
            <h4>{t("releases.encounters")}</h4>
            {encounters.length === 0 ? (
                <p className="soft">{t("releases.noEncounters")}</p>
            ) : (
                <DataTable
                    label={t("releases.meetings", { entry })}
                    name={`met-${entry}`}
                    rows={encounters}
                    keyOf={({ entry: other, items }) => `${other} ${items.join()}`}
                    columns={encounterColumns}
                />
            )}
        </>
    );
}

/** Return the combinations, those first that tell the most rows apart with the fewest items. */
export function riskiest(combinations: readonly Combination[]): readonly Combination[] {
    const risk = ({ alone, inSmall }: Combination): number => (alone ?? Infinity) + (inSmall ?? Infinity);
    return combinations.toSorted((one, other) => {
        const more = risk(other) - risk(one);
        return Number.isNaN(more) || more === 0 ? one.items.length - other.items.length : more;
    });
}

function useCombinationColumns(smallest: number): readonly Column<Combination>[] {
    const { t } = useTranslation();
    const counted = (name: "groups" | "alone" | "inSmall", title: string): Column<Combination> => ({
        name,
        title,
        align: "right",
        text: (row) => row[name] ?? -1,
        show: (row) => (row[name] === null ? t("releases.notCounted") : showCount(row[name])),
    });
    return [
        { name: "items", title: t("releases.items"), text: ({ items }) => items.join(t("releases.comma")) },
        counted("groups", t("releases.groups")),
        counted("alone", t("releases.rowsAlone")),
        counted("inSmall", t("releases.rowsInSmall", { smallest })),
    ];
}

function useEncounterColumns(): readonly Column<Encounter>[] {
    const { t } = useTranslation();
    const counted = (name: "rows" | "alone", title: string): Column<Encounter> => ({
        name,
        title,
        align: "right",
        show: (row) => (row[name] === null ? t("releases.notCounted") : showCount(row[name])),
    });
    return [
        {
            name: "entry",
            title: t("releases.other"),
            show: ({ entry, itsItems }) => (
                <Link to={itemAddress(entry, itsItems[0] ?? "", null)}>{entry}</Link>
            ),
        },
        {
            name: "pairs",
            title: t("releases.by"),
            show: ({ items, itsItems }) =>
                items.map((own, place) => `${own} = ${itsItems[place] ?? ""}`).join(t("releases.comma")),
        },
        counted("rows", t("releases.fit")),
        counted("alone", t("releases.fitAlone")),
    ];
}
