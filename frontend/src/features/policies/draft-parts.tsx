import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";

import type { DraftForm } from "@/features/policies/draft";
import { NEW_RECORD } from "@/features/policies/record";
import { Field } from "@/features/policies/fields";

interface PartProps {
    readonly draft: DraftForm;
    readonly set: (changed: Partial<DraftForm>) => void;
}

export function Why({ draft, set }: PartProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="record-form">
            {(["title", "reason"] as const).map((name) => (
                <Field key={name} name={`change-${name}`} label={t(`policies.change.${name}`)}>
                    <Input
                        id={`change-${name}`}
                        value={draft[name]}
                        onChange={({ target }) => {
                            set({ [name]: target.value });
                        }}
                    />
                </Field>
            ))}
        </div>
    );
}

interface ListProps extends PartProps {
    readonly chosen: number;
    readonly setChosen: (chosen: number) => void;
}

export function RecordList({ draft, chosen, setChosen, set }: ListProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="records" role="group" aria-label={t("policies.records")}>
            {draft.puts.map(({ id }, at) => (
                <Button
                    key={at}
                    type={at === chosen ? "primary" : "default"}
                    aria-pressed={at === chosen}
                    onClick={() => {
                        setChosen(at);
                    }}
                >
                    {id === "" ? t("policies.unnamed") : id}
                </Button>
            ))}
            <Button
                onClick={() => {
                    set({ puts: [...draft.puts, NEW_RECORD] });
                    setChosen(draft.puts.length);
                }}
            >
                {t("policies.addRecord")}
            </Button>
            {draft.puts.length > 0 && (
                <button
                    type="button"
                    className="plain small"
                    onClick={() => {
                        set({ puts: draft.puts.filter((_, at) => at !== chosen) });
                        setChosen(0);
                    }}
                >
                    {t("policies.removeRecord")}
                </button>
            )}
            {[...draft.withdrawn, ...draft.others].map((one) => (
                <code key={JSON.stringify(one)}>{nameOf(one)}</code>
            ))}
        </div>
    );
}

function nameOf(part: unknown): string {
    const { kind, id, document } = part as { kind: string; id?: string; document?: { id?: string } };
    return document === undefined ? `− ${kind} ${id ?? ""}` : `+ ${kind} ${document.id ?? ""}`;
}
