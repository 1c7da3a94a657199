import { expect, it } from "vitest";

import { writeCsv } from "@/lib/csv";

it.each(["=1+1", "+1a", "-cmd", "@SUM(A1)", "\t=1", "＝1", " =1", "'=1", "\u200b=1"])(
    "makes no formula of %j",
    (text) => {
        const line = writeCsv([["name"], [text]]).split("\r\n")[1] ?? "";
        expect(line.replace(/^"/, "")).toBe(`'${text}${line.startsWith('"') ? '"' : ""}`);
    },
);

it("leaves numbers as they are and quotes what has to be quoted", () => {
    expect(writeCsv([["-3", "1.50", 'a"b', "a,b", ""]])).toBe('\ufeff-3,1.50,"a""b","a,b",""\r\n');
});
