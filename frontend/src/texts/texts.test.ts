import { describe, expect, it } from "vitest";

import { en } from "@/texts/en";
import { zh } from "@/texts/zh";

function leaves(words: object, path = ""): [string, string][] {
    return Object.entries(words).flatMap(([name, value]: [string, unknown]) =>
        typeof value === "string" ? [[`${path}.${name}`, value]] : leaves(value as object, `${path}.${name}`),
    );
}

const GAP = /\{\{(\w+)\}\}/g;

describe("the portal's words", () => {
    const chinese = new Map(leaves(zh));

    it("are all there in both languages, and no more", () => {
        expect(leaves(en).map(([path]) => path)).toEqual([...chinese.keys()]);
        expect(leaves(en).filter(([, text]) => text.trim() === "")).toEqual([]);
    });

    it("have the same gaps in both languages", () => {
        const gaps = (text: string): string[] => [...text.matchAll(GAP)].map(([, name]) => name ?? "").sort();
        for (const [path, text] of leaves(en))
            expect([path, gaps(text)]).toEqual([path, gaps(chinese.get(path) ?? "")]);
    });
});
