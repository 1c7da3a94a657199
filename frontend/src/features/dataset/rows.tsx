import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import type { DataSet, Item } from "@/features/dataset/entry";
import { Branches } from "@/features/dataset/branches";
import { FilterBar } from "@/features/dataset/filter-bar";
import { choosable } from "@/features/dataset/levels";
import { conditionOf, readView, type RowsView, writeView } from "@/features/dataset/view";
import { type RowsAnswer, rowsDocument } from "@/lib/rows";
import { showCount, showMoment } from "@/lib/times";

interface RowsProps {
    readonly entry: DataSet;
    readonly items: readonly Item[];
}

/** The rows as a table: filtered, ordered and paged by the portal; how they are looked at stands in the address. */
export function Rows({ entry, items }: RowsProps): React.JSX.Element {
    const [address, setAddress] = useSearchParams();
    const view = readView(address, items);
    const [question, ask] = useQuery<{ shared: { rows: RowsAnswer | null } }>(
        rowsDocument({
            entry: entry.identifier,
            items: items.map(({ identifier }) => identifier),
            first: view.size,
            after: view.after ?? undefined,
            where: conditionOf(view.filters, items),
            orderBy:
                view.order === null
                    ? undefined
                    : [{ [view.order.item]: view.order.descending ? "DESC" : "ASC" }],
        }),
    );
    const change = (changed: Partial<RowsView>): void => {
        setAddress(writeView({ ...view, after: null, ...changed }), { preventScrollReset: true });
    };
    return (
        <>
            <FilterBar
                items={items}
                filters={view.filters}
                onChange={(filters) => {
                    change({ filters });
                }}
            />
            <LevelChoice {...{ entry, items, view, change }}>
                <Answered question={{ ...question, data: question.data?.shared.rows }} again={ask} rows={20}>
                    {(rows) => <RowsTable {...{ rows, items, view, change }} />}
                </Answered>
            </LevelChoice>
        </>
    );
}

interface LevelChoiceProps extends RowsProps {
    readonly view: RowsView;
    readonly change: (changed: Partial<RowsView>) => void;
    readonly children: React.ReactNode;
}

/** Beside the rows, where an item's codes stand in levels: a tree of them, opened and closed by a button. */
function LevelChoice({ entry, items, view, change, children }: LevelChoiceProps): React.JSX.Element {
    const { t } = useTranslation();
    const hierarchies = choosable(entry, items);
    const opened = hierarchies.find(({ item }) => item === view.tree);
    const nameOf = (name: string): string =>
        items.find(({ identifier }) => identifier === name)?.name ?? name;
    if (hierarchies.length === 0) return <>{children}</>;
    return (
        <>
            <p className="level-choice">
                {hierarchies.map(({ item }) => (
                    <Button
                        key={item}
                        aria-expanded={item === view.tree}
                        onClick={() => {
                            change({ tree: item === view.tree ? null : item, after: view.after });
                        }}
                    >
                        {t("dataset.branches", { name: nameOf(item) })}
                    </Button>
                ))}
            </p>
            <div className={opened === undefined ? undefined : "beside"}>
                {opened !== undefined && (
                    <Branches
                        key={opened.item}
                        hierarchy={opened}
                        name={nameOf(opened.item)}
                        filters={view.filters}
                        onChange={(filters) => {
                            change({ filters });
                        }}
                    />
                )}
                <div>{children}</div>
            </div>
        </>
    );
}

interface RowsTableProps {
    readonly rows: RowsAnswer;
    readonly items: readonly Item[];
    readonly view: RowsView;
    readonly change: (changed: Partial<RowsView>) => void;
}

type Row = RowsAnswer["nodes"][number];

function RowsTable({ rows, items, view, change }: RowsTableProps): React.JSX.Element {
    const { t } = useTranslation();
    const columns: Column<Row>[] = items.map((item) => ({
        name: item.identifier,
        title: item.name,
        show: (row) => <Cell value={row[item.identifier]} item={item} />,
        whole: !isLong(item),
        ...(item.type === "integer" || item.type === "decimal" ? { align: "right" as const } : {}),
    }));
    if (rows.nodes.length === 0)
        return (
            <Empty title={t("dataset.noRows")}>
                {t(view.filters.length > 0 ? "dataset.noRowsNext" : "dataset.noRowsYet")}
            </Empty>
        );
    return (
        <>
            <p className="soft small rows-told">
                {t("dataset.rows", { count: rows.totalCount, shown: showCount(rows.totalCount) })}
                {rows.access.updatedAt !== null &&
                    ` · ${t("catalog.updated", { when: showMoment(rows.access.updatedAt) })}`}
            </p>
            <DataTable<Row>
                label={t("dataset.tabs.data")}
                name="rows"
                rows={rows.nodes}
                keyOf={(_, place) => String(place)}
                columns={columns}
                order={
                    view.order === null ? null : { name: view.order.item, descending: view.order.descending }
                }
                onOrder={(order) => {
                    change({
                        order: order === null ? null : { item: order.name, descending: order.descending },
                    });
                }}
            />
            <div className="pages">
                <span className="soft small">{t("dataset.receipt", { receipt: rows.access.receipt })}</span>
                {view.after !== null && (
                    <Link to={`?${writeView({ ...view, after: null }).toString()}`}>
                        {t("catalog.first")}
                    </Link>
                )}
                {rows.pageInfo.hasNextPage && (
                    <Link to={`?${writeView({ ...view, after: rows.pageInfo.endCursor }).toString()}`}>
                        {t("catalog.next")}
                    </Link>
                )}
            </div>
        </>
    );
}

/** Texts that are read in several lines, if they have the room. */
function isLong({ type, length }: Item): boolean {
    return type === "json" || (type === "string" && (length ?? 0) > 20);
}

interface CellProps {
    readonly value: unknown;
    readonly item: Item;
}

function Cell({ value, item }: CellProps): React.JSX.Element | string {
    const { t } = useTranslation();
    if (value === null || value === undefined) return <span className="soft">{t("dataset.missing")}</span>;
    if (typeof value === "boolean") return t(value ? "dataset.yes" : "dataset.no");
    if (item.type === "datetime" && typeof value === "string") return showMoment(value);
    if (typeof value !== "string" && typeof value !== "number") return <code>{JSON.stringify(value)}</code>;
    return isLong(item) && String(value).length > 8 ? <span className="long">{value}</span> : String(value);
}
