import { expect, it } from "vitest";

import { oneTimeCode } from "@/lib/one-time-codes";

// RFC 6238, appendix B: the secret is the ASCII text 12345678901234567890; the last six digits of its eight.
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

it.each([
    [59, "287082"],
    [1111111109, "081804"],
    [1111111111, "050471"],
    [1234567890, "005924"],
    [20000000000, "353130"],
])("makes the code that the standard gives for %i", async (seconds, code) => {
    expect(await oneTimeCode(SECRET, seconds)).toBe(code);
});

it("takes nothing for a secret that is none", async () => {
    await expect(oneTimeCode("01!", 0)).rejects.toThrow("not a secret");
});
