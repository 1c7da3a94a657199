// Asks the portal as Apollo Client does, and prints what came of it as JSON: `node apollo.ts ADDRESS TOKEN`.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, type ErrorLike } from "@apollo/client";
import { safeCache } from "./cache.ts";
import { address, exactFetch, headers, seen } from "./exact.ts";
import { ResidentsDocument, VillagesDocument, type Purpose, type VillagesQuery } from "./generated.ts";

type Answer = ApolloClient.QueryResult<VillagesQuery>;
type Village = NonNullable<VillagesQuery["shared"]["villages"]>["nodes"][number];

// What not to do: a resident of two purposes becomes one, masked or not.
function mixingCache(): InMemoryCache {
  return new InMemoryCache({ typePolicies: { Shared: { merge: true }, residents: { keyFields: ["code"] } } });
}

function clientWith(authorization: Record<string, string>, cache: InMemoryCache): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: address, headers: authorization, fetch: exactFetch }),
    cache,
  });
}

async function villages(client: ApolloClient): Promise<Village[]> {
  const found: Village[] = [];
  for (let after: string | null = null; ; ) {
    const answer: Answer = await client.query({ query: VillagesDocument, variables: { after } });
    const page = answer.data?.shared.villages;
    if (!page) throw answer.error ?? new Error("no page");
    found.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor;
  }
}

async function residents(client: ApolloClient, purpose: Purpose): Promise<unknown> {
  const { data } = await client.query({ query: ResidentsDocument, variables: { purpose } });
  return data?.shared.residents?.nodes;
}

async function inTurn(client: ApolloClient): Promise<unknown> {
  const first = await residents(client, "VERIFICATION");
  const masked = await residents(client, "WORK_REFERENCE");
  return { first, masked, again: await residents(client, "VERIFICATION") };
}

function told(error: ErrorLike | undefined): unknown {
  return CombinedGraphQLErrors.is(error)
    ? { errors: error.errors.map(({ path, extensions }) => ({ path, extensions })) }
    : String(error);
}

const client = clientWith(headers, safeCache());
const pages = await villages(client);
const exchanges = seen.splice(0);
const safe = await inTurn(client);
const asked = seen.splice(0).length;
const known = Object.keys(client.cache.extract() as object);
const mixed = await inTurn(clientWith(headers, mixingCache()));
const refused = await client.query({ query: ResidentsDocument, variables: {}, errorPolicy: "all" });
const stranger = clientWith({ Authorization: "Bearer wrong" }, safeCache());
const wrong = await stranger.query({ query: VillagesDocument, errorPolicy: "all" });
const errors = { refused: told(refused.error), wrong: told(wrong.error) };
console.log(JSON.stringify({ pages, exchanges, safe, asked, known, mixed, ...errors }));
