import { Button, Input } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Failed } from "@/components/states";
import { MOST } from "@/features/ticket/words";
import { type Failure } from "@/lib/asking";

interface FieldProps {
    readonly id: string;
    readonly label: string;
    readonly hint?: string;
    readonly children: ReactNode;
}

/** A field with its name above and what to write below. */
export function Field({ id, label, hint, children }: FieldProps): React.JSX.Element {
    return (
        <div className="field">
            <label htmlFor={id}>{label}</label>
            {children}
            {hint !== undefined && (
                <p id={`${id}-hint`} className="soft small">
                    {hint}
                </p>
            )}
        </div>
    );
}

interface WordsProps {
    readonly value: string;
    readonly hint: string;
    readonly onChange: (words: string) => void;
    readonly label?: string;
    readonly required?: boolean;
}

/** Words of some length, with how many are left. */
export function Words({ value, hint, onChange, label, required = true }: WordsProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <Field
            id="words"
            label={label ?? t("ticket.words")}
            hint={`${hint} ${t("ticket.left", { count: MOST.words - value.length })}`}
        >
            <Input.TextArea
                id="words"
                rows={7}
                required={required}
                maxLength={MOST.words}
                aria-describedby="words-hint"
                value={value}
                onChange={({ target }) => {
                    onChange(target.value);
                }}
            />
        </Field>
    );
}

interface LineProps {
    readonly id: "title" | "intendedUse" | "contact";
    readonly value: string;
    readonly onChange: (text: string) => void;
    readonly hint?: string;
    readonly required?: boolean;
}

/** A line of text. */
export function Line({ id, value, onChange, hint, required = false }: LineProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <Field id={id} label={t(`ticket.${id}`)} {...(hint === undefined ? {} : { hint })}>
            <Input
                id={id}
                required={required}
                maxLength={MOST[id]}
                autoComplete="off"
                {...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` })}
                value={value}
                onChange={({ target }) => {
                    onChange(target.value);
                }}
            />
        </Field>
    );
}

/** How a form ends: the button, and why the portal didn't take it. */
export function Sending({
    busy,
    failure,
    label,
}: {
    readonly busy: boolean;
    readonly failure: Failure | undefined;
    readonly label: string;
}): React.JSX.Element {
    return (
        <>
            {failure !== undefined && <Failed failure={failure} />}
            <p>
                <Button type="primary" htmlType="submit" loading={busy}>
                    {label}
                </Button>
            </p>
        </>
    );
}
