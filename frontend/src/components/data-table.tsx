import { Table, type TableProps } from "antd";

/** A table that scrolls within itself where it is wider than the page, by keyboard too; `label` says what is in it. */
export function DataTable<Row extends object>({
    label,
    ...table
}: TableProps<Row> & { readonly label: string }): React.JSX.Element {
    return (
        <div className="wide" role="region" aria-label={label} tabIndex={0}>
            <Table<Row> pagination={false} size="middle" showSorterTooltip={false} {...table} />
        </div>
    );
}
