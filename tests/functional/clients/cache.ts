import { InMemoryCache } from "@apollo/client";

// A row stays with the request that it answers. Only what is the same for every purpose may have a key of its own.
export function safeCache(): InMemoryCache {
  return new InMemoryCache({
    dataIdFromObject: () => undefined,
    typePolicies: { Shared: { merge: true }, villages: { keyFields: ["code"] } },
  });
}
