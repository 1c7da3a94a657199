import { Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useQuery } from "urql";

import { graphql } from "@/graphql";

const ENTRIES = graphql(`
    query ChosenEntries($search: String, $code: String!, $isCode: Boolean!) {
        catalogEntry(code: $code) @include(if: $isCode) {
            code
            name
        }
        catalog(search: $search, first: 20) {
            nodes {
                code
                name
            }
        }
    }
`);

const PARTIES = graphql(`
    query ChosenParties($search: String) {
        register {
            departments(search: $search, first: 15) {
                nodes {
                    code
                    name
                }
            }
            groups(search: $search, first: 10) {
                nodes {
                    code
                    name
                }
            }
            applications(search: $search, first: 15) {
                nodes {
                    id
                    name
                }
            }
        }
    }
`);

interface ChooserProps {
    readonly id: string;
    readonly value: string;
    readonly onChoose: (value: string) => void;
}

/** An entry's code, which no words are searched for. */
const CODE = /^\d{9}\/\d{5}$/;

/** Chooses an entry by searching the catalog, or by its code. */
export function EntryChooser({ id, value, onChoose }: ChooserProps): React.JSX.Element {
    const { t } = useTranslation();
    const [search, setSearch] = useState("");
    const code = search.trim();
    const [{ data, fetching }] = useQuery({
        query: ENTRIES,
        variables: { search: search || null, code, isCode: CODE.test(code) },
    });
    const named = data?.catalogEntry ?? undefined;
    const others = (data?.catalog.nodes ?? []).filter((one) => one.code !== named?.code);
    const found = (named === undefined ? others : [named, ...others]).map(({ code, name }) => ({
        value: code,
        label: `${name} ${code}`,
    }));
    return (
        <Select
            id={id}
            showSearch={{ filterOption: false, onSearch: setSearch }}
            loading={fetching}
            placeholder={t("policies.searchEntry")}
            value={value === "" ? null : value}
            onChange={onChoose}
            options={withChosen(found, value)}
        />
    );
}

/** Chooses a consumer as records write it: everybody, every department, a department, a group, an application. */
export function ConsumerChooser({ id, value, onChoose }: ChooserProps): React.JSX.Element {
    const { t } = useTranslation();
    const [search, setSearch] = useState("");
    const [{ data, fetching }] = useQuery({ query: PARTIES, variables: { search: search || null } });
    const register = data?.register;
    const found = [
        { value: "public", label: t("policies.public") },
        { value: "any_department", label: t("policies.anyDepartment") },
        ...(register?.departments.nodes ?? []).map(({ code, name }) => option("department", code, name)),
        ...(register?.groups.nodes ?? []).map(({ code, name }) => option("group", code, name)),
        ...(register?.applications.nodes ?? []).map(({ id: key, name }) => option("application", key, name)),
    ];
    return (
        <Select
            id={id}
            showSearch={{ filterOption: false, onSearch: setSearch }}
            loading={fetching}
            placeholder={t("policies.searchConsumer")}
            value={value === "" ? null : value}
            onChange={onChoose}
            options={withChosen(found, value)}
        />
    );
}

interface Option {
    readonly value: string;
    readonly label: string;
}

function option(kind: string, key: string, name: string): Option {
    return { value: `${kind}:${key}`, label: `${name} ${kind}:${key}` };
}

/** What was chosen before stays to be seen, whatever is searched for. */
function withChosen(found: readonly Option[], value: string): Option[] {
    const known = value === "" || found.some((one) => one.value === value);
    return known ? [...found] : [{ value, label: value }, ...found];
}
