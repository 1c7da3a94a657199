import "@/features/policies/policies.css";

import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { ItemChooser, ViewerChooser } from "@/features/seen/choosing";
import { readMoment, viewerAddress } from "@/features/seen/places";
import { Ends, Extent, Named, writePurposes } from "@/features/seen/terms";
import { graphql } from "@/graphql";
import type { WhoSeesQuery } from "@/graphql/graphql";
import { joinWords } from "@/lib/language";

const WHO = graphql(`
    query WhoSees($resource: String!, $item: String!, $at: DateTime) {
        whoCanSee(resource: $resource, item: $item, at: $at) {
            who
            purposes
            modes
            matters
            until
            scoped
            conditional
            policies
            text
        }
    }
`);

const NAMES = graphql(`
    query EntryAndItemNames($code: String!) {
        catalogEntry(code: $code) {
            name
            items {
                identifier
                name
            }
        }
    }
`);

/** Where questions of who sees what begin: of an item, or of somebody. */
export function SeenPage(): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <div>
                <h1>{t("seen.title")}</h1>
                <p className="soft">{t("seen.lead")}</p>
            </div>
            <section>
                <h2>{t("seen.whoTitle")}</h2>
                <ItemChooser />
            </section>
            <section>
                <h2>{t("seen.whatTitle")}</h2>
                <ViewerChooser />
            </section>
        </>
    );
}

/** Who can see an item, now or at the moment that the address names. */
export function WhoPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { base = "", number = "", item = "" } = useParams();
    const [address] = useSearchParams();
    const resource = `${base}/${number}`;
    const [question, ask] = useQuery({ query: WHO, variables: { resource, item, at: readMoment(address) } });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/seen">{t("seen.title")}</Link>
            </nav>
            <div>
                <h1>{t("seen.whoTitle")}</h1>
                <Subject resource={resource} item={item} />
            </div>
            <ItemChooser key={`${resource} ${item} ${address.toString()}`} entry={resource} item={item} />
            <Answered question={question} again={ask} rows={8}>
                {({ whoCanSee }) => <Sights found={whoCanSee} />}
            </Answered>
        </>
    );
}

interface SubjectProps {
    readonly resource: string;
    readonly item: string;
}

/** The item that is asked about, by its names as far as they are known. */
function Subject({ resource, item }: SubjectProps): React.JSX.Element {
    const [{ data }] = useQuery({ query: NAMES, variables: { code: resource } });
    const entry = data?.catalogEntry;
    const name = entry?.items.find(({ identifier }) => identifier === item)?.name;
    return (
        <p>
            <Link to={`/catalog/${resource}`}>{entry?.name ?? resource}</Link>
            {name === undefined ? "" : ` · ${name}`}{" "}
            <code className="soft">
                {resource} {item}
            </code>
        </p>
    );
}

function Sights({ found }: { readonly found: WhoSeesQuery["whoCanSee"] }): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    if (found.length === 0) return <Empty title={t("seen.nobody")}>{t("seen.nobodyNext")}</Empty>;
    return (
        <DataTable
            label={t("seen.whoTitle")}
            name="who"
            exports
            rows={found}
            keyOf={({ text }) => text}
            columns={[
                {
                    name: "who",
                    title: t("seen.who"),
                    text: ({ who }) => joinWords(who),
                    show: ({ who }) => (
                        <Named all={who} addressOf={(one) => viewerAddress(one, address.get("at"))} />
                    ),
                },
                {
                    name: "purposes",
                    title: t("seen.purposes"),
                    text: ({ purposes }) => writePurposes(t, purposes),
                },
                {
                    name: "modes",
                    title: t("seen.modes"),
                    text: ({ modes }) => joinWords(modes.map((mode) => t(`seen.modeNames.${mode}`))),
                },
                {
                    whole: true,
                    name: "until",
                    title: t("seen.until"),
                    text: ({ until }) => until ?? "",
                    show: ({ until }) => <Ends until={until} />,
                },
                {
                    name: "extent",
                    title: t("seen.extent"),
                    text: (sight) =>
                        [sight.scoped && "scoped", sight.conditional && "conditional"]
                            .filter(Boolean)
                            .join(" "),
                    show: ({ scoped, conditional }) => <Extent scoped={scoped} conditional={conditional} />,
                },
                {
                    name: "policies",
                    title: t("seen.policies"),
                    text: ({ policies }) => joinWords(policies),
                    show: ({ policies }) => (
                        <Named all={policies} addressOf={(id) => `/console/policies/${id}`} />
                    ),
                },
            ]}
        />
    );
}
