import "@/components/data-table.css";

import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useQuery } from "urql";

import { Copied } from "@/components/copied";
import { Answered, Empty } from "@/components/states";
import { graphql } from "@/graphql";
import { type Block, type Line, readMarkdown } from "@/lib/markdown";

const DESCRIPTION = graphql(`
    query InterfaceDescription($code: String!) {
        catalogEntry(code: $code) {
            interfaceDescription
        }
    }
`);

/** The description of the entry's interface for who asks, its examples to be copied or tried; HTML in it is text. */
export function Interface({ code }: { readonly code: string }): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useQuery({ query: DESCRIPTION, variables: { code } });
    return (
        <Answered question={question} again={ask} rows={12}>
            {({ catalogEntry }) => {
                const description = catalogEntry?.interfaceDescription ?? "";
                if (description === "")
                    return <Empty title={t("dataset.gone")}>{t("dataset.goneNext")}</Empty>;
                return (
                    <div className="interface">
                        {readMarkdown(description)
                            // The first heading is the page's title.
                            .filter((block) => block.kind !== "heading" || block.level > 1)
                            .map((block, place) => (
                                <Part key={`${place} ${block.kind}`} block={block} entry={code} />
                            ))}
                    </div>
                );
            }}
        </Answered>
    );
}

interface PartProps {
    readonly block: Block;
    readonly entry: string;
}

function Part({ block, entry }: PartProps): React.JSX.Element {
    const { t } = useTranslation();
    switch (block.kind) {
        case "heading":
            return (
                <h2>
                    <Spans line={block.line} />
                </h2>
            );
        case "code":
            return (
                <>
                    <Copied text={block.text} label={`${t("dataset.example")} ${block.language}`} />
                    {block.language === "graphql" && (
                        <p>
                            <Link
                                to={`/explorer?${new URLSearchParams({ entry, query: block.text }).toString()}`}
                            >
                                {t("dataset.explore")}
                            </Link>
                        </p>
                    )}
                </>
            );
        case "paragraph":
            return (
                <p>
                    <Spans line={block.line} />
                </p>
            );
        case "list":
            return (
                <ul>
                    {block.points.map((point, place) => (
                        <li key={place}>
                            <Spans line={point} />
                        </li>
                    ))}
                </ul>
            );
        case "table":
            return <Table head={block.head} rows={block.rows} />;
    }
}

interface TableProps {
    readonly head: readonly Line[];
    readonly rows: readonly (readonly Line[])[];
}

function Table({ head, rows }: TableProps): React.JSX.Element {
    const label = (head[0] ?? []).map(({ text }) => text).join("");
    return (
        <div className="wide" role="region" aria-label={label} tabIndex={0}>
            <table className="data-table">
                <thead>
                    <tr>
                        {head.map((cell, place) => (
                            <th key={place} scope="col">
                                <Spans line={cell} />
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((row, at) => (
                        <tr key={at}>
                            {row.map((cell, place) => (
                                <td key={place}>
                                    <Spans line={cell} />
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Spans({ line }: { readonly line: Line }): React.JSX.Element {
    return <>{line.map(({ text, code }, place) => (code ? <code key={place}>{text}</code> : text))}</>;
}
