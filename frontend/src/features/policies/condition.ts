/** Conditions and scopes as a tree that a person builds; written, they are the JSON of the API (enforcement.md §3). */

/** A value as JSON has it; a decimal is a text of digits, so that none is lost. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Joint {
    readonly kind: "and" | "or" | "not";
    readonly members: readonly Node[];
}

/** One test. `values` are what is typed: several for lists, one else; `ofSubject` names an attribute instead. */
export interface Test {
    readonly kind: "test";
    readonly name: string;
    readonly operator: string;
    readonly values: readonly string[];
    readonly ofSubject: boolean;
}

export type Node = Joint | Test;

export type ValueKind =
    "string" | "integer" | "decimal" | "boolean" | "date" | "datetime" | "json" | "list" | "address";

/** What may be tested: an item of the entry, or an attribute of who asks and of the circumstances. */
export interface Testable {
    readonly name: string;
    readonly label: string;
    readonly kind: ValueKind;
}

const COMPARED = ["eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte"];
const TEXTUAL = ["startsWith", "endsWith", "contains"];
/** Beside these a text of the row may be compared with an attribute of who asks. */
const WITH_SUBJECT = new Set(["eq", "ne", "lt", "lte", "gt", "gte", ...TEXTUAL]);
export const SUBJECT_ATTRIBUTES = ["department", "application", "user", "region"] as const;

export function operatorsOf(kind: ValueKind): readonly string[] {
    switch (kind) {
        case "string":
            return [...COMPARED, ...TEXTUAL, "isNull"];
        case "boolean":
            return ["eq", "ne", "isNull"];
        case "json":
            return ["isNull"];
        case "list":
            return ["contains", "isNull"];
        case "address":
            return ["inNetwork", "isNull"];
        default:
            return [...COMPARED, "isNull"];
    }
}

export function takesSubject(kind: ValueKind, operator: string): boolean {
    return kind === "string" && WITH_SUBJECT.has(operator);
}

export const takesSeveral = (operator: string): boolean => operator === "in" || operator === "notIn";

export const EVERYTHING: Joint = { kind: "and", members: [] };

export function newTest(of: Testable): Test {
    return {
        kind: "test",
        name: of.name,
        operator: operatorsOf(of.kind)[0] ?? "isNull",
        values: [""],
        ofSubject: false,
    };
}

/** Read the JSON of a condition; null where it holds what no such tree has. */
export function readCondition(json: Json): Node | null {
    if (!isObject(json)) return null;
    const members: Node[] = [];
    for (const [name, value] of Object.entries(json)) {
        const read = readMember(name, value);
        if (read === null) return null;
        members.push(...read);
    }
    const [only] = members;
    return members.length === 1 && only !== undefined ? only : { kind: "and", members };
}

function readMember(name: string, value: Json): readonly Node[] | null {
    if (name === "and" || name === "or") {
        if (!Array.isArray(value)) return null;
        const members = (value as readonly Json[]).map(readCondition);
        return members.includes(null) ? null : [{ kind: name, members: members as Node[] }];
    }
    if (name === "not") {
        const member = readCondition(value);
        return member === null ? null : [{ kind: "not", members: [member] }];
    }
    if (!isObject(value)) return null;
    return Object.entries(value).map(([operator, operand]) => readTest(name, operator, operand));
}

function readTest(name: string, operator: string, operand: Json): Test {
    if (isObject(operand) && typeof operand.subject === "string")
        return { kind: "test", name, operator, values: [operand.subject], ofSubject: true };
    const values = Array.isArray(operand) ? (operand as readonly Json[]) : [operand];
    return { kind: "test", name, operator, values: values.map(String), ofSubject: false };
}

function isObject(json: Json): json is Readonly<Record<string, Json>> {
    return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Write a tree as JSON. Tests side by side stand in one list, so that two of one item lose nothing. */
export function writeCondition(node: Node, kindOf: (name: string) => ValueKind): Json {
    switch (node.kind) {
        case "and":
            return node.members.length === 0
                ? {}
                : { and: node.members.map((member) => writeCondition(member, kindOf)) };
        case "or":
            return { or: node.members.map((member) => writeCondition(member, kindOf)) };
        case "not": {
            const [member = EVERYTHING] = node.members;
            return { not: writeCondition(member, kindOf) };
        }
        default:
            return { [node.name]: { [node.operator]: writeOperand(node, kindOf(node.name)) } };
    }
}

function writeOperand({ operator, values, ofSubject }: Test, kind: ValueKind): Json {
    const [first = ""] = values;
    if (ofSubject) return { subject: first };
    if (operator === "isNull") return first === "true";
    if (takesSeveral(operator)) return values.map((value) => writeValue(value, kind));
    return writeValue(first, kind);
}

function writeValue(value: string, kind: ValueKind): Json {
    if (kind === "boolean") return value === "true";
    // Digits beyond what a number holds stay a text, which the portal takes as well.
    if (kind === "integer" && /^-?\d{1,15}$/.test(value)) return Number(value);
    return value;
}
