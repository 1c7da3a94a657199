// The whole walk of an application with openid-client: `node walk.mjs SITE APPLICATION KEY_FILE`.
// Finds the server by its metadata, gets a token for a key of its own, asks with it, introspects it and revokes it.
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const [site, application, keyFile] = process.argv.slice(2);
const subtle = { name: "ECDSA", namedCurve: "P-256" };
const certified = await crypto.subtle.importKey(
  "pkcs8",
  createPrivateKey(readFileSync(keyFile)).export({ type: "pkcs8", format: "der" }),
  subtle,
  false,
  ["sign"],
);
const seen = [];

async function watched(url, options) {
  const response = await fetch(url, options);
  const said = response.headers.get("content-type")?.includes("json") ? await response.clone().json() : undefined;
  seen.push([new URL(url).pathname, response.status, said?.error ?? said?.errors?.[0].extensions.code ?? null]);
  return response;
}

const server = await client.discovery(new URL(site), application, undefined, client.PrivateKeyJwt(certified), {
  algorithm: "oauth2",
  execute: [client.allowInsecureRequests],
  [client.customFetch]: watched,
});
server[client.customFetch] = watched;
const DPoP = client.getDPoPHandle(server, await client.randomDPoPKeyPair("ES256"));

async function ask(token, proof = DPoP) {
  const body = JSON.stringify({ query: "{ me { application } shared { villages(first: 1) { nodes { code } } } }" });
  const headers = new Headers({ "Content-Type": "application/json" });
  const options = proof && { DPoP: proof };
  try {
    const url = new URL("/graphql", site);
    const response = await client.fetchProtectedResource(server, token, url, "POST", body, headers, options);
    return { status: response.status, payload: await response.json() };
  } catch (error) {
    return { status: error.status, challenges: (error.cause ?? []).map(({ scheme, parameters }) => [scheme, parameters]) };
  }
}

const granted = await client.clientCredentialsGrant(server, {}, { DPoP });
const token = granted.access_token;
const stranger = client.getDPoPHandle(server, await client.randomDPoPKeyPair("ES256"));
const told = {
  metadata: server.serverMetadata(),
  granted: { type: granted.token_type, seconds: granted.expires_in },
  answers: [await ask(token), await ask(token)],
  stolen: [await ask(token, stranger), await ask(token, null)],
  active: await client.tokenIntrospection(server, token),
  unknown: await client.tokenIntrospection(server, "unknown"),
};
await client.tokenRevocation(server, token);
told.revoked = await ask(token);
told.inactive = await client.tokenIntrospection(server, token);
await client.tokenRevocation(server, token);
console.log(JSON.stringify({ ...told, seen }));
