import "@/features/policies/policies.css";

import { Button, Input, Select } from "antd";
import { useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useQuery } from "urql";

import { type Column, DataTable } from "@/components/data-table";
import { Answered, Empty } from "@/components/states";
import { graphql } from "@/graphql";
import type { ListedPoliciesQuery, ListedPoliciesQueryVariables } from "@/graphql/graphql";
import { joinWords } from "@/lib/language";
import { showMoment } from "@/lib/times";

const LISTED = graphql(`
    query ListedPolicies(
        $search: String
        $resource: String
        $consumer: String
        $kinds: [PolicyKind!]
        $state: PolicyState
        $after: String
    ) {
        policies(
            search: $search
            resource: $resource
            consumer: $consumer
            kinds: $kinds
            state: $state
            after: $after
        ) {
            nodes {
                id
                kind
                effect
                state
                consumer {
                    key
                    name
                }
                resource
                resourceName
                items
                purposes
                validUntil
                scoped
                conditional
                masked
            }
            pageInfo {
                hasNextPage
                endCursor
            }
            totalCount
        }
    }
`);

type Listed = ListedPoliciesQuery["policies"];
export type ListedPolicy = Listed["nodes"][number];

const KINDS = ["AGREEMENT", "STATUTORY", "UNCONDITIONAL", "OPEN_DATA", "RESTRICTION", "PROVIDER"] as const;
const STATES = ["IN_FORCE", "TO_BEGIN", "ENDED"] as const;
const MEMBERS = ["search", "kind", "state"] as const;

/** The records that hold: found by words, kind and state, all of it in the address. */
export function PoliciesPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const [question, ask] = useQuery({ query: LISTED, variables: readWish(address) });
    return (
        <>
            <div>
                <h1>{t("policies.title")}</h1>
                <p className="soft">{t("policies.lead")}</p>
                <p className="actions">
                    <Link className="button" to="/console/changes/new">
                        {t("policies.newChange")}
                    </Link>
                </p>
            </div>
            <SearchForm key={address.toString()} />
            <Answered question={question} again={ask} rows={12}>
                {({ policies }) => <Found found={policies} />}
            </Answered>
        </>
    );
}

function readWish(address: URLSearchParams): ListedPoliciesQueryVariables {
    const kind = KINDS.find((one) => one === address.get("kind"));
    const state = STATES.find((one) => one === address.get("state"));
    return {
        search: address.get("search"),
        resource: address.get("resource"),
        consumer: address.get("consumer"),
        kinds: kind === undefined ? null : [kind],
        state: state ?? null,
        after: address.get("after"),
    };
}

function SearchForm(): React.JSX.Element {
    const { t } = useTranslation();
    const [address, setAddress] = useSearchParams();
    const [wished, setWished] = useState<Readonly<Record<string, string>>>(() =>
        Object.fromEntries(MEMBERS.map((name) => [name, address.get(name) ?? ""])),
    );
    const choices = (name: "kind" | "state"): { value: string; label: string }[] => [
        { value: "", label: t("policies.any") },
        ...(name === "kind"
            ? KINDS.map((value) => ({ value, label: t(`policies.kinds.${lower(value)}`) }))
            : STATES.map((value) => ({ value, label: t(`policies.states.${value}`) }))),
    ];
    return (
        <form
            className="record-form card"
            role="search"
            onSubmit={(event) => {
                event.preventDefault();
                const filled = Object.entries(wished).filter(([, value]) => value !== "");
                setAddress(new URLSearchParams(filled));
            }}
        >
            <div className="field">
                <label htmlFor="search">{t("policies.words")}</label>
                <Input
                    id="search"
                    value={wished.search ?? ""}
                    onChange={({ target }) => {
                        setWished({ ...wished, search: target.value });
                    }}
                />
            </div>
            {(["kind", "state"] as const).map((name) => (
                <div className="field" key={name}>
                    <label htmlFor={name}>{t(`policies.${name}`)}</label>
                    <Select
                        id={name}
                        value={wished[name] ?? ""}
                        onChange={(value) => {
                            setWished({ ...wished, [name]: value });
                        }}
                        options={choices(name)}
                    />
                </div>
            ))}
            <Button type="primary" htmlType="submit">
                {t("policies.search")}
            </Button>
        </form>
    );
}

type Lowered = "agreement" | "statutory" | "unconditional" | "open_data" | "restriction" | "provider";
export const lower = (kind: string): Lowered => kind.toLowerCase() as Lowered;

function Found({ found }: { readonly found: Listed }): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    if (found.nodes.length === 0) return <Empty title={t("policies.none")}>{t("policies.noneNext")}</Empty>;
    const next = new URLSearchParams(address);
    next.set("after", found.pageInfo.endCursor ?? "");
    const first = new URLSearchParams(address);
    first.delete("after");
    return (
        <section>
            <p className="soft">{t("policies.count", { count: found.totalCount })}</p>
            <DataTable
                label={t("policies.title")}
                name="policies"
                exports
                rows={found.nodes}
                keyOf={({ id }) => id}
                columns={columns(t)}
            />
            <p className="pages">
                {address.has("after") && <Link to={`?${first.toString()}`}>{t("policies.first")}</Link>}
                {found.pageInfo.hasNextPage && <Link to={`?${next.toString()}`}>{t("policies.next")}</Link>}
            </p>
        </section>
    );
}

type Translate = TFunction;

function columns(t: Translate): readonly Column<ListedPolicy>[] {
    return [
        {
            name: "id",
            title: t("policies.id"),
            text: ({ id }) => id,
            show: ({ id }) => <Link to={`/console/policies/${id}`}>{id}</Link>,
        },
        { name: "kind", title: t("policies.kind"), text: ({ kind }) => t(`policies.kinds.${lower(kind)}`) },
        {
            name: "consumer",
            title: t("policies.consumer"),
            text: ({ consumer }) => consumer.name ?? consumer.key,
            show: ({ consumer }) => <Consumer of={consumer} />,
        },
        {
            name: "resource",
            title: t("policies.resource"),
            text: ({ resource, resourceName }) => resourceName ?? resource,
            show: ({ resource, resourceName }) => (
                <Link to={`/catalog/${resource}`}>{resourceName ?? resource}</Link>
            ),
        },
        {
            name: "items",
            title: t("policies.items"),
            text: ({ items }) => starOr(items, t("policies.everyItem")),
        },
        {
            name: "purposes",
            title: t("policies.purposes"),
            text: ({ purposes }) => starOr(purposes, t("policies.everyPurpose")),
        },
        {
            name: "until",
            title: t("policies.ends"),
            text: ({ validUntil }) => validUntil ?? "",
            show: ({ validUntil, state }) => (
                <span className={state === "IN_FORCE" ? undefined : "no"}>
                    {validUntil === null ? t("policies.noEnd") : showMoment(validUntil)}
                    {state !== "IN_FORCE" && ` · ${t(`policies.states.${state}`)}`}
                </span>
            ),
        },
    ];
}

export function starOr(names: readonly string[], every: string): string {
    return names.includes("*") ? every : joinWords(names);
}

export function Consumer({ of }: { readonly of: ListedPolicy["consumer"] }): React.JSX.Element {
    const { t } = useTranslation();
    const named = { public: t("policies.public"), any_department: t("policies.anyDepartment") };
    return (
        <>
            {of.name ?? named[of.key as "public"]} <code className="small">{of.key}</code>
        </>
    );
}
