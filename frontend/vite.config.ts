import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const portal = process.env.PORTAL_SITE ?? "http://127.0.0.1:8000";
const served = [
    "/graphql",
    "/exchange",
    "/session",
    "/sign-in",
    "/sign-out",
    "/demonstration",
    "/audit-keys",
    "/dcat",
    "/feed",
];

/** Packs what is built once, so that no server does at each request. */
function packed(): Plugin {
    return {
        name: "packed",
        apply: "build",
        writeBundle({ dir = "dist" }) {
            const folder = join(dir, "assets");
            for (const name of readdirSync(folder).filter((each) => /\.(?:js|css|json|svg)$/.test(each))) {
                const content = readFileSync(join(folder, name));
                writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
                writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content));
            }
        },
    };
}

/** GraphiQL's style sheet brings two families of letters along; the pages have the reader's own. */
function withoutFonts(): Plugin {
    return {
        name: "without-fonts",
        enforce: "pre",
        transform: (code, id) =>
            id.includes("/graphiql/dist/style.css")
                ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, "")
                : undefined,
    };
}

export default defineConfig({
    plugins: [react(), withoutFonts(), packed()],
    resolve: { alias: { "@": join(import.meta.dirname, "src") } },
    // The portal writes a nonce of its own in place of this one into each answer.
    html: { cspNonce: "portal-nonce" },
    build: {
        assetsInlineLimit: 0,
        chunkSizeWarningLimit: 1200,
        modulePreload: { polyfill: false },
        sourcemap: false,
        target: "es2022",
    },
    server: {
        proxy: Object.fromEntries(served.map((path) => [path, { target: portal, changeOrigin: false }])),
    },
    test: { environment: "jsdom", setupFiles: ["src/testing/setup.ts"], restoreMocks: true },
});
