import { beforeAll, describe, expect, it } from "vitest";

import {
    beginWalk,
    type ChainFault,
    type GivenCheckpoint,
    isFault,
    piecesOf,
    type Walk,
    walkOver,
} from "@/lib/chain";
import { toHex } from "@/lib/proof";

type Octets = Uint8Array<ArrayBuffer>;
type Body = Record<string, unknown>;

const encoder = new TextEncoder();
const GENESIS = "ab".repeat(32);
const NONE = "0".repeat(64);
let key: CryptoKeyPair;
let other: CryptoKeyPair;
let trusted: Octets;
let otherRaw: Octets;

async function rawOf({ publicKey }: CryptoKeyPair): Promise<Octets> {
    return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
}

async function sha256(...parts: Octets[]): Promise<Octets> {
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

function octetsOf(hex: string): Octets {
    return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

async function fold(before: string, links: readonly string[]): Promise<string> {
    let reached = octetsOf(before);
    for (const link of links) {
        reached = await sha256(reached, link.startsWith("{") ? encoder.encode(link) : octetsOf(link));
    }
    return toHex(reached);
}

async function sign(body: Body, signer: CryptoKeyPair = key): Promise<GivenCheckpoint> {
    const text = JSON.stringify(body);
    const signature = new Uint8Array(
        await crypto.subtle.sign("Ed25519", signer.privateKey, encoder.encode(text)),
    );
    const hash = toHex(await sha256(encoder.encode(text), signature));
    return { number: body.number as number, hash, body: text, signature: toHex(signature) };
}

const LINKS = Array.from({ length: 6 }, (_, at) => `0${at}`.repeat(32));
const OLDER = '{"writer":1,"sequence":3,"time":"2026-01-31T08:00:00Z","subject":"public"}';

/** Three checkpoints of one chain, and what lies between its heads. */
async function makeLog(): Promise<{
    log: GivenCheckpoint[];
    links: Record<string, string[]>;
    bodies: Body[];
}> {
    const [early, late] = [LINKS.slice(0, 2), [OLDER, ...LINKS.slice(3)]];
    const second = await fold(GENESIS, early);
    const third = await fold(second, late);
    const bodies: Body[] = [];
    const log: GivenCheckpoint[] = [];
    for (const [at, heads] of [[[1, 0, GENESIS]], [[1, 2, second]], [[1, 6, third]]].entries()) {
        const previous = log.at(-1)?.hash ?? NONE;
        const body = {
            number: at + 1,
            time: `2026-01-31T08:00:0${at}Z`,
            previous,
            heads,
            digest: NONE,
            epoch: 1,
        };
        bodies.push(body);
        log.push(await sign(body));
    }
    return { log, bodies, links: { "1:0:2": early, "1:2:6": late } };
}

async function walk(
    log: readonly GivenCheckpoint[],
    links: Record<string, string[]>,
    from = beginWalk([otherRaw, trusted]),
): Promise<Walk | ChainFault> {
    let reached = from;
    for (const given of log) {
        const next = await walkOver(
            reached,
            given,
            ({ writer, after, until }) => links[`${writer}:${after}:${until}`],
        );
        if (isFault(next)) return next;
        reached = next;
    }
    return reached;
}

beforeAll(async () => {
    [key, other] = await Promise.all([
        crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]),
        crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]),
    ]);
    [trusted, otherRaw] = await Promise.all([rawOf(key), rawOf(other)]);
});

