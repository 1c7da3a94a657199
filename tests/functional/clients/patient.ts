// Asks the portal without a token, again and again, waiting as it is told to: `node patient.ts ADDRESS`.
import { Client, fetchExchange } from "@urql/core";
import { address, exactFetch, seen } from "./exact.ts";
import { VillagesDocument } from "./generated.ts";

const ASKED = 4;

async function patientFetch(input: RequestInfo | URL, options?: RequestInit): Promise<Response> {
  for (;;) {
    const response = await exactFetch(input, options);
    const seconds = Number(response.headers.get("Retry-After") ?? 0);
    if (![429, 503].includes(response.status) || !seconds) return response;
    await new Promise((go) => setTimeout(go, seconds * 1000));
  }
}

async function codes(fetch: typeof patientFetch): Promise<unknown[]> {
  const client = new Client({ url: address, exchanges: [fetchExchange], fetch, preferGetMethod: false });
  const found = [];
  for (let number = 0; number < ASKED; number++) {
    const { data, error } = await client.query(VillagesDocument, {});
    found.push(data ? data.shared.villages?.totalCount : error?.graphQLErrors.map(({ extensions }) => extensions.code));
  }
  return found;
}

const hasty = await codes(exactFetch);
const exchanges = seen.splice(0);
console.log(JSON.stringify({ hasty, exchanges, patient: await codes(patientFetch) }));
