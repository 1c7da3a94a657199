import { Input, Select } from "antd";
import { useTranslation } from "react-i18next";

import type { Testable } from "@/features/policies/condition";
import { type Mask, NO_MASK, type RecordForm } from "@/features/policies/record";
import { Field, Section } from "@/features/policies/fields";

interface MaskFieldsProps {
    readonly form: RecordForm;
    readonly onChange: (form: RecordForm) => void;
    readonly items: readonly Testable[];
}

/** What each item is shown as, and how many rows are given. */
export function MaskFields({ form, onChange, items }: MaskFieldsProps): React.JSX.Element {
    const { t } = useTranslation();
    const covered = items.filter(({ name }) => form.items === null || form.items.includes(name));
    const set = (item: string, mask: Mask | null): void => {
        const others = Object.entries(form.masks).filter(([name]) => name !== item);
        onChange({ ...form, masks: Object.fromEntries(mask === null ? others : [...others, [item, mask]]) });
    };
    return (
        <>
            <Section title={t("policies.masks")} hint={t("policies.masksHint")}>
                <ul className="members">
                    {covered.map(({ name, label, kind }) => (
                        <li key={name} className="mask">
                            <span>{label}</span>
                            <MaskOf
                                {...{ label, kind, mask: form.masks[name] ?? null }}
                                onChange={(mask) => {
                                    set(name, mask);
                                }}
                            />
                        </li>
                    ))}
                </ul>
            </Section>
            {(["maxRows", "dailyRows"] as const).map((name) => (
                <Field key={name} name={name} label={t(`policies.${name}`)} hint={t("policies.noLimit")}>
                    <Input
                        id={name}
                        inputMode="numeric"
                        value={form[name]}
                        onChange={({ target }) => {
                            onChange({ ...form, [name]: target.value });
                        }}
                    />
                </Field>
            ))}
        </>
    );
}

interface MaskProps {
    readonly label: string;
    readonly kind: Testable["kind"];
    readonly mask: Mask | null;
    readonly onChange: (mask: Mask | null) => void;
}

function kindsFor(kind: Testable["kind"]): readonly Mask["kind"][] {
    if (kind === "string") return ["partial", "hash", "full"];
    return kind === "boolean" || kind === "json" ? ["full"] : ["generalise", "full"];
}

function MaskOf({ label, kind, mask, onChange }: MaskProps): React.JSX.Element {
    const { t } = useTranslation();
    const isNumber = kind === "integer" || kind === "decimal";
    const part = (name: "head" | "tail" | "to"): React.JSX.Element | null =>
        mask === null ? null : (
            <Input
                prefix={t(`policies.${name}`)}
                aria-label={`${label}: ${t(`policies.${name}`)}`}
                inputMode="numeric"
                value={mask[name]}
                onChange={({ target }) => {
                    onChange({ ...mask, [name]: target.value });
                }}
            />
        );
    return (
        <span className="test">
            <Select
                aria-label={`${label}: ${t("policies.masks")}`}
                value={mask?.kind ?? "none"}
                onChange={(chosen: Mask["kind"] | "none") => {
                    onChange(
                        chosen === "none"
                            ? null
                            : { ...NO_MASK, kind: chosen, to: isNumber ? "10" : "month" },
                    );
                }}
                options={(["none", ...kindsFor(kind)] as const).map((value) => ({
                    value,
                    label: t(`policies.maskKinds.${value}`),
                }))}
            />
            {mask?.kind === "partial" && (
                <>
                    {part("head")}
                    {part("tail")}
                </>
            )}
            {mask?.kind === "generalise" &&
                (isNumber ? (
                    part("to")
                ) : (
                    <Select
                        aria-label={`${label}: ${t("policies.to")}`}
                        value={mask.to}
                        onChange={(to) => {
                            onChange({ ...mask, to });
                        }}
                        options={(["month", "year"] as const).map((value) => ({
                            value,
                            label: t(`policies.periods.${value}`),
                        }))}
                    />
                ))}
        </span>
    );
}
