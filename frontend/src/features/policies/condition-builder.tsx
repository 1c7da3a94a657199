import { Button, Input, Select } from "antd";
import { useTranslation } from "react-i18next";

import {
    type Joint,
    newTest,
    type Node,
    operatorsOf,
    SUBJECT_ATTRIBUTES,
    takesSeveral,
    takesSubject,
    type Test,
    type Testable,
} from "@/features/policies/condition";

interface BuilderProps {
    /** What is built, for who doesn't see it. */
    readonly label: string;
    readonly node: Node;
    readonly testables: readonly Testable[];
    /** Whether values may be attributes of who asks: in scopes. */
    readonly withSubject: boolean;
    readonly onChange: (node: Node) => void;
}

/** Builds the tree of a condition or scope: tests joined by and, or, not, as deep as needed. */
export function ConditionBuilder({ label, node, ...rest }: BuilderProps): React.JSX.Element {
    const { t } = useTranslation();
    const joint: Joint = node.kind === "test" ? { kind: "and", members: [node] } : node;
    return (
        <div className="builder" role="group" aria-label={label}>
            <Members {...{ ...rest, label, node: joint }} />
            {joint.members.length === 0 && joint.kind === "and" && (
                <p className="soft small">{t("policies.noTest")}</p>
            )}
        </div>
    );
}

interface MembersProps extends Omit<BuilderProps, "node"> {
    readonly node: Joint;
}

function Members({ label, node, testables, withSubject, onChange }: MembersProps): React.JSX.Element {
    const { t } = useTranslation();
    const [first] = testables;
    const isFull = node.kind === "not" && node.members.length > 0;
    const put = (place: number, member: Node | null): void => {
        const members = node.members.flatMap((one, at) =>
            at !== place ? [one] : member === null ? [] : [member],
        );
        onChange({ ...node, members });
    };
    const add = (member: Node): void => {
        onChange({ ...node, members: [...node.members, member] });
    };
    return (
        <>
            <Select
                className="joint"
                aria-label={`${label}: ${t("policies.joint")}`}
                value={node.kind}
                onChange={(kind: Joint["kind"]) => {
                    onChange({ kind, members: kind === "not" ? node.members.slice(0, 1) : node.members });
                }}
                options={(["and", "or", "not"] as const).map((kind) => ({
                    value: kind,
                    label: t(`policies.joints.${kind}`),
                }))}
            />
            <ul className="members">
                {node.members.map((member, place) => (
                    <li key={place}>
                        {member.kind === "test" ? (
                            <TestFields
                                {...{ test: member, testables, withSubject }}
                                onChange={(test) => {
                                    put(place, test);
                                }}
                            />
                        ) : (
                            <div className="builder inner">
                                <Members
                                    {...{ label, node: member, testables, withSubject }}
                                    onChange={(inner) => {
                                        put(place, inner);
                                    }}
                                />
                            </div>
                        )}
                        <button
                            type="button"
                            className="plain small"
                            onClick={() => {
                                put(place, null);
                            }}
                        >
                            {t("policies.remove")}
                        </button>
                    </li>
                ))}
            </ul>
            <p className="actions">
                <Button
                    size="small"
                    disabled={isFull || first === undefined}
                    onClick={() => {
                        if (first !== undefined) add(newTest(first));
                    }}
                >
                    {t("policies.addTest")}
                </Button>
                <Button
                    size="small"
                    disabled={isFull}
                    onClick={() => {
                        add({ kind: node.kind === "and" ? "or" : "and", members: [] });
                    }}
                >
                    {t("policies.addGroup")}
                </Button>
            </p>
        </>
    );
}

interface TestProps {
    readonly test: Test;
    readonly testables: readonly Testable[];
    readonly withSubject: boolean;
    readonly onChange: (test: Test) => void;
}

function TestFields({ test, testables, withSubject, onChange }: TestProps): React.JSX.Element {
    const { t } = useTranslation();
    const of = testables.find(({ name }) => name === test.name);
    const kind = of?.kind ?? "string";
    return (
        <span className="test">
            <Select
                aria-label={t("policies.tested")}
                value={test.name}
                onChange={(name) => {
                    const chosen = testables.find((one) => one.name === name);
                    if (chosen !== undefined) onChange(newTest(chosen));
                }}
                options={(of === undefined
                    ? [{ name: test.name, label: test.name }, ...testables]
                    : testables
                ).map(({ name, label }) => ({ value: name, label }))}
            />
            <Select
                aria-label={t("policies.operator")}
                value={test.operator}
                onChange={(operator: string) => {
                    const stays =
                        takesSeveral(operator) === takesSeveral(test.operator) && operator !== "isNull";
                    onChange({
                        ...test,
                        operator,
                        values: stays
                            ? test.values
                            : [operator === "isNull" ? "true" : (test.values[0] ?? "")],
                        ofSubject: test.ofSubject && takesSubject(kind, operator),
                    });
                }}
                options={operatorsOf(kind).map((operator) => ({
                    value: operator,
                    label: t(`policies.operators.${operator as "eq"}`),
                }))}
            />
            {withSubject && takesSubject(kind, test.operator) && (
                <Select
                    aria-label={t("policies.comparedWith")}
                    value={test.ofSubject ? "subject" : "value"}
                    onChange={(way) => {
                        onChange({
                            ...test,
                            ofSubject: way === "subject",
                            values: [way === "subject" ? "region" : ""],
                        });
                    }}
                    options={[
                        { value: "value", label: t("policies.ofValue") },
                        { value: "subject", label: t("policies.ofSubject") },
                    ]}
                />
            )}
            <Operand {...{ test, kind, onChange }} />
        </span>
    );
}

interface OperandProps {
    readonly test: Test;
    readonly kind: Testable["kind"];
    readonly onChange: (test: Test) => void;
}

function Operand({ test, kind, onChange }: OperandProps): React.JSX.Element {
    const { t } = useTranslation();
    const set = (...values: string[]): void => {
        onChange({ ...test, values });
    };
    const [first = ""] = test.values;
    const choices = test.ofSubject
        ? SUBJECT_ATTRIBUTES.map((name) => ({ value: name, label: t(`policies.attributes.${name}`) }))
        : kind === "boolean" || test.operator === "isNull"
          ? ["true", "false"].map((value) => ({ value, label: t(`policies.truth.${value as "true"}`) }))
          : null;
    if (choices !== null)
        return (
            <Select
                aria-label={t("policies.value")}
                value={first || null}
                onChange={(value) => {
                    set(value);
                }}
                options={choices}
            />
        );
    if (takesSeveral(test.operator))
        return (
            <Input
                aria-label={t("policies.values")}
                placeholder={t("policies.valuesHint")}
                value={test.values.join("，")}
                onChange={({ target }) => {
                    set(...(target.value === "" ? [] : target.value.split(/[,，]/)));
                }}
            />
        );
    return (
        <Input
            aria-label={t("policies.value")}
            type={kind === "date" ? "date" : "text"}
            value={first}
            onChange={({ target }) => {
                set(target.value);
            }}
        />
    );
}
