import "@testing-library/jest-dom/vitest";

import { cleanup } from "@testing-library/react";
import { afterEach, beforeAll } from "vitest";

import { beginLanguage } from "@/lib/language";

beforeAll(async () => {
    // What antd asks the browser for and jsdom hasn't.
    window.matchMedia = (query: string) =>
        ({
            matches: false,
            media: query,
            addListener: () => undefined,
            removeListener: () => undefined,
        }) as never;
    await beginLanguage();
});

afterEach(() => {
    cleanup();
    localStorage.clear();
});
