/**
 * Verifying the proof of a record where it is read (docs/audit.md tells its form); nothing is sent anywhere.
 *
 * INVARIANT: what `portal-verify receipt` refuses is refused here: tests give both the same proofs. It imports nothing,
 * so it runs as it stands wherever there is WebCrypto.
 */

/** Why a proof proves nothing: each step rests on those before it. */
export type Flaw = "unreadable" | "signature" | "head" | "record";
export const STEPS: readonly Flaw[] = ["unreadable", "signature", "head", "record"];

/** Which steps held, and what they show as far as they did. */
export interface Verdict {
    readonly flaw: Flaw | null;
    readonly shown: Shown | null;
}

/** What a proof is about: times are UTC, hashes and keys hex. */
export interface Shown {
    readonly receipt: string;
    readonly record: string;
    readonly checkpoint: number;
    readonly signedAt: string;
    readonly key: string;
    /** How many links lead from the record to the head that is signed. */
    readonly links: number;
    readonly head: string;
}

type Octets = Uint8Array<ArrayBuffer>;
type Members = Readonly<Record<string, unknown>>;

const HASH_SIZE = 32;
const FORMAT = "portal-receipt-1";
const MEMBERS = "checkpoint,format,record,segment";
const PEM = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----/g;
/** What stands before the 32 octets of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410). */
const KEY_PREFIX = "302a300506032b6570032100";
/** RFC 8032, section 7.1, test 2: a key, a message and its signature. */
const KNOWN = [
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
] as const;

class Unreadable extends Error {}

/** Tell whether this browser can: on a page that came over HTTPS or from this machine, and it knows Ed25519. */
export async function canVerify(): Promise<boolean> {
    const [key, message, signature] = KNOWN.map(fromHex);
    if (key === undefined || message === undefined || signature === undefined) return false;
    const wrong = signature.slice();
    wrong[0] = 0;
    return (await isSignedBy(key, message, signature)) && !(await isSignedBy(key, message, wrong));
}

/** Return the raw keys of PEMs that stand one behind the other. Throws: Error for none, or one of another kind. */
export function parseKeys(text: string): Octets[] {
    const keys = [...text.matchAll(PEM)].map(([, inner = ""]) => {
        const octets = Uint8Array.from(atob(inner.replaceAll(/\s/g, "")), (sign) => sign.charCodeAt(0));
        if (!toHex(octets).startsWith(KEY_PREFIX) || octets.length !== 12 + HASH_SIZE) {
            throw new Error("no Ed25519 key");
        }
        return octets.slice(12);
    });
    if (keys.length === 0) throw new Error("no key");
    return keys;
}

/** Return what the octets of a proof show, held against keys that are trusted. */
export async function verifyProof(document: Octets, keys: readonly Octets[]): Promise<Verdict> {
    try {
        return await verified(new TextDecoder("utf-8", { fatal: true }).decode(document), keys);
    } catch (fault) {
        // What isn't of the form fails in many ways: a member that isn't there, text that isn't JSON.
        if (fault instanceof Error) return { flaw: "unreadable", shown: null };
        throw fault;
    }
}

async function verified(text: string, keys: readonly Octets[]): Promise<Verdict> {
    const members = parseObject(text);
    if (Object.keys(members).sort().join() !== MEMBERS || members.format !== FORMAT) throw new Unreadable();
    const checkpoint = await parseCheckpoint(objectOf(members.checkpoint));
    const segment = parseSegment(objectOf(members.segment));
    const record = fromText(members.record);
    const signer = await signerOf(keys, checkpoint);
    if (signer === undefined) return { flaw: "signature", shown: null };
    const head = await headOf(segment);
    const sequence = segment.first + segment.steps.length - 1;
    const named = headsOf(checkpoint.body).findLast(([writer]) => writer === segment.writer);
    const shown: Shown = {
        receipt: `${segment.writer}-${segment.records[0] ?? 0}`,
        record: String(members.record),
        checkpoint: checkpoint.number,
        signedAt: String(checkpoint.body.time),
        key: toHex(signer),
        links: segment.steps.length,
        head: toHex(head),
    };
    const isCovered = named?.[1] === sequence && named[2] === toHex(head);
    if (segment.checkpoint !== checkpoint.number || !isCovered) return { flaw: "head", shown };
    return { flaw: (await isRecorded(segment, record, shown.record)) ? null : "record", shown };
}

async function isRecorded(segment: Segment, record: Octets, text: string): Promise<boolean> {
    const members = parseObject(text, { fractions: true });
    const [writer, sequence] = [wholeOf(members.writer), wholeOf(members.sequence)];
    const step = segment.steps[(segment.records[0] ?? 0) - segment.first] ?? new Uint8Array();
    const digest = step.length === HASH_SIZE ? step : await sha256(step);
    const isIt = toHex(digest) === toHex(await sha256(record));
    return (
        isIt && segment.records.length === 1 && segment.records[0] === sequence && segment.writer === writer
    );
}

