import "@/features/policies/policies.css";

import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { ViewerChooser } from "@/features/seen/choosing";
import { itemAddress, readViewer } from "@/features/seen/places";
import { Ends, Extent, Named, writePurposes } from "@/features/seen/terms";
import { graphql } from "@/graphql";
import type { WhatIsSeenQuery } from "@/graphql/graphql";
import { joinWords } from "@/lib/language";

const WHAT = graphql(`
    query WhatIsSeen($application: String, $user: String, $supposed: SupposedViewer, $at: DateTime) {
        whatCanSee(application: $application, user: $user, supposed: $supposed, at: $at) {
            resource
            name
            items
            purposes
            modes
            matters
            until
            scoped
            text
        }
    }
`);

/** What somebody can see: a department as it is supposed to be, an application, a person, or the public. */
export function WhatPage(): React.JSX.Element {
    const { t } = useTranslation();
    const { kind, key = "" } = useParams();
    const [address] = useSearchParams();
    const who = kind === undefined ? "public" : `${kind}:${key}`;
    const [question, ask] = useQuery({ query: WHAT, variables: readViewer(kind, key, address) });
    return (
        <>
            <nav className="crumbs" aria-label={t("dataset.where")}>
                <Link to="/console/seen">{t("seen.title")}</Link>
            </nav>
            <div>
                <h1>{t("seen.whatTitle")}</h1>
                <p>{who === "public" ? t("policies.public") : <code>{who}</code>}</p>
            </div>
            <ViewerChooser key={`${who} ${address.toString()}`} who={who} />
            <Answered question={question} again={ask} rows={8}>
                {({ whatCanSee }) => <Permissions found={whatCanSee} />}
            </Answered>
        </>
    );
}

function Permissions({ found }: { readonly found: WhatIsSeenQuery["whatCanSee"] }): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    if (found.length === 0) return <Empty title={t("seen.nothing")}>{t("seen.nothingNext")}</Empty>;
    return (
        <DataTable
            label={t("seen.whatTitle")}
            name="what"
            exports
            rows={found}
            keyOf={({ text }) => text}
            columns={[
                {
                    name: "entry",
                    title: t("seen.entry"),
                    text: ({ resource, name }) => `${name} ${resource}`,
                    show: ({ resource, name }) => (
                        <>
                            <Link to={`/catalog/${resource}`}>{name}</Link>
                            <br />
                            <code className="soft small">{resource}</code>
                        </>
                    ),
                    whole: true,
                },
                {
                    name: "items",
                    title: t("seen.items"),
                    text: ({ items }) => joinWords(items),
                    show: ({ items, resource }) => (
                        <Named
                            all={items}
                            addressOf={(item) => itemAddress(resource, item, address.get("at"))}
                        />
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
                    name: "matters",
                    title: t("seen.matter"),
                    text: ({ matters }) => joinWords(matters.map((matter) => matter ?? t("seen.anyhow"))),
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
                    text: ({ scoped }) => (scoped ? "scoped" : ""),
                    show: ({ scoped }) => <Extent scoped={scoped} conditional={false} />,
                },
            ]}
        />
    );
}
