/** Composing the queries of an entry's rows: which fields an entry has depends on who asks, so none are generated. */
export interface RowsWish {
    readonly entry: string;
    readonly items: readonly string[];
    readonly first: number;
    readonly after?: string | undefined;
    readonly where?: Readonly<Record<string, unknown>> | undefined;
    readonly orderBy?: readonly Readonly<Record<string, "ASC" | "DESC">>[] | undefined;
    readonly purpose?: string | undefined;
}

export interface RowsAnswer {
    readonly totalCount: number;
    readonly nodes: readonly Readonly<Record<string, unknown>>[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly access: {
        readonly receipt: string;
        readonly policies: readonly string[];
        readonly updatedAt: string | null;
    };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The document that asks for a page of rows, and its variables. Names come from the catalog, and are checked all the same. */
export function rowsDocument(wish: RowsWish): { query: string; variables: Record<string, unknown> } {
    for (const name of [wish.entry, ...wish.items])
        if (!NAME.test(name)) throw new Error(`not the name of an entry or item: ${name}`);
    const purpose = wish.purpose === undefined ? "" : `purpose: ${wish.purpose}, `;
    if (wish.purpose !== undefined && !NAME.test(wish.purpose))
        throw new Error(`not a purpose: ${wish.purpose}`);
    return {
        query: `query Rows($where: ${wish.entry}_where, $orderBy: [${wish.entry}_order], $first: Int, $after: String) {
  shared {
    rows: ${wish.entry}(${purpose}where: $where, orderBy: $orderBy, first: $first, after: $after) {
      totalCount
      nodes { ${wish.items.join(" ")} }
      pageInfo { hasNextPage endCursor }
      access { receipt policies updatedAt }
    }
  }
}`,
        variables: {
            where: wish.where ?? null,
            orderBy: wish.orderBy === undefined || wish.orderBy.length === 0 ? null : wish.orderBy,
            first: wish.first,
            after: wish.after ?? null,
        },
    };
}

export interface GroupsAnswer {
    readonly totalCount: number;
    readonly groups: readonly { readonly key: readonly unknown[]; readonly count: number }[];
    readonly access: { readonly receipt: string };
}

/** The document that counts the rows by an item; the condition is a variable. */
export function groupsDocument(entry: string, by: string): string {
    for (const name of [entry, by])
        if (!NAME.test(name)) throw new Error(`not the name of an entry or item: ${name}`);
    return `query Groups($where: ${entry}_where, $first: Int) {
  shared {
    rows: ${entry}(where: $where, first: 1) {
      totalCount
      groups(by: [${by}], first: $first) { key count }
      access { receipt }
    }
  }
}`;
}
