import { graphql } from "@/graphql";
import type { DataSetQuery } from "@/graphql/graphql";

export const DATA_SET = graphql(`
    query DataSet($code: String!) {
        catalogEntry(code: $code) {
            code
            identifier
            name
            abstract
            keywords
            classification
            kind
            shareClass
            shareCondition
            shareModes
            open
            openCondition
            useRequirements
            legalBasis
            updateCycle
            publishedOn
            providerUnit
            provider {
                name
            }
            freshness {
                updatedAt
                dueAt
                isOverdue
            }
            key
            items {
                identifier
                name
                type
                length
                scale
                shareClass
                open
                description
                access {
                    permitted
                    code
                    advice
                    purposes {
                        purpose
                        validUntil
                        scoped
                    }
                }
            }
            hierarchies {
                item
                levels {
                    entry
                    key
                    label
                    parent
                }
            }
            links {
                identifier
                items
                target
                targetItems
                many
            }
            relatedEntries {
                code
                identifier
                name
            }
        }
    }
`);

export type DataSet = NonNullable<DataSetQuery["catalogEntry"]>;
export type Item = DataSet["items"][number];

/** The items that may be read without saying what for: what a visitor sees at once. */
export function readableItems(entry: DataSet): readonly Item[] {
    return entry.items.filter(
        ({ access }) => access?.purposes.some(({ purpose }) => purpose === null) ?? false,
    );
}
