import { Checkbox, Input, Select } from "antd";
import { useTranslation } from "react-i18next";

import { ConsumerChooser, EntryChooser } from "@/features/policies/choosers";
import type { Testable } from "@/features/policies/condition";
import { EVERYTHING } from "@/features/policies/condition";
import { ConditionBuilder } from "@/features/policies/condition-builder";
import { Field, Section, Several } from "@/features/policies/fields";
import { MaskFields } from "@/features/policies/mask-fields";
import { KINDS, type RecordForm } from "@/features/policies/record";
import type { Surroundings } from "@/features/policies/surroundings";

export interface RecordFormProps {
    readonly form: RecordForm;
    readonly onChange: (form: RecordForm) => void;
    readonly surroundings: Surroundings;
    readonly attributes: readonly Testable[];
    /** Whether the id is that of a record that holds. */
    readonly isKnown: boolean;
}

/** A policy record without code: whom, which entry and items, for what, when, under which condition, which rows, how. */
export function RecordFields(props: RecordFormProps): React.JSX.Element {
    const { t } = useTranslation();
    const { form, onChange, surroundings, attributes, isKnown } = props;
    const set = (changed: Partial<RecordForm>): void => {
        onChange({ ...form, ...changed });
    };
    return (
        <div className="record-form">
            <Field name="id" label={t("policies.id")} hint={t("policies.idHint")}>
                <Input
                    id="id"
                    value={form.id}
                    disabled={isKnown}
                    onChange={({ target }) => {
                        set({ id: target.value });
                    }}
                />
            </Field>
            <Field name="kind" label={t("policies.kind")} hint={t(`policies.kindHints.${hintOf(form.kind)}`)}>
                <Select
                    id="kind"
                    value={form.kind}
                    onChange={(kind) => {
                        set({ kind, ...(kind === "open_data" ? { consumer: "public" } : {}) });
                    }}
                    options={KINDS.map((kind) => ({ value: kind, label: t(`policies.kinds.${kind}`) }))}
                />
            </Field>
            <Field name="consumer" label={t("policies.consumer")}>
                <ConsumerChooser
                    id="consumer"
                    value={form.consumer}
                    onChoose={(consumer) => {
                        set({ consumer });
                    }}
                />
            </Field>
            <Field name="resource" label={t("policies.resource")}>
                <EntryChooser
                    id="resource"
                    value={form.resource}
                    onChoose={(resource) => {
                        set({ resource, items: [], masks: {}, scope: null });
                    }}
                />
            </Field>
            <Lists {...{ form, set, surroundings }} />
            <Texts {...{ form, set }} />
            <Days {...{ form, set }} />
            <Rules {...{ form, set, surroundings, attributes }} />
            {form.kind !== "restriction" && <MaskFields {...{ form, onChange, items: surroundings.items }} />}
        </div>
    );
}

type Set = (changed: Partial<RecordForm>) => void;

interface PartProps {
    readonly form: RecordForm;
    readonly set: Set;
    readonly surroundings: Surroundings;
}

function Lists({ form, set, surroundings }: PartProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <Several
                legend={t("policies.items")}
                every={t("policies.everyItem")}
                options={surroundings.items.map(({ name, label }) => ({ value: name, label }))}
                chosen={form.items}
                onChange={(items) => {
                    set({ items });
                }}
            />
            <Several
                legend={t("policies.purposes")}
                every={t("policies.everyPurpose")}
                options={surroundings.purposes.map((value) => ({ value, label: value.toUpperCase() }))}
                chosen={form.purposes}
                onChange={(purposes) => {
                    set({ purposes });
                }}
            />
            <Several
                legend={t("policies.modes")}
                every={t("policies.everyMode")}
                options={(["query", "exchange", "service", "processing"] as const).map((value) => ({
                    value,
                    label: t(`policies.modeNames.${value}`),
                }))}
                chosen={form.modes}
                onChange={(modes) => {
                    set({ modes });
                }}
            />
        </>
    );
}

function Rules({
    form,
    set,
    surroundings,
    attributes,
}: PartProps & Pick<RecordFormProps, "attributes">): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <Section title={t("policies.condition")} hint={t("policies.conditionHint")}>
                <ConditionBuilder
                    label={t("policies.condition")}
                    node={form.condition}
                    testables={attributes}
                    withSubject={false}
                    onChange={(condition) => {
                        set({ condition });
                    }}
                />
            </Section>
            <Section title={t("policies.scope")} hint={t("policies.scopeHint")}>
                <Checkbox
                    checked={form.scope !== null}
                    onChange={({ target }) => {
                        set({ scope: target.checked ? EVERYTHING : null });
                    }}
                >
                    {t("policies.scoped")}
                </Checkbox>
                {form.scope !== null && (
                    <ConditionBuilder
                        label={t("policies.scope")}
                        node={form.scope}
                        testables={surroundings.items}
                        withSubject
                        onChange={(scope) => {
                            set({ scope });
                        }}
                    />
                )}
            </Section>
        </>
    );
}

function hintOf(kind: string): (typeof KINDS)[number] {
    return KINDS.find((one) => one === kind) ?? "statutory";
}

function Texts({ form, set }: { readonly form: RecordForm; readonly set: Set }): React.JSX.Element {
    const { t } = useTranslation();
    const listed = (text: string): string[] =>
        text === "" ? [] : text.split(/[,，]/).map((one) => one.trim());
    return (
        <>
            <Field name="matters" label={t("policies.matters")} hint={t("policies.listHint")}>
                <Input
                    id="matters"
                    value={form.matters.join("，")}
                    onChange={({ target }) => {
                        set({ matters: listed(target.value) });
                    }}
                />
            </Field>
            <Field name="applications" label={t("policies.applications")} hint={t("policies.listHint")}>
                <Input
                    id="applications"
                    value={form.applications.join("，")}
                    onChange={({ target }) => {
                        set({ applications: listed(target.value) });
                    }}
                />
            </Field>
            <Field name="basis" label={t("policies.basis")} hint={t("policies.basisHint")}>
                <Input
                    id="basis"
                    value={form.basis}
                    onChange={({ target }) => {
                        set({ basis: target.value });
                    }}
                />
            </Field>
        </>
    );
}

function Days({ form, set }: { readonly form: RecordForm; readonly set: Set }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <Field name="from" label={t("policies.from")} hint={form.validFrom ?? t("policies.openEnd")}>
                <Input
                    id="from"
                    type="date"
                    value={form.from}
                    onChange={({ target }) => {
                        set({ from: target.value, validFrom: null });
                    }}
                />
            </Field>
            <Field name="until" label={t("policies.until")} hint={form.validUntil ?? t("policies.lastDay")}>
                <Input
                    id="until"
                    type="date"
                    value={form.until}
                    onChange={({ target }) => {
                        set({ until: target.value, validUntil: null });
                    }}
                />
            </Field>
        </>
    );
}
