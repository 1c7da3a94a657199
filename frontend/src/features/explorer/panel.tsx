import { Button, Checkbox, Input, Select } from "antd";
import { print } from "graphql";
import { useEffect, useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import {
    bestPurpose,
    EXPLORABLE,
    type Explorable,
    EXPLORED,
    type ExploredEntry,
    mayRead,
    purposesOf,
    writeQuery,
} from "@/features/explorer/question";
import type { WrittenQuestion } from "@/lib/asking";

type Ask = (question: Omit<WrittenQuestion, "token">) => Promise<unknown>;

interface PanelProps {
    readonly ask: Ask;
    readonly first: string | null;
    /** A query stands in the editor already, so none is proposed at first. */
    readonly isWritten: boolean;
    readonly onEntry: (entry: ExploredEntry) => void;
    readonly onWritten: (query: string) => void;
    /** Nothing can be proposed: the portal didn't answer, or shows no entry to who asks. */
    readonly onNothing: (why: "failed" | "empty") => void;
}

/** Who asks, and what of which entry may be asked; it writes the query. */
export function Panel({
    ask,
    first,
    isWritten,
    onEntry,
    onWritten,
    onNothing,
}: PanelProps): React.JSX.Element {
    const { t } = useTranslation();
    const [found, setFound] = useState<Explorable | null>(null);
    const [entry, setEntry] = useState<ExploredEntry | null>(null);
    const [choice, setChoice] = useState<Choice>(NOTHING);
    const comment = t("explorer.firstComment");

    const open = async (code: string, isProposed = true): Promise<boolean> => {
        const opened = await asked<{ catalogEntry: ExploredEntry | null }>(ask, EXPLORED, { code });
        const shown = opened?.catalogEntry ?? null;
        if (shown === null) return false;
        const proposed = proposalOf(shown);
        setEntry(shown);
        setChoice(proposed);
        onEntry(shown);
        if (isProposed) onWritten(writeQuery({ entry: shown, ...proposed }, comment));
        return true;
    };
    const search = async (text: string): Promise<Explorable | null> => {
        const answer = await asked<Explorable>(ask, EXPLORABLE, { search: text === "" ? null : text });
        if (answer !== null) setFound(answer);
        return answer;
    };
    useEffect(() => {
        // What is proposed first is what the address names, else the first entry that who asks sees.
        const propose = async (): Promise<void> => {
            const answer = await search("");
            const code = first ?? answer?.catalog.nodes[0]?.code;
            if (code === undefined) onNothing(answer === null ? "failed" : "empty");
            else if (!(await open(code, !isWritten))) onNothing("empty");
        };
        propose().catch(() => {
            onNothing("failed");
        });
        // Once: whoever asks anew has a panel of their own.
    }, []);
    return (
        <div className="panel card">
            <p className="asker">{found === null ? " " : askerOf(found, t)}</p>
            <label htmlFor="entry">{t("explorer.entry")}</label>
            <Select
                id="entry"
                showSearch={{
                    filterOption: false,
                    onSearch: (text) => {
                        search(text).catch(() => {
                            onNothing("failed");
                        });
                    },
                }}
                placeholder={t("explorer.chooseEntry")}
                value={entry?.code ?? null}
                onChange={(code) => {
                    open(code).catch(() => {
                        onNothing("failed");
                    });
                }}
                options={options(found, entry)}
            />
            {entry !== null && (
                <Choices {...{ entry, choice, setChoice, matters: found?.me.matters ?? [] }} />
            )}
            <Button
                type="primary"
                disabled={entry === null || choice.items.length === 0}
                onClick={() => {
                    if (entry !== null) onWritten(writeQuery({ entry, ...choice }, comment));
                }}
            >
                {t("explorer.write")}
            </Button>
        </div>
    );
}

interface Choice {
    readonly items: readonly string[];
    readonly purpose: string | null;
    readonly matter: string;
}

const NOTHING: Choice = { items: [], purpose: null, matter: "" };

function proposalOf(entry: ExploredEntry): Choice {
    const purpose = bestPurpose(entry);
    const readable = entry.items.filter((item) => mayRead(item, purpose)).map(({ identifier }) => identifier);
    return {
        items: readable.length > 0 ? readable : entry.items.map(({ identifier }) => identifier),
        purpose,
        matter: "",
    };
}

function options(found: Explorable | null, entry: ExploredEntry | null): { value: string; label: string }[] {
    const nodes = found?.catalog.nodes ?? [];
    const shown = entry === null || nodes.some(({ code }) => code === entry.code) ? nodes : [entry, ...nodes];
    return shown.map(({ code, name }) => ({ value: code, label: name }));
}

async function asked<Data>(
    ask: Ask,
    document: Parameters<typeof print>[0],
    variables: unknown,
): Promise<Data | null> {
    const answer = (await ask({ query: print(document), variables })) as { data?: Data | null };
    return answer.data ?? null;
}

type Translate = TFunction;

function askerOf({ me }: Explorable, t: Translate): string {
    if (me.application !== null) return t("explorer.asApplication", { application: me.application });
    return me.user === null ? t("explorer.asPublic") : t("explorer.asPerson", { user: me.user });
}

interface ChoicesProps {
    readonly entry: ExploredEntry;
    readonly choice: Choice;
    readonly setChoice: (choice: Choice) => void;
    readonly matters: readonly string[];
}

function Choices({ entry, choice, setChoice, matters }: ChoicesProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <label htmlFor="purpose">{t("explorer.purpose")}</label>
            <Select
                id="purpose"
                value={choice.purpose ?? ""}
                onChange={(purpose) => {
                    setChoice({ ...choice, purpose: purpose === "" ? null : purpose });
                }}
                options={["", ...purposesOf(entry)].map((value) => ({
                    value,
                    label: value === "" ? t("explorer.noPurpose") : value,
                }))}
            />
            {matters.length > 0 && (
                <>
                    <label htmlFor="matter">{t("explorer.matter")}</label>
                    <Input
                        id="matter"
                        list="matters"
                        value={choice.matter}
                        onChange={({ target }) => {
                            setChoice({ ...choice, matter: target.value });
                        }}
                    />
                    <datalist id="matters">
                        {matters.map((matter) => (
                            <option key={matter} value={matter} />
                        ))}
                    </datalist>
                </>
            )}
            <fieldset>
                <legend>{t("explorer.items")}</legend>
                {entry.items.map((item) => (
                    <div key={item.identifier} className="choice">
                        <Checkbox
                            checked={choice.items.includes(item.identifier)}
                            onChange={({ target }) => {
                                const others = choice.items.filter((each) => each !== item.identifier);
                                setChoice({
                                    ...choice,
                                    items: target.checked ? [...others, item.identifier] : others,
                                });
                            }}
                        >
                            {item.name}
                        </Checkbox>
                        <Standing
                            may={mayRead(item, choice.purpose)}
                            permitted={item.access?.permitted ?? false}
                            advice={item.access?.advice ?? null}
                        />
                    </div>
                ))}
            </fieldset>
        </>
    );
}

interface StandingProps {
    readonly may: boolean;
    readonly permitted: boolean;
    readonly advice: string | null;
}

function Standing({ may, permitted, advice }: StandingProps): React.JSX.Element {
    const { t } = useTranslation();
    if (may) return <span className="yes small">{t("explorer.may")}</span>;
    return (
        <span className="no small">
            {t(permitted ? "explorer.mayFor" : "explorer.mayNot")}
            {advice !== null && <span className="soft"> {advice}</span>}
        </span>
    );
}
