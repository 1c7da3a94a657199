import { Button, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "urql";

import { Failed } from "@/components/states";
import { ConsumerChooser } from "@/features/policies/choosers";
import type { Testable } from "@/features/policies/condition";
import { graphql } from "@/graphql";
import type { TriedQuery } from "@/graphql/graphql";
import { type Failure, readFailure } from "@/lib/asking";

const TRIED = graphql(`
    query Tried(
        $change: Document
        $resource: String!
        $rows: Document!
        $application: String
        $supposed: SupposedViewer
        $purpose: Purpose
        $matter: String
    ) {
        trial(
            change: $change
            resource: $resource
            rows: $rows
            application: $application
            supposed: $supposed
            purpose: $purpose
            matter: $matter
        ) {
            items {
                item
                code
                policies
                cells {
                    permitted
                    value
                }
            }
            returned
        }
    }
`);

type Tried = TriedQuery["trial"];
type Row = Readonly<Record<string, string>>;

interface TrialProps {
    readonly change: unknown;
    readonly resource: string;
    readonly items: readonly Testable[];
    readonly purposes: readonly string[];
}

/** Rows that are made up here, seen through the eyes of a chosen subject; no shared row is read. */
export function TrialOfRows({ change, resource, items, purposes }: TrialProps): React.JSX.Element {
    const { t } = useTranslation();
    const client = useClient();
    const [rows, setRows] = useState<readonly Row[]>([{}]);
    const [viewer, setViewer] = useState("public");
    const [purpose, setPurpose] = useState("");
    const [told, setTold] = useState<{ tried: Tried | null; failure: Failure | null }>({
        tried: null,
        failure: null,
    });
    const tryRows = async (): Promise<void> => {
        const { data, error } = await client.query(TRIED, {
            change,
            resource,
            rows: rows.map((row) =>
                Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== "")),
            ),
            ...viewerOf(viewer),
            purpose: purpose === "" ? null : purpose.toUpperCase(),
        });
        setTold({ tried: data?.trial ?? null, failure: error === undefined ? null : readFailure(error) });
    };
    return (
        <section className="trial">
            <h3>{t("policies.trial")}</h3>
            <p className="soft small">{t("policies.trialHint")}</p>
            <div className="record-form">
                <div className="field">
                    <label htmlFor="viewer">{t("policies.viewer")}</label>
                    <ConsumerChooser id="viewer" value={viewer} onChoose={setViewer} />
                </div>
                <div className="field">
                    <label htmlFor="tried-purpose">{t("policies.purposes")}</label>
                    <Select
                        id="tried-purpose"
                        value={purpose}
                        onChange={setPurpose}
                        options={["", ...purposes].map((value) => ({
                            value,
                            label: value === "" ? t("policies.unstated") : value.toUpperCase(),
                        }))}
                    />
                </div>
            </div>
            <TriedRows {...{ items, rows, setRows, tried: told.tried }} />
            <p className="actions">
                <Button
                    onClick={() => {
                        setRows([...rows, {}]);
                    }}
                >
                    {t("policies.addRow")}
                </Button>
                <Button
                    type="primary"
                    onClick={() => {
                        void tryRows();
                    }}
                >
                    {t("policies.tryRows")}
                </Button>
            </p>
            {told.failure !== null && <Failed failure={told.failure} />}
        </section>
    );
}

function viewerOf(viewer: string): {
    application?: string;
    supposed?: { department: string; authLevel: number; zone: string };
} {
    const [kind, key = ""] = viewer.split(":");
    if (kind === "application") return { application: key };
    // Somebody of the department with the highest level, from the government's network.
    return kind === "department" ? { supposed: { department: key, authLevel: 3, zone: "government" } } : {};
}

interface RowsProps {
    readonly items: readonly Testable[];
    readonly rows: readonly Row[];
    readonly setRows: (rows: readonly Row[]) => void;
    readonly tried: Tried | null;
}

function TriedRows({ items, rows, setRows, tried }: RowsProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="wide" role="region" aria-label={t("policies.trial")} tabIndex={0}>
            <table className="data-table">
                <thead>
                    <tr>
                        <th scope="col">{t("policies.tried")}</th>
                        {items.map(({ name, label }) => (
                            <th scope="col" key={name}>
                                {label}
                                <Refused
                                    code={tried?.items.find(({ item }) => item === name)?.code ?? null}
                                />
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((row, number) => (
                        <tr key={number}>
                            <td className="whole">
                                {String(number + 1)} <Returned returned={tried?.returned[number]} />
                            </td>
                            {items.map(({ name, label }) => (
                                <td key={name}>
                                    <Input
                                        aria-label={`${label}, ${String(number + 1)}`}
                                        value={row[name] ?? ""}
                                        onChange={({ target }) => {
                                            const changed = { ...row, [name]: target.value };
                                            setRows(rows.map((one, at) => (at === number ? changed : one)));
                                        }}
                                    />
                                    <Shown
                                        cell={tried?.items.find(({ item }) => item === name)?.cells[number]}
                                    />
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Refused({ code }: { readonly code: string | null }): React.JSX.Element | null {
    return code === null ? null : <code className="no">{code}</code>;
}

function Returned({ returned }: { readonly returned: boolean | undefined }): React.JSX.Element | null {
    const { t } = useTranslation();
    if (returned === undefined) return null;
    return (
        <span className={returned ? "yes small" : "no small"}>
            {t(returned ? "policies.returned" : "policies.notReturned")}
        </span>
    );
}

function Shown({
    cell,
}: {
    readonly cell: Tried["items"][number]["cells"][number] | undefined;
}): React.JSX.Element | null {
    const { t } = useTranslation();
    if (cell === undefined) return null;
    if (!cell.permitted) return <span className="no small">{t("policies.hidden")}</span>;
    return <span className="yes small">{cell.value ?? t("policies.null")}</span>;
}
