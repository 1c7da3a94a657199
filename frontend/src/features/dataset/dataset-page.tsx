import "@/features/dataset/dataset.css";

import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { Answered, Empty } from "@/components/states";
import { About } from "@/features/dataset/about";
import { Chart } from "@/features/dataset/chart";
import { DATA_SET, type DataSet, readableItems } from "@/features/dataset/entry";
import { Interface } from "@/features/dataset/interface";
import { Items } from "@/features/dataset/items";
import { Rows } from "@/features/dataset/rows";
import { Take } from "@/features/dataset/take";
import { showDay } from "@/lib/times";

const TABS = ["data", "chart", "items", "take", "interface", "about"] as const;
/** These say something of what may not be read, too. */
const ALWAYS: ReadonlySet<string> = new Set(["items", "interface", "about"]);
type Tab = (typeof TABS)[number];

/** A data set: what it is, its rows, its items, and how to take it. */
export function DatasetPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { base = "", number = "" } = useParams();
    const [question, ask] = useQuery({ query: DATA_SET, variables: { code: `${base}/${number}` } });
    return (
        <main className="page" id="main" tabIndex={-1}>
            <nav aria-label={t("dataset.where")} className="crumbs">
                <Link to="/catalog">{t("catalog.title")}</Link>
            </nav>
            {question.error === undefined && question.data?.catalogEntry === null ? (
                <Empty title={t("dataset.gone")}>{t("dataset.goneNext")}</Empty>
            ) : (
                <Answered question={{ ...question, data: question.data?.catalogEntry }} again={ask} rows={16}>
                    {(entry) => <Shown key={entry.code} entry={entry} />}
                </Answered>
            )}
        </main>
    );
}

function Shown({ entry }: { readonly entry: DataSet }): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const readable = readableItems(entry);
    const first: Tab = readable.length > 0 ? "data" : "items";
    const tabs = TABS.filter((tab) => readable.length > 0 || ALWAYS.has(tab));
    const wished = tabs.find((each) => each === address.get("tab")) ?? first;
    const pages: Record<Tab, React.JSX.Element> = {
        data: <Rows entry={entry} items={readable} />,
        chart: <Chart entry={entry} items={readable} />,
        items: <Items entry={entry} />,
        take: <Take entry={entry} items={readable} />,
        interface: <Interface code={entry.code} />,
        about: <About entry={entry} />,
    };
    return (
        <>
            <header className="dataset-head">
                <h1>{entry.name}</h1>
                <p className="abstract">{entry.abstract}</p>
                <dl className="facts">
                    <Fact name={t("dataset.provider")}>{entry.provider.name}</Fact>
                    <Fact name={t("dataset.cycle")}>{t(`catalog.cycles.${entry.updateCycle}`)}</Fact>
                    {entry.freshness !== null && (
                        <Fact name={t("dataset.updated")}>
                            <time dateTime={entry.freshness.updatedAt}>
                                {showDay(entry.freshness.updatedAt)}
                            </time>
                            {entry.freshness.isOverdue && (
                                <span className="overdue"> {t("catalog.overdue")}</span>
                            )}
                        </Fact>
                    )}
                    <Fact name={t("dataset.sharing")}>{t(`catalog.shareClasses.${entry.shareClass}`)}</Fact>
                    <Fact name={t("dataset.code")}>
                        <code>{entry.code}</code>
                    </Fact>
                </dl>
                {entry.open && (
                    <p className="report">
                        <Link to={`/report/${entry.code}`}>{t("ticket.report")}</Link>
                    </p>
                )}
            </header>
            <Tabs
                activeKey={wished}
                onChange={(tab) => {
                    const changed = new URLSearchParams(address);
                    changed.set("tab", tab);
                    setAddress(changed);
                }}
                items={tabs.map((tab) => ({
                    key: tab,
                    label: t(`dataset.tabs.${tab}`),
                    children: pages[tab],
                }))}
            />
        </>
    );
}

interface FactProps {
    readonly name: string;
    readonly children: React.ReactNode;
}

function Fact({ name, children }: FactProps): React.JSX.Element {
    return (
        <div>
            <dt>{name}</dt>
            <dd>{children}</dd>
        </div>
    );
}
