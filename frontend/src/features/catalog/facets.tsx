import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { classesOf, type FilterName, pathToText, refined } from "@/features/catalog/wish";
import type { CatalogQuery } from "@/graphql/graphql";
import { showCount } from "@/lib/times";

type FoundFacets = CatalogQuery["catalog"]["facets"];

interface FacetsProps {
    readonly facets: FoundFacets;
    readonly address: URLSearchParams;
}

/** By what the found entries can be narrowed, and how many each choice leaves. */
export function Facets({ facets, address }: FacetsProps): React.JSX.Element {
    const { t } = useTranslation();
    const shown = { address };
    return (
        <nav className="facets" aria-label={t("catalog.filters")}>
            <Classes counts={facets.classification} address={address} />
            <Facet
                {...shown}
                name="provider"
                title={t("catalog.provider")}
                choices={facets.provider.map((each) => ({ ...each, text: each.name ?? each.value }))}
            />
            <Facet
                {...shown}
                name="updateCycle"
                title={t("catalog.cycle")}
                choices={facets.updateCycle.map((each) => ({
                    ...each,
                    text: t(`catalog.cycles.${each.value as "DAILY"}`),
                }))}
            />
            <Facet
                {...shown}
                name="shareClass"
                title={t("catalog.sharing")}
                choices={facets.shareClass.map((each) => ({
                    ...each,
                    text: t(`catalog.shareClasses.${each.value as "CONDITIONAL"}`),
                }))}
            />
            <Facet
                {...shown}
                name="kind"
                title={t("catalog.kind")}
                choices={facets.kind.map((each) => ({
                    ...each,
                    text: t(`catalog.kinds.${each.value as "BASIC"}`),
                }))}
            />
            <Facet
                {...shown}
                name="open"
                title={t("catalog.openness")}
                choices={facets.open.map((each) => ({
                    ...each,
                    text: t(`catalog.opens.${each.value as "true"}`),
                }))}
            />
        </nav>
    );
}

interface FacetProps {
    readonly name: FilterName;
    readonly title: string;
    readonly choices: readonly { readonly value: string; readonly text: string; readonly count: number }[];
    readonly address: URLSearchParams;
}

function Facet({ name, title, choices, address }: FacetProps): React.JSX.Element | null {
    const chosen = address.get(name);
    if (choices.length === 0) return null;
    return (
        <section>
            <h2>{title}</h2>
            <ul>
                {choices.map(({ value, text, count }) => (
                    <li key={value}>
                        <Link
                            to={refined(address, name, chosen === value ? null : value)}
                            aria-current={chosen === value ? "true" : undefined}
                        >
                            <span>{text}</span>
                            <span className="count">{showCount(count)}</span>
                        </Link>
                    </li>
                ))}
            </ul>
        </section>
    );
}

interface ClassesProps {
    readonly counts: FoundFacets["classification"];
    readonly address: URLSearchParams;
}

/** The tree of classes: the way to the chosen one open, the others closed. */
function Classes({ counts, address }: ClassesProps): React.JSX.Element | null {
    const { t } = useTranslation();
    const chosen = classesOf(address);
    const isShown = (path: readonly string[]): boolean =>
        path.slice(0, -1).every((part, place) => place === 0 || chosen[place] === part) &&
        (path.length <= 2 || chosen[path.length - 2] === path[path.length - 2]);
    const shown = counts.filter(({ path }) => isShown(path));
    if (shown.length === 0) return null;
    return (
        <section>
            <h2>{t("catalog.classes")}</h2>
            <ul>
                {shown.map(({ path, count }) => {
                    const isChosen = pathToText(path) === pathToText(chosen);
                    return (
                        <li key={pathToText(path)} className={`level-${path.length}`}>
                            <Link
                                to={refined(
                                    address,
                                    "class",
                                    isChosen ? pathToText(path.slice(0, -1)) : pathToText(path),
                                )}
                                aria-current={isChosen ? "true" : undefined}
                            >
                                <span>{path.at(-1)}</span>
                                <span className="count">{showCount(count)}</span>
                            </Link>
                        </li>
                    );
                })}
            </ul>
        </section>
    );
}
