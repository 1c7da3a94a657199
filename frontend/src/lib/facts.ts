/** What the server tells each page: who may be chosen to enter as, in a demonstration alone. */
export interface Account {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly string[];
}

export interface Facts {
    readonly language: "zh" | "en";
    readonly demonstration: boolean;
    readonly accounts: readonly Account[];
}

const NONE: Facts = { language: "zh", demonstration: false, accounts: [] };

/** Read the facts that stand in the page; a page of the development server has none. */
export function readFacts(page: Document = document): Facts {
    const text = page.getElementById("portal-facts")?.textContent ?? "{}";
    return { ...NONE, ...(JSON.parse(text) as Partial<Facts>) };
}

/** The nonce by which this page's own scripts and style sheets count. */
export function readNonce(page: Document = document): string | undefined {
    const found = page.querySelector<HTMLMetaElement>("meta[property=csp-nonce]");
    return found?.nonce === "" ? undefined : found?.nonce;
}
