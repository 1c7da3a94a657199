import { Checkbox } from "antd";
import type { ReactNode } from "react";

interface FieldProps {
    readonly name: string;
    readonly label: string;
    readonly hint?: string;
    readonly children: ReactNode;
}

export function Field({ name, label, hint, children }: FieldProps): React.JSX.Element {
    return (
        <div className="field">
            <label htmlFor={name}>{label}</label>
            {children}
            {hint !== undefined && <p className="soft small">{hint}</p>}
        </div>
    );
}

interface SectionProps {
    readonly title: string;
    readonly hint: string;
    readonly children: ReactNode;
}

export function Section({ title, hint, children }: SectionProps): React.JSX.Element {
    return (
        <fieldset className="whole">
            <legend>{title}</legend>
            <p className="soft small">{hint}</p>
            {children}
        </fieldset>
    );
}

interface SeveralProps {
    readonly legend: string;
    readonly every: string;
    readonly options: readonly { readonly value: string; readonly label: string }[];
    readonly chosen: readonly string[] | null;
    readonly onChange: (chosen: readonly string[] | null) => void;
}

/** Some of a list, or every one of it, now and later. */
export function Several({ legend, every, options, chosen, onChange }: SeveralProps): React.JSX.Element {
    return (
        <fieldset className="whole several">
            <legend>{legend}</legend>
            <Checkbox
                checked={chosen === null}
                onChange={({ target }) => {
                    onChange(target.checked ? null : []);
                }}
            >
                {every}
            </Checkbox>
            {chosen !== null &&
                options.map(({ value, label }) => (
                    <Checkbox
                        key={value}
                        checked={chosen.includes(value)}
                        onChange={({ target }) => {
                            const others = chosen.filter((one) => one !== value);
                            const wanted = target.checked ? [...others, value] : others;
                            // In the list's order, whatever was clicked first.
                            onChange(options.map((one) => one.value).filter((one) => wanted.includes(one)));
                        }}
                    >
                        {label}
                    </Checkbox>
                ))}
        </fieldset>
    );
}
