// Asks the portal as urql does, and prints what came of it as JSON: `node urql.ts ADDRESS TOKEN`.
import { Client, fetchExchange, cacheExchange, type CombinedError, type OperationResult } from "@urql/core";
import { address, exactFetch, headers, seen } from "./exact.ts";
import { ResidentsDocument, VillagesDocument, type Purpose, type VillagesQuery } from "./generated.ts";

type Village = NonNullable<VillagesQuery["shared"]["villages"]>["nodes"][number];

function clientWith(authorization: Record<string, string>): Client {
  return new Client({
    url: address,
    exchanges: [cacheExchange, fetchExchange],
    fetch: exactFetch,
    fetchOptions: { headers: authorization },
    preferGetMethod: false,
  });
}

const client = clientWith(headers);

async function villages(): Promise<Village[]> {
  const found: Village[] = [];
  for (let after: string | null = null; ; ) {
    const answer: OperationResult<VillagesQuery> = await client.query(VillagesDocument, { after });
    const page = answer.data?.shared.villages;
    if (!page) throw answer.error ?? new Error("no page");
    found.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor;
  }
}

async function residents(purpose: Purpose): Promise<unknown> {
  const { data } = await client.query(ResidentsDocument, { purpose });
  return data?.shared.residents?.nodes;
}

function told(error: CombinedError | undefined): unknown {
  return {
    status: (error?.response as Response | undefined)?.status,
    errors: error?.graphQLErrors.map(({ path, extensions }) => ({ path, extensions })),
  };
}

const pages = await villages();
const exchanges = seen.splice(0);
const first = await residents("VERIFICATION");
const masked = await residents("WORK_REFERENCE");
const safe = { first, masked, again: await residents("VERIFICATION") };
const asked = seen.length;
const refused = await client.query(ResidentsDocument, {});
const wrong = await clientWith({ Authorization: "Bearer wrong" }).query(VillagesDocument, {});
const errors = { refused: told(refused.error), wrong: told(wrong.error) };
console.log(JSON.stringify({ pages, exchanges, safe, asked, ...errors }));
