import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import type { DataSet, Item } from "@/features/dataset/entry";
import { conditionOf, readView } from "@/features/dataset/view";
import { type GroupsAnswer, groupsDocument } from "@/lib/rows";
import { showCount } from "@/lib/times";

const SHOWN = 30;

interface ChartProps {
    readonly entry: DataSet;
    readonly items: readonly Item[];
}

/** The rows counted by an item, under the filters of the table; small groups the portal withholds from the public. */
export function Chart({ entry, items }: ChartProps): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const countable = items.filter(({ type }) => type !== "json");
    const by =
        countable.find(({ identifier }) => identifier === address.get("by")) ?? proposed(countable, entry);
    return (
        <>
            <div className="filter-bar">
                <label htmlFor="by">{t("dataset.countBy")}</label>
                <Select
                    id="by"
                    value={by?.identifier ?? null}
                    onChange={(name) => {
                        const changed = new URLSearchParams(address);
                        changed.set("by", name);
                        setAddress(changed, { preventScrollReset: true });
                    }}
                    options={countable.map(({ identifier, name }) => ({ value: identifier, label: name }))}
                />
            </div>
            {by !== undefined && <Counts key={by.identifier} {...{ entry, items, by }} />}
        </>
    );
}

/** What is most worth counting by: a truth, else a short text that isn't the key. */
function proposed(items: readonly Item[], { key }: DataSet): Item | undefined {
    const others = items.filter(({ identifier }) => !key.includes(identifier));
    const texts = others.filter(({ type }) => type === "string");
    const shortest = [...texts].sort((one, other) => (one.length ?? 0) - (other.length ?? 0));
    return shortest[0] ?? others.find(({ type }) => type === "boolean") ?? items[0];
}

function Counts({ entry, items, by }: ChartProps & { readonly by: Item }): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const where = conditionOf(readView(address, items).filters, items) ?? null;
    const [question, ask] = useQuery<{ shared: { rows: GroupsAnswer | null } }>({
        query: groupsDocument(entry.identifier, by.identifier),
        variables: { where, first: SHOWN },
    });
    return (
        <Answered question={{ ...question, data: question.data?.shared.rows }} again={ask} rows={12}>
            {({ groups, totalCount }) =>
                groups.length === 0 ? (
                    <Empty title={t("dataset.noGroups")}>{t("dataset.noGroupsNext")}</Empty>
                ) : (
                    <>
                        <p className="soft small">
                            {t("dataset.grouped", {
                                shown: showCount(groups.length),
                                all: showCount(totalCount),
                            })}
                        </p>
                        <Bars groups={groups} by={by} />
                    </>
                )
            }
        </Answered>
    );
}

function Bars({
    groups,
    by,
}: {
    readonly groups: GroupsAnswer["groups"];
    readonly by: Item;
}): React.JSX.Element {
    const { t } = useTranslation();
    const most = Math.max(...groups.map(({ count }) => count), 1);
    const nameOf = (value: unknown): string => {
        if (typeof value === "boolean") return t(value ? "dataset.yes" : "dataset.no");
        return typeof value === "string" || typeof value === "number" ? String(value) : t("dataset.missing");
    };
    return (
        <DataTable
            label={t("dataset.tabs.chart")}
            name="groups"
            exports
            rows={groups}
            keyOf={({ key }) => JSON.stringify(key)}
            columns={[
                { name: "key", title: by.name, text: ({ key }) => nameOf(key[0]) },
                {
                    name: "count",
                    title: t("dataset.count"),
                    text: ({ count }) => count,
                    show: ({ count, key }) => (
                        <span className="bar">
                            <meter min={0} max={most} value={count} aria-label={nameOf(key[0])} />{" "}
                            {showCount(count)}
                        </span>
                    ),
                },
            ]}
        />
    );
}
