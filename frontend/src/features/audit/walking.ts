import type { Client, CombinedError } from "urql";

import { graphql } from "@/graphql";
import { fetchAuditKeys } from "@/lib/audit-keys";
import { beginWalk, type ChainFault, isFault, type Piece, piecesOf, type Walk, walkOver } from "@/lib/chain";
import { canVerify, parseKeys } from "@/lib/proof";

const CHECKPOINTS = graphql(`
    query AuditCheckpoints($after: Int, $first: Int!) {
        auditCheckpoints(after: $after, first: $first) {
            newest
            nodes {
                number
                hash
                body
                signature
            }
        }
    }
`);

const LINKS = graphql(`
    query AuditLinks($pieces: [ChainPiece!]!) {
        auditLinks(pieces: $pieces)
    }
`);

/** What the portal gives at once (docs/audit.md). */
const MOST = { checkpoints: 100, pieces: 500, links: 10_000 } as const;

/** How a walk stands: `until` is the checkpoint that it goes to. */
export interface Standing {
    readonly state: "under-way" | "sound" | "fault" | "unable" | "no-keys" | "failed";
    readonly walk: Walk | undefined;
    readonly until: number;
    readonly fault?: ChainFault;
    readonly error?: CombinedError;
}

/** Walk along the log behind a checkpoint, or over the last ones, and tell each page how it stands. */
export async function* walkAlong(client: Client, after: number | null): AsyncGenerator<Standing> {
    let standing: Standing = { state: "under-way", walk: undefined, until: 0 };
    if (!(await canVerify())) {
        yield { ...standing, state: "unable" };
        return;
    }
    let walk: Walk;
    try {
        walk = beginWalk(parseKeys(await fetchAuditKeys()));
    } catch {
        yield { ...standing, state: "no-keys" };
        return;
    }
    let from = after;
    do {
        const { data, error } = await client.query(CHECKPOINTS, { after: from, first: MOST.checkpoints });
        if (data === undefined) {
            yield { ...standing, state: "failed", ...(error && { error }) };
            return;
        }
        const { nodes, newest } = data.auditCheckpoints;
        // Each reading is a record of its own, so the log grows under who walks along it.
        if (standing.until === 0) standing = { ...standing, until: newest };
        const links = await linksOf(client, piecesOf(walk, nodes));
        if (!(links instanceof Map)) {
            yield { ...standing, state: "failed", error: links };
            return;
        }
        for (const node of nodes) {
            const reached = await walkOver(walk, node, (piece) => links.get(nameOf(piece)));
            if (isFault(reached)) {
                yield { ...standing, state: "fault", walk, fault: reached };
                return;
            }
            walk = reached;
        }
        standing = { ...standing, walk };
        from = walk.last?.number ?? standing.until;
        if (nodes.length === 0 || from >= standing.until) {
            yield { ...standing, state: "sound" };
            return;
        }
        yield standing;
    } while (from < standing.until);
}

async function linksOf(
    client: Client,
    pieces: readonly Piece[],
): Promise<Map<string, readonly string[]> | CombinedError> {
    const links = new Map<string, readonly string[]>();
    for (const some of inParts(pieces)) {
        const { data, error } = await client.query(LINKS, { pieces: some });
        if (error !== undefined) return error;
        for (const [at, piece] of some.entries()) links.set(nameOf(piece), data?.auditLinks[at] ?? []);
    }
    return links;
}

/** Return the pieces in parts of which each can be asked for at once. */
export function inParts(pieces: readonly Piece[]): Piece[][] {
    const parts: Piece[][] = [];
    let room = 0;
    for (const piece of pieces) {
        const part = parts.at(-1);
        const needed = piece.until - piece.after;
        if (part === undefined || part.length >= MOST.pieces || needed > room) {
            parts.push([piece]);
            room = MOST.links - needed;
        } else {
            part.push(piece);
            room -= needed;
        }
    }
    return parts;
}

function nameOf({ writer, after, until }: Piece): string {
    return `${writer}:${after}:${until}`;
}
