import { Button, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";

import { ConsumerChooser, EntryChooser } from "@/features/policies/choosers";
import { useSurroundings } from "@/features/policies/surroundings";
import { itemAddress, LEVELS, viewerAddress, ZONES } from "@/features/seen/places";

interface ItemChooserProps {
    readonly entry?: string;
    readonly item?: string;
}

/** Asks for an entry and one of its items, and goes to the page of who can see it. */
export function ItemChooser({ entry = "", item = "" }: ItemChooserProps): React.JSX.Element {
    const { t } = useTranslation();
    const go = useNavigate();
    const [address] = useSearchParams();
    const [chosen, setChosen] = useState({ entry, item });
    const [at, setAt] = useState(address.get("at") ?? "");
    const { items } = useSurroundings(chosen.entry);
    return (
        <form
            className="record-form card"
            role="search"
            aria-label={t("seen.whoTitle")}
            onSubmit={(event) => {
                event.preventDefault();
                const { entry: code, item: name } = chosen;
                if (code !== "" && name !== "") void go(itemAddress(code, name, at === "" ? null : at));
            }}
        >
            <div className="field">
                <label htmlFor="seen-entry">{t("seen.entry")}</label>
                <EntryChooser
                    id="seen-entry"
                    value={chosen.entry}
                    onChoose={(code) => {
                        setChosen({ entry: code, item: "" });
                    }}
                />
            </div>
            <div className="field">
                <label htmlFor="seen-item">{t("seen.item")}</label>
                <Select
                    id="seen-item"
                    showSearch
                    disabled={chosen.entry === ""}
                    value={chosen.item === "" ? null : chosen.item}
                    onChange={(name) => {
                        setChosen({ ...chosen, item: name });
                    }}
                    options={items.map(({ name, label }) => ({ value: name, label }))}
                />
            </div>
            <Moment id="seen-at" value={at} onChange={setAt} />
            <Button type="primary" htmlType="submit">
                {t("seen.ask")}
            </Button>
        </form>
    );
}

/** Asks for somebody, and goes to the page of what they can see. */
export function ViewerChooser({ who = "" }: { readonly who?: string }): React.JSX.Element {
    const { t } = useTranslation();
    const go = useNavigate();
    const [address] = useSearchParams();
    const [chosen, setChosen] = useState(who);
    const [told, setTold] = useState({
        level: address.get("level") ?? "",
        zone: address.get("zone") ?? "",
        matter: address.get("matter") ?? "",
        at: address.get("at") ?? "",
    });
    const place = viewerAddress(chosen, null);
    const isSupposed = chosen.startsWith("department:");
    return (
        <form
            className="record-form card"
            role="search"
            aria-label={t("seen.whatTitle")}
            onSubmit={(event) => {
                event.preventDefault();
                const wanted = Object.entries(isSupposed ? told : { at: told.at });
                const filled = new URLSearchParams(wanted.filter(([, value]) => value !== "")).toString();
                if (place !== null) void go(filled === "" ? place : `${place}?${filled}`);
            }}
        >
            <div className="field">
                <label htmlFor="seen-who">{t("seen.who")}</label>
                <ConsumerChooser id="seen-who" value={chosen} onChoose={setChosen} />
                {chosen !== "" && place === null && <p className="no small">{t("seen.noViewer")}</p>}
            </div>
            {isSupposed && (
                <Supposed
                    told={told}
                    onChange={(more) => {
                        setTold({ ...told, ...more });
                    }}
                />
            )}
            <Moment
                id="sees-at"
                value={told.at}
                onChange={(at) => {
                    setTold({ ...told, at });
                }}
            />
            <Button type="primary" htmlType="submit">
                {t("seen.ask")}
            </Button>
        </form>
    );
}

interface Told {
    readonly level: string;
    readonly zone: string;
    readonly matter: string;
}

interface SupposedProps {
    readonly told: Told;
    readonly onChange: (more: Partial<Told>) => void;
}

function Supposed({ told, onChange }: SupposedProps): React.JSX.Element {
    const { t } = useTranslation();
    const any = { value: "", label: t("seen.anyhow") };
    return (
        <>
            <div className="field">
                <label htmlFor="seen-level">{t("seen.level")}</label>
                <Select
                    id="seen-level"
                    value={told.level}
                    onChange={(level) => {
                        onChange({ level });
                    }}
                    options={[
                        any,
                        ...LEVELS.map((level) => ({ value: String(level), label: String(level) })),
                    ]}
                />
            </div>
            <div className="field">
                <label htmlFor="seen-zone">{t("seen.zone")}</label>
                <Select
                    id="seen-zone"
                    value={told.zone}
                    onChange={(zone) => {
                        onChange({ zone });
                    }}
                    options={[any, ...ZONES.map((zone) => ({ value: zone, label: t(`seen.zones.${zone}`) }))]}
                />
            </div>
            <div className="field">
                <label htmlFor="seen-matter">{t("seen.matter")}</label>
                <Input
                    id="seen-matter"
                    value={told.matter}
                    onChange={({ target }) => {
                        onChange({ matter: target.value });
                    }}
                />
            </div>
        </>
    );
}

interface MomentProps {
    readonly id: string;
    readonly value: string;
    readonly onChange: (moment: string) => void;
}

function Moment({ id, value, onChange }: MomentProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="field">
            <label htmlFor={id}>{t("seen.at")}</label>
            <Input
                id={id}
                type="datetime-local"
                value={value}
                onChange={({ target }) => {
                    onChange(target.value);
                }}
            />
        </div>
    );
}
