/** A table as CSV for a spreadsheet, by the rules of the portal's own files (docs/exchange.md): no text is a formula. */
const FORMULA =
    "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u207b\u207c\u208a\u208b\u208c\u2212";
const UNSEEN = "\\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff";
const HOSTILE = new RegExp(`^'*(?:[\\x00-\\x1f\\x7f]|[${UNSEEN}]*[${FORMULA}])`);
const PLAIN = /^-?[0-9]+(?:\.[0-9]+)?$/;
const QUOTED = /[",;\r\n\t]|^\s|\s$|^$/;

function field(text: string): string {
    const safe = !PLAIN.test(text) && HOSTILE.test(text) ? `'${text}` : text;
    return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function writeCsv(lines: readonly (readonly string[])[]): string {
    return `\ufeff${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

/** Hand a text or octets over as a file of the browser's own; nothing is sent. */
export function handOver(content: BlobPart, name: string, type: string): void {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
}
