import "@/features/policies/policies.css";

import { Select } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { graphql } from "@/graphql";
import type { ChangeListQuery } from "@/graphql/graphql";
import { showMoment } from "@/lib/times";

const LISTED = graphql(`
    query ChangeList($states: [ChangeState!], $first: Int!, $after: Int) {
        changeSets(states: $states, first: $first, after: $after) {
            id
            title
            author
            state
            kind
            approvedBy
            activatesAt
            changedAt
        }
    }
`);

type Listed = ChangeListQuery["changeSets"][number];

const STATES = [
    "DRAFT",
    "CHECKED",
    "SUBMITTED",
    "APPROVED",
    "ACTIVE",
    "SUPERSEDED",
    "REJECTED",
    "WITHDRAWN",
] as const;
const PAGE = 20;

/** The change sets, newest first: in which state each is, and who awaits whom. */
export function ChangesPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const state = STATES.find((one) => one === address.get("state"));
    const after = address.get("after");
    const [question, ask] = useQuery({
        query: LISTED,
        // One more than is shown tells whether there are older ones.
        variables: {
            states: state === undefined ? null : [state],
            first: PAGE + 1,
            after: after === null ? null : Number(after),
        },
    });
    return (
        <>
            <div>
                <h1>{t("changes.title")}</h1>
                <p className="soft">{t("changes.lead")}</p>
                <p className="actions">
                    <Link className="button" to="/console/changes/new">
                        {t("changes.draftNew")}
                    </Link>
                </p>
            </div>
            <div className="record-form">
                <div className="field">
                    <label htmlFor="state">{t("changes.filter")}</label>
                    <Select
                        id="state"
                        value={state ?? ""}
                        onChange={(chosen: string) => {
                            setAddress(chosen === "" ? {} : { state: chosen });
                        }}
                        options={[
                            { value: "", label: t("changes.all") },
                            ...STATES.map((one) => ({
                                value: one,
                                label: t(`changes.states.${one}`),
                            })),
                        ]}
                    />
                </div>
            </div>
            <Answered question={question} again={ask} rows={10}>
                {({ changeSets }) => <Found found={changeSets} isFiltered={state !== undefined} />}
            </Answered>
        </>
    );
}

interface FoundProps {
    readonly found: readonly Listed[];
    readonly isFiltered: boolean;
}

function Found({ found, isFiltered }: FoundProps): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    if (found.length === 0)
        return isFiltered ? (
            <Empty title={t("changes.noneInState")}>{t("changes.noneInStateNext")}</Empty>
        ) : (
            <Empty title={t("changes.none")}>{t("changes.noneNext")}</Empty>
        );
    const shown = found.slice(0, PAGE);
    const next = new URLSearchParams(address);
    next.set("after", String(shown.at(-1)?.id ?? ""));
    const first = new URLSearchParams(address);
    first.delete("after");
    return (
        <section>
            <DataTable
                label={t("changes.title")}
                name="changes"
                exports
                rows={shown}
                keyOf={({ id }) => String(id)}
                columns={columns(t)}
            />
            <p className="pages">
                {address.has("after") && <Link to={`?${first.toString()}`}>{t("changes.first")}</Link>}
                {found.length > PAGE && <Link to={`?${next.toString()}`}>{t("changes.next")}</Link>}
            </p>
        </section>
    );
}

type Translate = TFunction;

function columns(t: Translate): readonly Column<Listed>[] {
    return [
        { name: "number", title: t("changes.number"), text: ({ id }) => id, align: "right" },
        {
            name: "title",
            title: t("changes.name"),
            text: ({ title }) => title,
            show: ({ id, title }) => <Link to={`/console/changes/${String(id)}`}>{title}</Link>,
        },
        { name: "kind", title: t("changes.kind"), text: ({ kind }) => t(`changes.kinds.${kind}`) },
        { name: "state", title: t("changes.state"), text: ({ state }) => t(`changes.states.${state}`) },
        { name: "author", title: t("changes.author"), text: ({ author }) => author },
        {
            name: "changed",
            title: t("changes.changed"),
            text: ({ changedAt }) => (changedAt == null ? "" : showMoment(changedAt)),
            whole: true,
        },
        { name: "awaits", title: t("changes.awaits"), text: (change) => awaits(change, t) },
    ];
}

/** Who is to do the next step, as far as the state tells. */
function awaits({ state, author, activatesAt }: Listed, t: Translate): string {
    if (state === "DRAFT" || state === "CHECKED") return t("changes.waits.author", { who: author });
    if (state === "SUBMITTED") return t("changes.waits.another");
    if (state === "APPROVED" && activatesAt !== null)
        return t("changes.waits.time", { when: showMoment(activatesAt) });
    return t("changes.waits.nobody");
}
