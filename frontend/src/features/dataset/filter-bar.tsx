import { Button, Input, Select, Tag } from "antd";
import { useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import type { Item } from "@/features/dataset/entry";
import { type Filter, OPERATORS } from "@/features/dataset/view";

interface FilterBarProps {
    readonly items: readonly Item[];
    readonly filters: readonly Filter[];
    readonly onChange: (filters: readonly Filter[]) => void;
}

/** The filters that hold, each to be taken away, and room for one more. */
export function FilterBar({ items, filters, onChange }: FilterBarProps): React.JSX.Element {
    const { t } = useTranslation();
    const names = new Map(items.map((item) => [item.identifier, item.name]));
    const filterable = items.filter(({ type }) => (OPERATORS[type] ?? []).length > 0);
    return (
        <div className="filter-bar">
            <OneMore
                items={filterable}
                onAdd={(filter) => {
                    onChange([...filters, filter]);
                }}
            />
            {filters.map((filter, place) => (
                <Tag
                    key={JSON.stringify(filter)}
                    closable={{ "aria-label": t("dataset.removeFilter") }}
                    onClose={() => {
                        onChange(filters.filter((_, other) => other !== place));
                    }}
                >
                    {names.get(filter.item)} {t(`dataset.operators.${filter.operator as "eq"}`)}{" "}
                    {shownValue(filter.value, t)}
                </Tag>
            ))}
        </div>
    );
}

type Translate = TFunction;

function shownValue(value: string, t: Translate): string {
    return value === "true" || value === "false" ? t(value === "true" ? "dataset.yes" : "dataset.no") : value;
}

interface OneMoreProps {
    readonly items: readonly Item[];
    readonly onAdd: (filter: Filter) => void;
}

function OneMore({ items, onAdd }: OneMoreProps): React.JSX.Element {
    const { t } = useTranslation();
    const [chosen, setChosen] = useState(items.find(({ type }) => type === "string") ?? items[0]);
    const operators = OPERATORS[chosen?.type ?? ""] ?? [];
    const [operator, setOperator] = useState<string | null>(null);
    const [value, setValue] = useState("");
    const meant = operator !== null && operators.includes(operator) ? operator : (operators[0] ?? "eq");
    const add = (): void => {
        if (chosen === undefined || value === "") return;
        onAdd({ item: chosen.identifier, operator: meant, value });
        setValue("");
    };
    return (
        <form
            className="one-more"
            aria-label={t("dataset.addFilter")}
            onSubmit={(event) => {
                event.preventDefault();
                add();
            }}
        >
            <Select
                aria-label={t("dataset.filterItem")}
                {...(chosen === undefined ? {} : { value: chosen.identifier })}
                onChange={(name: string) => {
                    setChosen(items.find(({ identifier }) => identifier === name));
                    setValue("");
                }}
                options={items.map((item) => ({ value: item.identifier, label: item.name }))}
            />
            <Select
                aria-label={t("dataset.filterOperator")}
                value={meant}
                onChange={setOperator}
                options={operators.map((each) => ({
                    value: each,
                    label: t(`dataset.operators.${each as "eq"}`),
                }))}
            />
            {chosen?.type === "boolean" ? (
                <Select
                    aria-label={t("dataset.filterValue")}
                    value={value === "" ? null : value}
                    placeholder={t("dataset.filterValue")}
                    onChange={setValue}
                    options={["true", "false"].map((each) => ({ value: each, label: shownValue(each, t) }))}
                />
            ) : (
                <Input
                    aria-label={t("dataset.filterValue")}
                    placeholder={chosen?.type === "date" ? "2026-01-31" : t("dataset.filterValue")}
                    value={value}
                    onChange={(event) => {
                        setValue(event.target.value);
                    }}
                />
            )}
            <Button htmlType="submit" disabled={value === ""}>
                {t("dataset.filter")}
            </Button>
        </form>
    );
}
