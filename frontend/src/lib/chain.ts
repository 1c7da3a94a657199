import { fromHex, headsOf, linked, parseCheckpoint, parseStep, signerOf, toHex } from "@/lib/proof";

type Octets = Uint8Array<ArrayBuffer>;

/** A checkpoint as the portal gives it; octets are hex. */
export interface GivenCheckpoint {
    readonly number: number;
    readonly hash: string;
    readonly body: string;
    readonly signature: string;
}

/** What was found not to be right: where, of which chain if it is one. */
export interface ChainFault {
    readonly flaw: "form" | "signature" | "order" | "rewound" | "links";
    readonly checkpoint: number;
    readonly writer?: number;
}

interface Head {
    readonly sequence: number;
    readonly hash: string;
}

/** How far a walk along the log came; everything up to there was verified. */
export interface Walk {
    readonly signers: readonly Octets[];
    readonly heads: ReadonlyMap<number, Head>;
    readonly last: { readonly number: number; readonly hash: string; readonly time: string } | undefined;
    readonly checkpoints: number;
    readonly records: number;
    /** Chains that had begun before the walk: from the first head on. */
    readonly joined: number;
}

/** A piece of a chain that leads from one head to the next. */
export interface Piece {
    readonly writer: number;
    readonly after: number;
    readonly until: number;
}

const NONE = "0".repeat(64);

export function beginWalk(keys: readonly Octets[]): Walk {
    return { signers: keys, heads: new Map(), last: undefined, checkpoints: 0, records: 0, joined: 0 };
}

/** Return the pieces that lead from the heads of a walk to those that checkpoints name. */
export function piecesOf(walk: Walk, checkpoints: readonly GivenCheckpoint[]): Piece[] {
    const reached = new Map([...walk.heads].map(([writer, { sequence }]) => [writer, sequence]));
    const pieces: Piece[] = [];
    for (const { body } of checkpoints) {
        for (const [writer, until] of readHeads(body)) {
            const after = reached.get(writer);
            if (after !== undefined && until > after) pieces.push({ writer, after, until });
            reached.set(writer, Math.max(until, after ?? 0));
        }
    }
    return pieces;
}

function readHeads(body: string): [number, number, string][] {
    try {
        return headsOf(JSON.parse(body) as Record<string, unknown>);
    } catch {
        // It is told of when it is walked over.
        return [];
    }
}

/** Walk over one checkpoint more, with the links of the pieces that lead to its heads. */
export async function walkOver(
    walk: Walk,
    given: GivenCheckpoint,
    linksOf: (piece: Piece) => readonly string[] | undefined,
): Promise<Walk | ChainFault> {
    const fault = (flaw: ChainFault["flaw"], writer?: number): ChainFault =>
        writer === undefined
            ? { flaw, checkpoint: given.number }
            : { flaw, checkpoint: given.number, writer };
    try {
        const checkpoint = await parseCheckpoint({ ...given });
        const { body } = checkpoint;
        const signer = await signerOf(walk.signers, checkpoint);
        if (signer === undefined) return fault("signature");
        if (!isNext(walk, checkpoint.number, body)) return fault("order");
        const heads = new Map(walk.heads);
        let [records, joined] = [walk.records, walk.joined];
        for (const [writer, sequence, hash] of headsOf(body)) {
            const known = heads.get(writer);
            heads.set(writer, { sequence, hash });
            if (known === undefined) {
                joined += sequence === 0 ? 0 : 1;
                continue;
            }
            if (sequence < known.sequence) return fault("rewound", writer);
            const links = linksOf({ writer, after: known.sequence, until: sequence }) ?? [];
            const reached = await linked(fromHex(known.hash), links.map(parseStep));
            if (links.length !== sequence - known.sequence || toHex(reached) !== hash)
                return fault("links", writer);
            records += links.length;
        }
        return {
            signers: typeof body.key === "string" ? [fromHex(body.key)] : [signer],
            heads,
            last: { number: checkpoint.number, hash: checkpoint.hash, time: String(body.time) },
            checkpoints: walk.checkpoints + 1,
            records,
            joined,
        };
    } catch (thrown) {
        if (thrown instanceof Error) return fault("form");
        throw thrown;
    }
}

/** Tell whether a checkpoint follows the last one; a restore whose loss was accepted leaves numbers out. */
function isNext({ last }: Walk, number: number, body: Readonly<Record<string, unknown>>): boolean {
    if (last === undefined) return number > 1 || body.previous === NONE;
    const loss = body.loss as { number?: unknown } | undefined;
    const isLost = typeof loss?.number === "number" && number === Math.max(loss.number, last.number) + 1;
    return body.previous === last.hash && (number === last.number + 1 || isLost);
}

export function isFault(walk: Walk | ChainFault): walk is ChainFault {
    return "flaw" in walk;
}
