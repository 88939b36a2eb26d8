// A real OpenID Connect provider on loopback: node server.mjs <module> <issuer> <redirect URI> <secret>
import { pathToFileURL } from "node:url";

const [, , module, issuer, redirect, secret] = process.argv;
const { Provider } = await import(pathToFileURL(module).href);
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "trawl",
      client_secret: secret,
      redirect_uris: [redirect],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, email: `${id}@id.example`, email_verified: true }),
  }),
  pkce: { required: () => true },
  cookies: { keys: [secret] },
});
const { hostname, port } = new URL(issuer);
provider.listen(Number(port), hostname, () => console.log("listening"));