describe("a walk along the log", () => {
    it("verifies from the first checkpoint to the last", async () => {
        const { log, links } = await makeLog();
        expect(piecesOf(beginWalk([]), log)).toEqual([
            { writer: 1, after: 0, until: 2 },
            { writer: 1, after: 2, until: 6 },
        ]);
        expect(await walk(log, links)).toMatchObject({
            checkpoints: 3,
            records: 6,
            joined: 0,
            last: { number: 3 },
        });
    });

    it("takes chains on that had begun before", async () => {
        const { log, links } = await makeLog();
        expect(await walk(log.slice(1), links)).toMatchObject({ checkpoints: 2, records: 4, joined: 1 });
    });

    it("finds links that are missing, too many or changed", async () => {
        const { log, links } = await makeLog();
        const early = links["1:0:2"] ?? [];
        for (const wrong of [
            [],
            early.slice(1),
            [...early, NONE],
            [...early].reverse(),
            [early[0] ?? "", NONE],
        ]) {
            const found = await walk(log, { ...links, "1:0:2": wrong });
            expect(found).toEqual({ flaw: "links", checkpoint: 2, writer: 1 });
        }
        expect(
            await walk(log, { ...links, "1:2:6": [OLDER.replace("public", "secret"), ...LINKS.slice(3)] }),
        ).toEqual({
            flaw: "links",
            checkpoint: 3,
            writer: 1,
        });
        expect(await walk(log, { ...links, "1:0:2": ["zz", "zz"] })).toEqual({ flaw: "form", checkpoint: 2 });
    });

    it("finds a checkpoint that is left out, repeated, or begins anew", async () => {
        const { log, links, bodies } = await makeLog();
        const [first, second, third] = log as [GivenCheckpoint, GivenCheckpoint, GivenCheckpoint];
        expect(await walk([first, third], links)).toEqual({ flaw: "order", checkpoint: 3 });
        expect(await walk([first, second, second], links)).toEqual({ flaw: "order", checkpoint: 2 });
        const begun = await sign({ ...bodies[0], previous: second.hash });
        expect(await walk([begun], links)).toEqual({ flaw: "order", checkpoint: 1 });
        const skipped = await sign({ ...bodies[2], number: 9 });
        expect(await walk([first, second, skipped], links)).toEqual({ flaw: "order", checkpoint: 9 });
    });

    it("goes on behind a loss that was accepted, and only there", async () => {
        const { log, links, bodies } = await makeLog();
        const lost = await sign({ ...bodies[2], number: 9, loss: { number: 8, since: 2 } });
        expect(await walk([...log.slice(0, 2), lost], links)).toMatchObject({ last: { number: 9 } });
        const other = await sign({ ...bodies[2], number: 9, loss: { number: 5, since: 2 } });
        expect(await walk([...log.slice(0, 2), other], links)).toEqual({ flaw: "order", checkpoint: 9 });
    });

    it("finds a head that fell", async () => {
        const { log, links, bodies } = await makeLog();
        const previous = log[2]?.hash;
        const fallen = await sign({ ...bodies[2], number: 4, previous, heads: [[1, 5, NONE]] });
        expect(await walk([...log, fallen], links)).toEqual({ flaw: "rewound", checkpoint: 4, writer: 1 });
        const exchanged = await sign({ ...bodies[2], number: 4, previous, heads: [[1, 6, NONE]] });
        expect(await walk([...log, exchanged], links)).toEqual({ flaw: "links", checkpoint: 4, writer: 1 });
    });

    it("lets the key sign on that signed before, until it names another", async () => {
        const { log, links, bodies } = await makeLog();
        const [first, second] = log as [GivenCheckpoint, GivenCheckpoint];
        const strange = await sign({ ...bodies[2] }, other);
        expect(await walk([first, second, strange], links)).toEqual({ flaw: "signature", checkpoint: 3 });
        const naming = await sign({ ...bodies[1], key: toHex(otherRaw) });
        const named = await sign({ ...bodies[2], previous: naming.hash }, other);
        expect(await walk([first, naming, named], links)).toMatchObject({ checkpoints: 3 });
        const former = await sign({ ...bodies[2], previous: naming.hash });
        expect(await walk([first, naming, former], links)).toEqual({ flaw: "signature", checkpoint: 3 });
    });

    it("finds a body, a hash or a signature that was changed", async () => {
        const { log, links } = await makeLog();
        const [first, second] = log as [GivenCheckpoint, GivenCheckpoint];
        const changes: [Partial<GivenCheckpoint>, ChainFault["flaw"]][] = [
            [{ body: second.body.replace("08:00:01", "09:00:01") }, "form"],
            [{ hash: NONE }, "form"],
            [{ number: 3 }, "form"],
            [{ body: "{" }, "form"],
        ];
        for (const [change, flaw] of changes) {
            expect(await walk([first, { ...second, ...change }], links)).toMatchObject({ flaw });
        }
        const body = second.body.replace("08:00:01", "09:00:01");
        const hash = toHex(await sha256(encoder.encode(body), octetsOf(second.signature)));
        expect(await walk([first, { ...second, body, hash }], links)).toEqual({
            flaw: "signature",
            checkpoint: 2,
        });
    });
});
