import "@/components/data-table.css";

import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { handOver, writeCsv } from "@/lib/csv";

/** A column. `text` is what it is ordered and exported by; without it, it is neither. `show` is what stands in the cell. */
export interface Column<Row> {
    readonly name: string;
    readonly title: string;
    readonly text?: (row: Row) => string | number;
    readonly show?: (row: Row) => ReactNode;
    readonly align?: "right";
    /** Is never broken over lines: moments, receipts. */
    readonly whole?: boolean;
}

export interface Order {
    readonly name: string;
    readonly descending: boolean;
}

interface DataTableProps<Row> {
    /** What the table holds, for who doesn't see it; `name` is what its state is called in the address. */
    readonly label: string;
    readonly name: string;
    readonly rows: readonly Row[];
    readonly keyOf: (row: Row, place: number) => string;
    readonly columns: readonly Column<Row>[];
    /** Where the portal orders: how it did, and what to do when another order is wished; null is its own. */
    readonly order?: Order | null;
    readonly onOrder?: (order: Order | null) => void;
    readonly exports?: boolean;
}

/** A table made for reading: ordered by its heads, exported as CSV, scrolling within itself where it is too wide. */
export function DataTable<Row>(table: DataTableProps<Row>): React.JSX.Element {
    const { t } = useTranslation();
    const { label, name, rows, keyOf, columns, exports = false } = table;
    const [order, setOrder] = useOrder(table);
    const sorted = table.onOrder === undefined ? inOrder(rows, columns, order) : rows;
    const download = (): void => {
        const written = columns.filter(({ text }) => text !== undefined);
        const lines = sorted.map((row) => written.map(({ text }) => String(text?.(row) ?? "")));
        handOver(
            writeCsv([written.map(({ title }) => title), ...lines]),
            `${name}.csv`,
            "text/csv;charset=utf-8",
        );
    };
    return (
        <>
            <div className="wide" role="region" aria-label={label} tabIndex={0}>
                <table className="data-table">
                    <thead>
                        <tr>
                            {columns.map((column) => (
                                <Head
                                    key={column.name}
                                    {...{ column, order, setOrder, mayOrder: mayOrder(column, table) }}
                                />
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {sorted.map((row, place) => (
                            <tr key={keyOf(row, place)}>
                                {columns.map(({ name: column, align, whole = false, show, text }) => (
                                    <td key={column} className={whole ? "whole" : align}>
                                        {show === undefined ? text?.(row) : show(row)}
                                    </td>
                                ))}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
            {exports && (
                <button type="button" className="plain small export" onClick={download}>
                    {t("states.export")}
                </button>
            )}
        </>
    );
}

function mayOrder<Row>(column: Column<Row>, { onOrder }: DataTableProps<Row>): boolean {
    return column.text !== undefined || onOrder !== undefined;
}

function useOrder<Row>({
    name,
    order,
    onOrder,
}: DataTableProps<Row>): [Order | null, (order: Order | null) => void] {
    const [address, setAddress] = useSearchParams();
    if (onOrder !== undefined) return [order ?? null, onOrder];
    const [column, direction] = (address.get(`${name}-order`) ?? "").split(".");
    const own =
        column === undefined || column === "" ? null : { name: column, descending: direction === "desc" };
    const setOwn = (wished: Order | null): void => {
        const changed = new URLSearchParams(address);
        changed.delete(`${name}-order`);
        if (wished !== null)
            changed.set(`${name}-order`, `${wished.name}.${wished.descending ? "desc" : "asc"}`);
        setAddress(changed, { preventScrollReset: true, replace: true });
    };
    return [own, setOwn];
}

function inOrder<Row>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    order: Order | null,
): readonly Row[] {
    const text = columns.find(({ name }) => name === order?.name)?.text;
    if (text === undefined || order === null) return rows;
    const sign = order.descending ? -1 : 1;
    return [...rows].sort((one, other) => sign * compared(text(one), text(other)));
}

function compared(one: string | number, other: string | number): number {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "zh-CN", { numeric: true });
}

interface HeadProps<Row> {
    readonly column: Column<Row>;
    readonly order: Order | null;
    readonly setOrder: (order: Order | null) => void;
    readonly mayOrder: boolean;
}

function Head<Row>({ column, order, setOrder, mayOrder: may }: HeadProps<Row>): React.JSX.Element {
    const own = order?.name === column.name ? order : null;
    const sorted = own === null ? "none" : own.descending ? "descending" : "ascending";
    const next =
        own === null
            ? { name: column.name, descending: false }
            : own.descending
              ? null
              : { ...own, descending: true };
    if (!may)
        return (
            <th scope="col" className={column.align}>
                {column.title}
            </th>
        );
    return (
        <th scope="col" className={column.align} aria-sort={sorted}>
            <button
                type="button"
                onClick={() => {
                    setOrder(next);
                }}
            >
                {column.title}
                <span aria-hidden="true" className={`arrow ${sorted}`} />
            </button>
        </th>
    );
}
