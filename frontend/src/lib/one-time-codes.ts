/** One-time codes (RFC 6238), as an authenticator makes them; in the demonstration the page stands in for one. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_SECONDS = 30;

function readBase32(text: string): Uint8Array<ArrayBuffer> {
    const bits = Array.from(text.toUpperCase().replaceAll(/[\s=]/g, ""), (letter) => LETTERS.indexOf(letter));
    if (bits.some((value) => value < 0)) throw new Error("not a secret");
    const written = bits.map((value) => value.toString(2).padStart(5, "0")).join("");
    return Uint8Array.from(written.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2));
}

export async function oneTimeCode(secret: string, atSeconds: number): Promise<string> {
    const algorithm = { name: "HMAC", hash: "SHA-1" };
    const key = await crypto.subtle.importKey("raw", readBase32(secret), algorithm, false, ["sign"]);
    const step = new Uint8Array(8);
    new DataView(step.buffer).setBigUint64(0, BigInt(Math.floor(atSeconds / STEP_SECONDS)));
    const made = new DataView(await crypto.subtle.sign("HMAC", key, step));
    const place = made.getUint8(made.byteLength - 1) & 15;
    return String((made.getUint32(place) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
