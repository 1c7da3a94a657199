import { Button, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMutation } from "urql";

import { Failed } from "@/components/states";
import { ConsumerChooser, EntryChooser } from "@/features/policies/choosers";
import { useSurroundings } from "@/features/policies/surroundings";
import { graphql } from "@/graphql";
import { readFailure } from "@/lib/asking";

const FREEZE = graphql(`
    mutation FreezeNow($target: String!, $reason: String!, $code: String!) {
        freeze(target: $target, reason: $reason, code: $code) {
            id
        }
    }
`);

const KINDS = ["item", "entry", "department", "application", "everything"] as const;
type Kind = (typeof KINDS)[number];

/** What is to be frozen, as it is chosen; `party` is a department or application as records write it. */
interface Target {
    readonly kind: Kind;
    readonly entry: string;
    readonly item: string;
    readonly party: string;
}

/** Return the target as the portal takes it; null while it isn't chosen. */
export function writeTarget({ kind, entry, item, party }: Target): string | null {
    switch (kind) {
        case "everything":
            return "everything";
        case "entry":
            return entry === "" ? null : `entry:${entry}`;
        case "item":
            return entry === "" || item === "" ? null : `item:${entry}#${item}`;
        default:
            // The search finds groups and everybody too, which can't be frozen.
            return party.startsWith(`${kind}:`) ? party : null;
    }
}

/** Freezes at once: what, why, a code of the second factor, and what stops before it is confirmed. */
export function FreezeForm({ onFrozen }: { readonly onFrozen: () => void }): React.JSX.Element {
    const { t } = useTranslation();
    const [target, setTarget] = useState<Target>({ kind: "item", entry: "", item: "", party: "" });
    const [reason, setReason] = useState("");
    const [code, setCode] = useState("");
    const [isSure, setSure] = useState(false);
    const [frozen, freeze] = useMutation(FREEZE);
    const written = writeTarget(target);
    const isWhole = written !== null && reason.trim() !== "" && /^\d{6}$/.test(code);
    const freezeNow = async (): Promise<void> => {
        const { error } = await freeze({ target: written ?? "", reason: reason.trim(), code });
        setSure(false);
        // A code counts once, whatever came of it.
        setCode("");
        if (error === undefined) onFrozen();
    };
    return (
        <form
            className="card confirmation"
            aria-label={t("freezes.freeze")}
            onSubmit={(event) => {
                event.preventDefault();
                if (isSure) void freezeNow();
                else setSure(true);
            }}
        >
            <h2>{t("freezes.freeze")}</h2>
            <div className="record-form">
                <TargetFields {...{ target, setTarget }} />
                {(
                    [
                        ["reason", reason, setReason, t("freezes.why")],
                        ["freeze-code", code, setCode, t("freezes.code")],
                    ] as const
                ).map(([id, value, set, label]) => (
                    <div className="field" key={id}>
                        <label htmlFor={id}>{label}</label>
                        <Input
                            id={id}
                            value={value}
                            autoComplete={id === "freeze-code" ? "one-time-code" : "off"}
                            onChange={({ target: { value: typed } }) => {
                                set(typed);
                            }}
                        />
                    </div>
                ))}
            </div>
            {isSure && (
                <p role="alert" className="no">
                    {t("freezes.sure")} {t(`freezes.stops.${target.kind}`, namesOf(target))}
                </p>
            )}
            <p className="records">
                <Button type="primary" danger htmlType="submit" loading={frozen.fetching} disabled={!isWhole}>
                    {t(isSure ? "freezes.confirm" : "freezes.go")}
                </Button>
                {isSure && (
                    <Button
                        onClick={() => {
                            setSure(false);
                        }}
                    >
                        {t("freezes.back")}
                    </Button>
                )}
            </p>
            {frozen.data !== undefined && (
                <p role="status">{t("freezes.frozen", { id: frozen.data.freeze.id })}</p>
            )}
            {frozen.error !== undefined && <Failed failure={readFailure(frozen.error)} />}
        </form>
    );
}

function namesOf({ kind, entry, item, party }: Target): { target: string; item: string } {
    return { target: kind === "item" || kind === "entry" ? entry : party, item };
}

interface TargetProps {
    readonly target: Target;
    readonly setTarget: (target: Target) => void;
}

function TargetFields({ target, setTarget }: TargetProps): React.JSX.Element {
    const { t } = useTranslation();
    const { items } = useSurroundings(target.entry);
    const ofEntry = target.kind === "item" || target.kind === "entry";
    return (
        <>
            <div className="field">
                <label htmlFor="freeze-kind">{t("freezes.what")}</label>
                <Select
                    id="freeze-kind"
                    value={target.kind}
                    onChange={(kind: Kind) => {
                        setTarget({ ...target, kind });
                    }}
                    options={KINDS.map((kind) => ({ value: kind, label: t(`freezes.kinds.${kind}`) }))}
                />
            </div>
            {ofEntry && (
                <div className="field">
                    <label htmlFor="freeze-entry">{t("policies.resource")}</label>
                    <EntryChooser
                        id="freeze-entry"
                        value={target.entry}
                        onChoose={(entry) => {
                            setTarget({ ...target, entry, item: "" });
                        }}
                    />
                </div>
            )}
            {target.kind === "item" && (
                <div className="field">
                    <label htmlFor="freeze-item">{t("policies.items")}</label>
                    <Select
                        id="freeze-item"
                        showSearch={{ optionFilterProp: "label" }}
                        value={target.item === "" ? null : target.item}
                        onChange={(item: string) => {
                            setTarget({ ...target, item });
                        }}
                        options={items.map(({ name, label }) => ({ value: name, label }))}
                    />
                </div>
            )}
            {!ofEntry && target.kind !== "everything" && (
                <div className="field">
                    <label htmlFor="freeze-party">{t(`freezes.kinds.${target.kind}`)}</label>
                    <ConsumerChooser
                        id="freeze-party"
                        value={target.party}
                        onChoose={(party) => {
                            setTarget({ ...target, party });
                        }}
                    />
                </div>
            )}
        </>
    );
}