/** A checkpoint as it travels: its body's text is what is signed. */
export interface Checkpoint {
    readonly number: number;
    readonly signed: Octets;
    readonly body: Members;
    readonly signature: Octets;
    readonly hash: string;
}

/** Return a checkpoint of its members. Throws: Error where it isn't of the form, or not what it says. */
export async function parseCheckpoint(members: Members): Promise<Checkpoint> {
    const signed = fromText(members.body);
    const signature = fromHex(members.signature);
    const body = parseObject(String(members.body));
    const hash = toHex(await sha256(joined(signed, signature)));
    const number = wholeOf(members.number);
    if (body.number !== number || members.hash !== hash) throw new Unreadable();
    return { number, signed, body, signature, hash };
}

/** Return which of the keys signed a checkpoint. */
export async function signerOf(keys: readonly Octets[], checkpoint: Checkpoint): Promise<Octets | undefined> {
    for (const key of keys) {
        if (await isSignedBy(key, checkpoint.signed, checkpoint.signature)) return key;
    }
    return undefined;
}

/** Return the heads that a checkpoint's body names: writer, sequence, hash in hex. Throws: Error. */
export function headsOf(body: Members): [number, number, string][] {
    return listOf(body.heads).map((head) => {
        const [writer, sequence, digits, ...more] = listOf(head);
        if (more.length > 0 || typeof writer !== "number" || typeof sequence !== "number")
            throw new Unreadable();
        return [writer, sequence, toHex(fromHex(digits))];
    });
}

interface Segment {
    readonly writer: number;
    readonly first: number;
    readonly before: Octets;
    readonly steps: readonly Octets[];
    readonly records: readonly number[];
    readonly checkpoint: number;
}

function parseSegment(members: Members): Segment {
    const [writer, first, checkpoint] = ["writer", "first", "checkpoint"].map((name) =>
        wholeOf(members[name]),
    );
    const before = fromHex(members.before);
    const steps = listOf(members.digests).map(parseStep);
    const records = listOf(members.records).map(wholeOf);
    if (writer === undefined || first === undefined || checkpoint === undefined) throw new Unreadable();
    const isOrdered = records.every((number, at) => at === 0 || number > (records[at - 1] ?? 0));
    const isSized = before.length === HASH_SIZE && records.length > 0 && Object.keys(members).length === 6;
    const isInside = (records[0] ?? 0) >= first && (records.at(-1) ?? 0) < first + steps.length;
    if (!isOrdered || !isSized || !isInside) throw new Unreadable();
    return { writer, first, before, steps, records, checkpoint };
}

/** Return what one record adds to its chain: the hash of its text, of older ones the text itself. Throws: Error. */
export function parseStep(step: unknown): Octets {
    // The text of a record is JSON and far longer than a hash, so neither passes for the other.
    const isText = typeof step === "string" && step.startsWith("{");
    const octets = isText ? fromText(step) : fromHex(step);
    if (isText ? octets.length <= HASH_SIZE : octets.length !== HASH_SIZE) throw new Unreadable();
    return octets;
}

async function headOf(segment: Segment): Promise<Octets> {
    return linked(segment.before, segment.steps);
}

/** Return the hash that a chain reaches from a hash by steps. */
export async function linked(before: Octets, steps: readonly Octets[]): Promise<Octets> {
    let reached = before;
    for (const step of steps) reached = await sha256(joined(reached, step));
    return reached;
}

async function isSignedBy(raw: Octets, message: Octets, signature: Octets): Promise<boolean> {
    try {
        const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
        return await crypto.subtle.verify("Ed25519", key, signature, message);
    } catch {
        return false;
    }
}

async function sha256(octets: Octets): Promise<Octets> {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", octets));
}

function joined(first: Octets, second: Octets): Octets {
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return both;
}

function parseObject(text: string, { fractions = false } = {}): Members {
    // A number that isn't written as a whole one isn't one, though it reads as the same here.
    const tokens = fractions ? [] : (text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g) ?? []);
    if (tokens.some((token) => !token.startsWith('"') && /[.eE]/.test(token))) throw new Unreadable();
    return objectOf(JSON.parse(text));
}

function objectOf(value: unknown): Members {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Unreadable();
    return value as Members;
}

function listOf(value: unknown): unknown[] {
    if (!Array.isArray(value)) throw new Unreadable();
    return value;
}

function wholeOf(value: unknown): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0) throw new Unreadable();
    return value;
}

function fromText(value: unknown): Octets {
    const octets = typeof value === "string" ? new TextEncoder().encode(value) : undefined;
    // Half a surrogate pair can't be encoded; the encoder would put something else in its place.
    if (octets === undefined || new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets) !== value) {
        throw new Unreadable();
    }
    return octets;
}

/** Return the octets of hex digits. Throws: Error. */
export function fromHex(value: unknown): Octets {
    if (typeof value !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(value)) throw new Unreadable();
    return Uint8Array.from(value.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

export function toHex(octets: Octets): string {
    return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
