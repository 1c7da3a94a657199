import "@/features/explorer/explorer.css";

import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { Empty, Failed, Loading } from "@/components/states";
import { Panel } from "@/features/explorer/panel";
import { errorsOf, type ExploredEntry, type ToldError } from "@/features/explorer/question";
import { Refusals } from "@/features/explorer/refusals";
import { Token } from "@/features/explorer/token";
import { askWritten, type Failure, type WrittenQuestion } from "@/lib/asking";

const Editor = lazy(async () => ({ default: (await import("@/features/explorer/editor")).Editor }));

const UNREACHABLE: Failure = { kind: "failed", code: "UNREACHABLE", message: "", items: [] };

/** A longer one is no example that somebody passes on. */
const MOST_CHARACTERS = 8000;

/** Return the query that the address brings along; it stands in the editor and is never run by itself. */
function readGiven(address: URLSearchParams): string | null {
    const query = address.get("query") ?? "";
    return query.trim() === "" || query.length > MOST_CHARACTERS ? null : query;
}

/** Where queries are written and tried: who asks and what may be asked at the side, the editor, and refusals in words. */
export function ExplorerPage(): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const [token, setToken] = useState<string | null>(null);
    const given = readGiven(address);
    const [written, setWritten] = useState<string | null>(given);
    const [entry, setEntry] = useState<ExploredEntry | null>(null);
    const [nothing, setNothing] = useState<"failed" | "empty" | null>(null);
    const [refusals, setRefusals] = useState<readonly ToldError[]>([]);
    const ask = useCallback(
        (question: Omit<WrittenQuestion, "token">) => askWritten({ ...question, token }),
        [token],
    );
    const run = useMemo(
        () => async (question: Omit<WrittenQuestion, "token">) => {
            const answer = await ask(question);
            if (question.operationName !== "IntrospectionQuery") setRefusals(errorsOf(answer));
            return answer;
        },
        [ask],
    );
    return (
        <main className="page explorer" id="main" tabIndex={-1}>
            <div className="explorer-head">
                <h1>{t("explorer.title")}</h1>
                <p className="soft">{t("explorer.lead")}</p>
            </div>
            <aside>
                <Panel
                    key={token}
                    ask={ask}
                    first={address.get("entry")}
                    isWritten={given !== null}
                    onEntry={setEntry}
                    onNothing={setNothing}
                    onWritten={(query) => {
                        setWritten(query);
                        setNothing(null);
                        setRefusals([]);
                    }}
                />
                <Token token={token} onChange={setToken} />
            </aside>
            <section className="editor-place">
                {nothing === "failed" && <Failed failure={UNREACHABLE} />}
                {nothing === "empty" && <Empty title={t("catalog.none")}>{t("dataset.goneNext")}</Empty>}
                <Suspense fallback={<Loading rows={16} />}>
                    {written !== null && <Editor key={token} query={written} run={run} />}
                    {written === null && nothing === null && <Loading rows={16} />}
                </Suspense>
                <Refusals refusals={refusals} entry={entry} />
            </section>
        </main>
    );
}
