/** What is asked of the portal about an entry, in the explorer's panel, by whoever asks there. */
import { graphql } from "@/graphql";
import type { ExplorableQuery, ExploredQuery } from "@/graphql/graphql";

export const EXPLORABLE = graphql(`
    query Explorable($search: String) {
        me {
            application
            user
            matters
        }
        catalog(search: $search, first: 50) {
            nodes {
                code
                name
            }
        }
    }
`);

export const EXPLORED = graphql(`
    query Explored($code: String!) {
        catalogEntry(code: $code) {
            code
            identifier
            name
            items {
                identifier
                name
                type
                access {
                    permitted
                    advice
                    purposes {
                        purpose
                    }
                }
            }
        }
    }
`);

export type Explorable = ExplorableQuery;
export type ExploredEntry = NonNullable<ExploredQuery["catalogEntry"]>;
export type ExploredItem = ExploredEntry["items"][number];

/** Whether an item may be read for the purpose; null is for no purpose that is stated. */
export function mayRead(item: ExploredItem, purpose: string | null): boolean {
    return item.access?.purposes.some((each) => each.purpose === null || each.purpose === purpose) ?? false;
}

/** The purposes that any item of the entry may be read for. */
export function purposesOf(entry: ExploredEntry): readonly string[] {
    const named = entry.items.flatMap(
        ({ access }) => access?.purposes.flatMap(({ purpose }) => purpose ?? []) ?? [],
    );
    return [...new Set(named)].sort();
}

/** The purpose under which most items may be read, none if none is needed for as many. */
export function bestPurpose(entry: ExploredEntry): string | null {
    const count = (purpose: string | null): number =>
        entry.items.filter((item) => mayRead(item, purpose)).length;
    return [null, ...purposesOf(entry)].reduce(
        (best, each) => (count(each) > count(best) ? each : best),
        null,
    );
}

export interface Written {
    readonly entry: ExploredEntry;
    readonly items: readonly string[];
    readonly purpose: string | null;
    readonly matter: string;
}

/** A first page of the chosen items, written as a person would; `comment` stands above it. */
export function writeQuery({ entry, items, purpose, matter }: Written, comment: string): string {
    const stated = [
        ...(purpose === null ? [] : [`purpose: ${purpose}`]),
        ...(matter.trim() === "" ? [] : [`matter: ${JSON.stringify(matter.trim())}`]),
        "first: 10",
    ];
    return `# ${comment}
{
  shared {
    ${entry.identifier}(${stated.join(", ")}) {
      totalCount
      nodes {
        ${items.join("\n        ")}
      }
      access {
        policies
        validUntil
        receipt
      }
    }
  }
}
`;
}

/** A refusal or fault as an answer tells it. */
export interface ToldError {
    readonly message: string;
    readonly path: string;
    readonly code: string;
    readonly items: readonly string[];
}

interface Told {
    errors?: readonly {
        message?: string;
        path?: readonly (string | number)[];
        extensions?: Record<string, unknown>;
    }[];
}

/** The errors of an answer; of what is no answer, none. */
export function errorsOf(answer: unknown): readonly ToldError[] {
    const errors = (answer as Told | null)?.errors ?? [];
    return errors.map(({ message = "", path = [], extensions = {} }) => ({
        message,
        path: path.join(" › "),
        code: typeof extensions.code === "string" ? extensions.code : "",
        items: Array.isArray(extensions.items) ? extensions.items.map(String) : [],
    }));
}
