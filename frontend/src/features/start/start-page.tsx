import "@/features/start/start.css";

import { useTranslation } from "react-i18next";
import { Form, Link } from "react-router";
import { useQuery } from "urql";

import { EntryLine } from "@/components/entry-line";
import { Answered } from "@/components/states";
import { graphql } from "@/graphql";
import { type Account, readFacts } from "@/lib/facts";
import { signInAddress } from "@/lib/session";
import { showCount } from "@/lib/times";

const OPEN = graphql(`
    query OpenEntries {
        catalog(open: true, first: 100) {
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
            facets {
                provider {
                    value
                }
            }
        }
    }
`);

const NEWEST = 5;

/** What the portal is, what is new, and where each visitor goes on. */
export function StartPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useQuery({ query: OPEN });
    const { demonstration, accounts } = readFacts();
    return (
        <>
            <section className="opening">
                <div className="opening-row">
                    <h1>{t("start.title")}</h1>
                    <p className="lead">{t("start.lead")}</p>
                    <SearchForm />
                </div>
            </section>
            <main className="page start" id="main" tabIndex={-1}>
                {demonstration && accounts.length > 0 && <Persons accounts={accounts} />}
                <Answered question={question} again={ask} rows={10}>
                    {({ catalog }) => (
                        <section aria-labelledby="newest">
                            <div className="section-head">
                                <h2 id="newest">{t("start.newest")}</h2>
                                <p className="soft">
                                    <b>{showCount(catalog.totalCount)}</b> {t("start.dataSets")} ·{" "}
                                    <b>{showCount(catalog.facets.provider.length)}</b> {t("start.providers")}
                                </p>
                                <Link to="/catalog?open=true">{t("start.all")}</Link>
                            </div>
                            <ul className="entry-lines">
                                {[...catalog.nodes]
                                    .sort((one, other) =>
                                        (other.freshness?.updatedAt ?? "").localeCompare(
                                            one.freshness?.updatedAt ?? "",
                                        ),
                                    )
                                    .slice(0, NEWEST)
                                    .map((entry) => (
                                        <EntryLine key={entry.code} entry={entry} />
                                    ))}
                            </ul>
                        </section>
                    )}
                </Answered>
                <Roles />
                <p className="ticket-ways">
                    <Link to="/request">{t("ticket.request")}</Link>
                    <Link to="/ticket">{t("ticket.find")}</Link>
                </p>
            </main>
        </>
    );
}

function SearchForm(): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <Form action="/catalog" role="search" className="search">
            <label htmlFor="q" className="visually-hidden">
                {t("start.search")}
            </label>
            <input id="q" name="q" type="search" placeholder={t("start.searchHint")} autoComplete="off" />
            <button type="submit">{t("start.go")}</button>
        </Form>
    );
}

function Persons({ accounts }: { readonly accounts: readonly Account[] }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <section className="persons card" aria-labelledby="persons">
            <div className="section-head">
                <h2 id="persons">{t("start.persons")}</h2>
                <p className="soft small">{t("start.personsText")}</p>
            </div>
            <ul>
                {accounts.map((account) => (
                    <li key={account.id}>
                        <a href={signInAddress("/console", account.id)}>{account.name}</a>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Roles(): React.JSX.Element {
    const { t } = useTranslation();
    const ways = [
        ["public", "/catalog?open=true"],
        ["developers", "/explorer"],
        ["staff", "/console"],
    ] as const;
    return (
        <section aria-labelledby="how">
            <div className="section-head">
                <h2 id="how">{t("start.how")}</h2>
            </div>
            <div className="roles">
                {ways.map(([who, address]) => (
                    <article key={who} className="card">
                        <h3>
                            <Link to={address}>{t(`start.${who}Title`)}</Link>
                        </h3>
                        <p className="soft">{t(`start.${who}Text`)}</p>
                    </article>
                ))}
            </div>
        </section>
    );
}
