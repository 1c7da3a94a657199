// Verifies proofs by what the pages verify them with: `node page_verifier.mjs KEYS < PROOFS`, a proof a line in base64.
import { readFileSync } from "node:fs";

import { canVerify, parseKeys, verifyProof } from "../../../frontend/src/lib/proof.ts";

if (!(await canVerify())) throw new Error("this Node can't verify");
const keys = parseKeys(readFileSync(process.argv[2], "utf8"));
const lines = readFileSync(0, "utf8").split("\n").filter(Boolean);
const verdicts = [];
for (const line of lines) verdicts.push(await verifyProof(new Uint8Array(Buffer.from(line, "base64")), keys));
console.log(JSON.stringify(verdicts));
