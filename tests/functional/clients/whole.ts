type Reviver = (this: unknown, name: string, value: unknown, context: { source: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

// The text of an answer, with whole numbers beyond 2^53 as texts.
export function keepWholeNumbers(text: string): string {
  const answer = parse(text, (_name, value, { source }) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value,
  );
  return JSON.stringify(answer);
}
