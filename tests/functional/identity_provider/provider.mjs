// A certified OpenID provider that the portal knows nothing of: signs in whoever `?user=` of its own page names.
// `node provider.mjs '{"redirectUri": …, "secret": …, "jwks": …, "algorithm": …, "logoutUri": …, "pushed": …}'`;
// `pushed` is `off`, `offered` or `required`. It prints its issuer.
import { createServer } from "node:http";
import { generateKeyPair, exportJWK } from "jose";
import Provider from "oidc-provider";

const options = JSON.parse(process.argv[2]);
const kinds = { RS256: ["RS256"], PS256: ["PS256"], ES256: ["ES256"], EdDSA: ["EdDSA", { crv: "Ed25519" }] };
const keys = await Promise.all(
  Object.entries(kinds).map(async ([alg, made]) => ({
    ...(await exportJWK((await generateKeyPair(made[0], { extractable: true, ...made[1] })).privateKey)),
    alg,
    use: "sig",
    kid: alg,
  })),
);
const client = {
  client_id: "portal",
  redirect_uris: [options.redirectUri],
  post_logout_redirect_uris: [options.logoutUri],
  response_types: ["code"],
  grant_types: ["authorization_code"],
  id_token_signed_response_alg: options.algorithm,
  ...(options.secret
    ? { client_secret: options.secret, token_endpoint_auth_method: "client_secret_basic" }
    : { token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "EdDSA", jwks: options.jwks }),
};

const pushed = { enabled: options.pushed !== "off", requirePushedAuthorizationRequests: options.pushed === "required" };

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys },
  cookies: { keys: ["synthetic key of cookies"] },
  pkce: { required: () => true },
  enabledJWA: {
    idTokenSigningAlgValues: Object.keys(kinds),
    clientAuthSigningAlgValues: ["EdDSA", "ES256", "RS256"],
  },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true }, pushedAuthorizationRequests: pushed },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();
server.on("request", (request, response) => {
  const address = new URL(request.url, issuer);
  if (address.pathname.startsWith("/interaction/") && address.searchParams.has("user")) {
    const login = { accountId: address.searchParams.get("user") };
    provider.interactionFinished(request, response, { login }).catch((failure) => response.end(String(failure)));
  } else if (address.pathname.startsWith("/interaction/")) {
    response.end("who?");
  } else {
    answer(request, response);
  }
});
process.stdout.write(`${issuer}\n`);
