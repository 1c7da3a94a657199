import "@/features/policies/policies.css";

import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { Acts } from "@/features/changes/acts";
import { ASSESSED, type ChangeSet, type Shown, SHOWN } from "@/features/changes/change";
import { Releases } from "@/features/changes/releases";
import { differences } from "@/features/policies/differences";
import { type Assessment, Faults, ImpactTable } from "@/features/policies/live-check";
import { showMoment } from "@/lib/times";

/** A change set: how far it came, what it changes, what it would do now, and what may be done with it. */
export function ChangePage(): React.JSX.Element {
    const { t } = useTranslation();
    const { id = "" } = useParams();
    const [question, ask] = useQuery({
        query: SHOWN,
        variables: { id: Number(id) },
        pause: !/^\d{1,9}$/.test(id),
    });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/changes">{t("changes.title")}</Link>
            </nav>
            {/^\d{1,9}$/.test(id) ? (
                <Answered question={question} again={ask} rows={14}>
                    {(shown) => (
                        <Whole
                            key={shown.changeSet.id}
                            shown={shown}
                            again={() => {
                                ask({ requestPolicy: "network-only" });
                            }}
                        />
                    )}
                </Answered>
            ) : (
                <Empty title={t("changes.wrongNumber")}>{t("changes.wrongNumberNext")}</Empty>
            )}
        </>
    );
}

interface WholeProps {
    readonly shown: Shown;
    readonly again: () => void;
}

function Whole({ shown, again }: WholeProps): React.JSX.Element {
    const { t } = useTranslation();
    const change = shown.changeSet;
    const isOpen = ["DRAFT", "CHECKED", "SUBMITTED", "APPROVED"].includes(change.state);
    const [assessed, assess] = useQuery({
        query: ASSESSED,
        variables: { id: change.id },
        pause: !isOpen,
    });
    const found = assessed.data?.changeSet.assessment;
    const releases = isOpen ? (assessed.data?.changeSet.releases ?? []) : [];
    const [looked, setLooked] = useLooked(change);
    return (
        <>
            <h1>{change.title}</h1>
            <p>
                <strong>{t(`changes.states.${change.state}`)}</strong> ·{" "}
                {t("changes.change", { id: change.id })} · {t(`changes.kinds.${change.kind}`)} ·{" "}
                {change.author}
            </p>
            <p>{change.reason}</p>
            {change.activatesAt !== null && (
                <p>
                    {t("changes.activates")}: {showMoment(change.activatesAt)}
                </p>
            )}
            <Progress change={change} />
            <Differences change={change} />
            {isOpen && (
                <section className="card">
                    <h2>{t("changes.assessment")}</h2>
                    <Answered question={assessed} again={assess}>
                        {({ changeSet }) => <Assessed found={changeSet.assessment} />}
                    </Answered>
                </section>
            )}
            {releases.length > 0 && (
                <Releases
                    {...{ id: change.id, version: change.version, releases, looked }}
                    onLooked={setLooked}
                />
            )}
            <Acts
                shown={shown}
                looked={releases.every(({ entry }) => looked.has(entry)) ? [...looked.values()] : null}
                tally={found === undefined ? null : tallyOf(found)}
                onDone={() => {
                    again();
                    if (isOpen) assess({ requestPolicy: "network-only" });
                }}
            />
        </>
    );
}

/** Return the seals of the reports that were shown of this version of the change, by entry, and what adds one. */
function useLooked({
    version,
}: ChangeSet): readonly [ReadonlyMap<string, string>, (entry: string, seal: string) => void] {
    const [kept, keep] = useState({ version, seals: NONE });
    const add = useCallback(
        (entry: string, seal: string): void => {
            keep((before) => ({
                version,
                seals: new Map([...(before.version === version ? before.seals : NONE), [entry, seal]]),
            }));
        },
        [version],
    );
    return [kept.version === version ? kept.seals : NONE, add];
}

