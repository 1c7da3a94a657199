// Signs a person in, lets pages of others try everything with that session, and prints what came of it as JSON:
// `node forgery.mjs CHROMIUM PORTAL PAGE…`. Two persons are signed in; the first is who looks at the pages.
import { createHmac } from "node:crypto";
import { chromium } from "playwright-core";

const [executablePath, portal, ...pages] = process.argv.slice(2);
const QUIET = ["gpu", "quic", "background-networking", "component-update", "sync"].map((what) => `--disable-${what}`);
const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--no-first-run", ...QUIET],
});

async function signIn(user) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(`${portal}/sign-in`);
  await page.locator(`button[value="${user}"]`).click();
  await page.waitForURL(`${portal}/session`);
  await page.goto(`${portal}/console`, { waitUntil: "networkidle" });
  return { context, page };
}

// As a script of the portal's own page asks.
const ask = ({ page }, query) =>
  page.evaluate(async (document) => {
    const headers = { "Content-Type": "application/json", "X-Portal-Request": "1" };
    const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query: document }) });
    return answer.json();
  }, query);

function codeOf(secret) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((octet) => Number.parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const made = createHmac("sha1", key).update(step).digest();
  return String((made.readUInt32BE(made.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const SEEN = "{ me { user } sessions { id user secondFactor begunAt endsAt } }";
const other = await signIn("clerk");
const person = await signIn("system-1");
const enrolled = await ask(person, "mutation { enrolSecondFactor { secret } }");
await ask(person, `mutation { confirmSecondFactor(code: "${codeOf(enrolled.data.enrolSecondFactor.secret)}") }`);
const before = await ask(person, SEEN);

const attacks = [];
for (const address of pages) {
  const page = await person.context.newPage();
  let withSession = 0;
  const counted = [];
  const count = (request) => {
    if (request.url().startsWith(portal)) {
      counted.push(request.allHeaders().then(({ cookie }) => (withSession += Number(/portal-session/.test(cookie ?? "")))));
    }
  };
  person.context.on("request", count);
  await page.goto(`${address}?${encodeURIComponent(portal)}`);
  const done = await page.waitForFunction(() => globalThis.done, null, { timeout: 90_000 });
  person.context.off("request", count);
  await Promise.allSettled(counted);
  attacks.push({ page: address, withSession, ...(await done.jsonValue()) });
  for (const opened of person.context.pages()) if (opened !== person.page) await opened.close();
}

const after = await ask(person, SEEN);
const otherAfter = await ask(other, "{ me { user } }");
// What the others tried is something that the portal's own page may do.
const own = await ask(person, 'mutation { endSessions(user: "clerk") }');
await browser.close();
console.log(JSON.stringify({ before, attacks, after, otherAfter, own }));
