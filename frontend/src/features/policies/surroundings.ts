import { useTranslation } from "react-i18next";
import { useQuery } from "urql";

import type { Testable, ValueKind } from "@/features/policies/condition";
import { graphql } from "@/graphql";

const SURROUNDINGS = graphql(`
    query RecordSurroundings($code: String!) {
        catalogEntry(code: $code) {
            code
            name
            items {
                identifier
                name
                type
            }
        }
        __type(name: "Purpose") {
            enumValues {
                name
            }
        }
    }
`);

/** What a record is written against: the entry's items, and the portal's purposes as records write them. */
export interface Surroundings {
    readonly items: readonly Testable[];
    readonly purposes: readonly string[];
}

export function useSurroundings(code: string): Surroundings {
    const [{ data }] = useQuery({ query: SURROUNDINGS, variables: { code } });
    const items = data?.catalogEntry?.items ?? [];
    return {
        items: items.map(({ identifier, name, type }) => ({
            name: identifier,
            label: `${name} ${identifier}`,
            kind: type.toLowerCase() as ValueKind,
        })),
        purposes: (data?.__type?.enumValues ?? []).map(({ name }) => name.toLowerCase()),
    };
}

const ATTRIBUTES = {
    auth_level: "integer",
    network_zone: "string",
    client_address: "address",
    department: "string",
    groups: "list",
    application: "string",
    user: "string",
    roles: "list",
    region: "string",
    now: "datetime",
    case: "string",
    operator: "string",
} as const satisfies Readonly<Record<string, ValueKind>>;

/** The attributes of who asks and of the circumstances that conditions test (enforcement.md §1). */
export function useAttributes(): readonly Testable[] {
    const { t } = useTranslation();
    return (Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]).map((name) => ({
        name,
        label: `${t(`policies.attributes.${name}`)} ${name}`,
        kind: ATTRIBUTES[name],
    }));
}
