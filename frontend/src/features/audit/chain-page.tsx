import "@/features/audit/audit.css";

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useClient } from "urql";

import { DataTable } from "@/components/data-table";
import { Empty, Failed, Loading } from "@/components/states";
import { type Standing, walkAlong } from "@/features/audit/walking";
import { readFailure } from "@/lib/asking";
import type { ChainFault, Walk } from "@/lib/chain";
import { toHex } from "@/lib/proof";
import { showCount, showMoment } from "@/lib/times";

/** The log verified in the page: the last checkpoints, or all behind the one that the address names. */
export function ChainPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const after = readNumber(address.get("after"));
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/audit">{t("audit.title")}</Link>
            </nav>
            <div>
                <h1>{t("chain.title")}</h1>
                <p className="soft">{t("chain.lead")}</p>
            </div>
            <p className="pages">
                {after === null ? (
                    <Link to="?after=0">{t("chain.whole")}</Link>
                ) : (
                    <Link to="/console/audit/chain">{t("chain.newest")}</Link>
                )}
            </p>
            <Walking key={after} after={after} />
        </>
    );
}

function readNumber(text: string | null): number | null {
    return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function Walking({ after }: { readonly after: number | null }): React.JSX.Element {
    const { t } = useTranslation();
    const client = useClient();
    const [standing, setStanding] = useState<Standing>();
    const [attempt, setAttempt] = useState(0);
    useEffect(() => {
        const stopped = { is: false };
        const walk = async (): Promise<void> => {
            for await (const reached of walkAlong(client, after)) {
                if (stopped.is) return;
                setStanding(reached);
            }
        };
        void walk();
        return () => {
            stopped.is = true;
        };
    }, [client, after, attempt]);
    const again = (): void => {
        setStanding(undefined);
        setAttempt(attempt + 1);
    };
    if (standing === undefined) return <Loading rows={6} />;
    if (standing.state === "failed" || standing.state === "no-keys") {
        const failure =
            standing.error === undefined
                ? { kind: "failed" as const, code: "AUDIT_KEYS", message: t("verify.noKeys"), items: [] }
                : readFailure(standing.error);
        return <Failed failure={failure} again={again} />;
    }
    if (standing.state === "unable") {
        return (
            <div className="state" role="alert">
                <h2>{t("verify.unable")}</h2>
                <p>{t("verify.unableNext")}</p>
            </div>
        );
    }
    return <Outcome standing={standing} after={after} />;
}

interface OutcomeProps {
    readonly standing: Standing;
    readonly after: number | null;
}

function Outcome({ standing, after }: OutcomeProps): React.JSX.Element {
    const { t } = useTranslation();
    const { walk, fault, until, state } = standing;
    if (state === "sound" && walk?.last === undefined)
        return <Empty title={t("chain.none")}>{t("chain.noneNext")}</Empty>;
    const number = walk?.last?.number ?? 0;
    return (
        <>
            {fault !== undefined && <Fault fault={fault} />}
            {state === "under-way" && (
                <div className="state" role="status">
                    <h2>{t("chain.underWay", { number: showCount(number), until: showCount(until) })}</h2>
                    <progress
                        aria-label={t("chain.title")}
                        value={number - (after ?? 0)}
                        max={until - (after ?? 0)}
                    />
                    <p className="soft">{t("chain.underWayNext")}</p>
                </div>
            )}
            {state === "sound" && (
                <div className="state" role="status">
                    <h2 className="yes">{t("chain.sound")}</h2>
                    <p>{t("chain.soundWhy")}</p>
                </div>
            )}
            {walk?.last !== undefined && <Walked walk={walk} last={walk.last} />}
        </>
    );
}

function Fault({ fault }: { readonly fault: ChainFault }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="state failed" role="alert">
            <h2>{t("chain.fault", { number: fault.checkpoint })}</h2>
            <p>{t(`chain.faults.${fault.flaw}`, { writer: fault.writer ?? "" })}</p>
            <p className="next">{t("chain.faultNext")}</p>
        </div>
    );
}

interface WalkedProps {
    readonly walk: Walk;
    readonly last: NonNullable<Walk["last"]>;
}

function Walked({ walk, last }: WalkedProps): React.JSX.Element {
    const { t } = useTranslation();
    const told: [string, React.ReactNode][] = [
        [t("chain.checkpoints"), showCount(walk.checkpoints)],
        [t("chain.records"), showCount(walk.records)],
        [t("chain.last"), `${showCount(last.number)} · ${showMoment(last.time)}`],
        [t("chain.hash"), <code key="hash">{last.hash}</code>],
        [t("verify.key"), <code key="key">{walk.signers.map(toHex).join()}</code>],
    ];
    const chains = [...walk.heads].sort(([one], [other]) => other - one);
    return (
        <section>
            <dl className="card record chain-facts">
                {told.map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                ))}
            </dl>
            <p className="soft small">{t("chain.witness")}</p>
            {walk.joined > 0 && <p className="soft small">{t("chain.joined", { count: walk.joined })}</p>}
            <h2>{t("chain.chains")}</h2>
            <DataTable
                label={t("chain.chains")}
                name="chains"
                exports
                rows={chains}
                keyOf={([writer]) => String(writer)}
                columns={[
                    { name: "writer", title: t("chain.writer"), text: ([writer]) => writer },
                    {
                        name: "last",
                        title: t("chain.lastRecord"),
                        text: ([writer, { sequence }]) => `${writer}-${sequence}`,
                        show: ([writer, { sequence }]) =>
                            sequence === 0 ? (
                                t("chain.begun")
                            ) : (
                                <Link
                                    to={`/console/audit/${writer}-${sequence}`}
                                >{`${writer}-${sequence}`}</Link>
                            ),
                    },
                    {
                        name: "hash",
                        title: t("chain.head"),
                        text: ([, { hash }]) => hash,
                        show: ([, { hash }]) => <code>{hash}</code>,
                    },
                ]}
            />
        </section>
    );
}
