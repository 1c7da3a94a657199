import "graphiql/style.css";

import { setNonce } from "get-nonce";
import { GraphiQL } from "graphiql";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { WrittenQuestion } from "@/lib/asking";
import { readNonce } from "@/lib/facts";

const nonce = readNonce();
// The dialogs keep the page behind them from scrolling by a style element: it needs the page's nonce.
if (nonce !== undefined) setNonce(nonce);

interface EditorProps {
    readonly query: string;
    readonly run: (question: Omit<WrittenQuestion, "token">) => Promise<unknown>;
}

/** GraphiQL: the schema is that of who asks. What is written into it may be a citizen's number, so nothing is kept. */
export function Editor({ query, run }: EditorProps): React.JSX.Element {
    const { t } = useTranslation();
    const storage = useMemo(forgetful, []);
    const place = useRef<HTMLDivElement>(null);
    const label = t("explorer.editor");
    useEffect(() => {
        const shown = place.current;
        if (shown === null) return undefined;
        const mend = (): void => {
            nameEditors(shown, label);
        };
        const watching = new MutationObserver(mend);
        watching.observe(shown, { childList: true, subtree: true });
        mend();
        return () => {
            watching.disconnect();
        };
    }, [label]);
    return (
        <div className="graphiql-place" ref={place}>
            <GraphiQL
                query={query}
                fetcher={(question) => run(question) as never}
                isHeadersEditorEnabled={false}
                showPersistHeadersSettings={false}
                forcedTheme="light"
                storage={storage}
            />
        </div>
    );
}

/** Give the editors' parts what readers of screens need, and GraphiQL doesn't give: names, and scrolling by keyboard. */
function nameEditors(place: HTMLElement, label: string): void {
    for (const text of place.querySelectorAll(".CodeMirror textarea:not([aria-label])")) {
        text.setAttribute("aria-label", label);
    }
    for (const scrolled of place.querySelectorAll(".CodeMirror-scroll:not([tabindex='0'])")) {
        scrolled.setAttribute("tabindex", "0");
    }
    // A tab that holds buttons is two things in one: the buttons are enough.
    for (const tab of place.querySelectorAll(".graphiql-tabs, .graphiql-tabs [role=tab]")) {
        tab.setAttribute("role", tab.tagName === "LI" ? "listitem" : "list");
        tab.removeAttribute("aria-selected");
    }
}

function forgetful(): Storage {
    const kept = new Map<string, string>();
    return {
        get length() {
            return kept.size;
        },
        clear: () => {
            kept.clear();
        },
        key: (place) => [...kept.keys()][place] ?? null,
        getItem: (name) => (name.endsWith(":tabState") ? null : (kept.get(name) ?? null)),
        removeItem: (name) => {
            kept.delete(name);
        },
        setItem: (name, value) => {
            kept.set(name, value);
        },
    };
}
