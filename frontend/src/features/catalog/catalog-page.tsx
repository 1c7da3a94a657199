import "@/features/catalog/catalog.css";

import { useTranslation } from "react-i18next";
import { Form, Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { EntryLine } from "@/components/entry-line";
import { Answered, Empty } from "@/components/states";
import { Facets } from "@/features/catalog/facets";
import { FILTERS, readWish } from "@/features/catalog/wish";
import { graphql } from "@/graphql";
import type { CatalogQuery } from "@/graphql/graphql";

const CATALOG = graphql(`
    query Catalog(
        $search: String
        $kind: EntryKind
        $provider: String
        $shareClass: ShareClass
        $open: Boolean
        $updateCycle: UpdateCycle
        $classification: [String!]
        $first: Int
        $after: String
    ) {
        catalog(
            search: $search
            kind: $kind
            provider: $provider
            shareClass: $shareClass
            open: $open
            updateCycle: $updateCycle
            classification: $classification
            first: $first
            after: $after
        ) {
            totalCount
            nodes {
                code
                name
                abstract
                open
                updateCycle
                provider {
                    name
                }
                freshness {
                    updatedAt
                    isOverdue
                }
            }
            pageInfo {
                hasNextPage
                endCursor
            }
            facets {
                classification {
                    path
                    count
                }
                kind {
                    value
                    count
                }
                provider {
                    value
                    name
                    count
                }
                shareClass {
                    value
                    count
                }
                open {
                    value
                    count
                }
                updateCycle {
                    value
                    count
                }
            }
        }
    }
`);

/** The catalog: search, facets, classes, and what fits; all of it in the address. */
export function CatalogPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const [question, ask] = useQuery({ query: CATALOG, variables: readWish(address) });
    return (
        <main className="page" id="main" tabIndex={-1}>
            <h1>{t("catalog.title")}</h1>
            <Form role="search" className="catalog-search">
                <label htmlFor="q" className="visually-hidden">
                    {t("catalog.search")}
                </label>
                <input
                    id="q"
                    key={address.get("q")}
                    name="q"
                    type="search"
                    defaultValue={address.get("q") ?? ""}
                    placeholder={t("start.searchHint")}
                    autoComplete="off"
                />
                {[...FILTERS, "class" as const].map((name) => {
                    const value = address.get(name);
                    return value === null ? null : (
                        <input key={name} type="hidden" name={name} value={value} />
                    );
                })}
                <button type="submit">{t("catalog.go")}</button>
            </Form>
            <Answered question={question} again={ask} rows={14}>
                {({ catalog }) => <Found catalog={catalog} address={address} />}
            </Answered>
        </main>
    );
}

interface FoundProps {
    readonly catalog: CatalogQuery["catalog"];
    readonly address: URLSearchParams;
}

function Found({ catalog, address }: FoundProps): React.JSX.Element {
    const { t } = useTranslation();
    const isFiltered = [...address.keys()].some((name) => name !== "after");
    const after = new URLSearchParams(address);
    after.set("after", catalog.pageInfo.endCursor ?? "");
    const first = new URLSearchParams(address);
    first.delete("after");
    return (
        <div className="catalog-found">
            <Facets facets={catalog.facets} address={address} />
            <section aria-live="polite">
                <div className="found-head">
                    <p>{t("catalog.found", { count: catalog.totalCount })}</p>
                    {isFiltered && <Link to="/catalog">{t("catalog.clear")}</Link>}
                </div>
                {catalog.nodes.length === 0 ? (
                    <Empty title={t("catalog.none")}>
                        <p>{t("catalog.noneNext")}</p>
                        <Link to="/request">{t("ticket.request")}</Link>
                    </Empty>
                ) : (
                    <ul className="entry-lines">
                        {catalog.nodes.map((entry) => (
                            <EntryLine key={entry.code} entry={entry} />
                        ))}
                    </ul>
                )}
                <p className="pages">
                    {address.has("after") && <Link to={`?${first.toString()}`}>{t("catalog.first")}</Link>}
                    {catalog.pageInfo.hasNextPage && (
                        <Link to={`?${after.toString()}`}>{t("catalog.next")}</Link>
                    )}
                </p>
            </section>
        </div>
    );
}