const NONE: ReadonlyMap<string, string> = new Map();
const GAINS = new Set(["OPENED", "WIDENED", "UNMASKED", "LIMIT_RAISED"]);

/** Return how many parties gain, and how many lose something. */
export function tallyOf({ impact }: Pick<Assessment, "impact">): { gaining: number; losing: number } {
    const parties = (gains: boolean): number =>
        new Set(impact.filter(({ way }) => GAINS.has(way) === gains).flatMap(({ who }) => who)).size;
    return { gaining: parties(true), losing: parties(false) };
}

function Progress({ change }: { readonly change: ChangeSet }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section>
            <h2>{t("changes.history")}</h2>
            <ol className="steps">
                {change.steps.map(({ version, step, madeAt, madeBy, note }) => (
                    <li key={version}>
                        <strong>{t(`changes.steps.${step}`)}</strong> {madeBy}{" "}
                        <span className="soft small">{showMoment(madeAt)}</span>{" "}
                        {note !== "" && <q>{note}</q>}
                    </li>
                ))}
            </ol>
        </section>
    );
}

function Assessed({ found }: { readonly found: Assessment }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <p className={found.isSound ? "yes" : "no"}>
                {t(found.isSound ? "changes.sound" : "changes.unsound")}
            </p>
            <Faults found={found} />
            <ul className="faults">
                {found.guarantees.map(({ name, holds, accepted, counterExample }) => (
                    <li key={name} className={holds ? undefined : "no"}>
                        {t(`policies.promises.${name as "opens_nothing_unshared"}`)}:{" "}
                        {t(holds ? "changes.holds" : accepted ? "changes.accepted" : "changes.fails")}{" "}
                        <span className="small">{counterExample}</span>
                    </li>
                ))}
            </ul>
            <ImpactTable impact={found.impact} />
        </>
    );
}

function Differences({ change }: { readonly change: ChangeSet }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section>
            <h2>{t("changes.differences")}</h2>
            <p className="soft">
                {t(change.epoch === null ? "changes.differencesNow" : "changes.differencesThen")}
            </p>
            {change.differences.length === 0 && <p>{t("changes.noDifferences")}</p>}
            <ul className="versions">
                {change.differences.map((one) => (
                    <li key={`${one.kind} ${one.id}`} className="card">
                        <h3>
                            {t(`changes.things.${one.kind}`)} <Thing {...{ one }} /> ·{" "}
                            {t(`changes.hows.${howOf(one)}`)}
                        </h3>
                        <Members {...{ one }} />
                    </li>
                ))}
            </ul>
        </section>
    );
}

type Difference = ChangeSet["differences"][number];

function howOf({ before, after }: Difference): "added" | "changed" | "withdrawn" {
    return before === null ? "added" : after === null ? "withdrawn" : "changed";
}

function Thing({ one }: { readonly one: Difference }): React.JSX.Element {
    const to = { POLICY: "policies", AGREEMENT: "agreements" }[one.kind as "POLICY"] as string | undefined;
    return to === undefined ? <code>{one.id}</code> : <Link to={`/console/${to}/${one.id}`}>{one.id}</Link>;
}

function Members({ one }: { readonly one: Difference }): React.JSX.Element {
    const { t } = useTranslation();
    const found = differences(one.before ?? {}, one.after ?? {});
    return (
        <div className="wide" role="region" aria-label={one.id} tabIndex={0}>
            <table className="data-table">
                <thead>
                    <tr>
                        <th scope="col">{t("changes.member")}</th>
                        <th scope="col">{t("changes.before")}</th>
                        <th scope="col">{t("changes.after")}</th>
                    </tr>
                </thead>
                <tbody>
                    {found.map(({ path, before, after }) => (
                        <tr key={path}>
                            <td className="whole">
                                <code>{path}</code>
                            </td>
                            <td>
                                <del>{before}</del>
                            </td>
                            <td>
                                <ins>{after}</ins>
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
