// Uses the page for trying queries out as a person does, and prints what there was to see as JSON:
// `node graphiql.mjs CHROMIUM ADDRESS TOKEN QUERY PICTURES`, the last one a folder.
import { chromium } from "playwright-core";

const [executablePath, address, token, query, pictures] = process.argv.slice(2);
const QUIET = ["gpu", "quic", "background-networking", "component-update", "sync"].map((what) => `--disable-${what}`);

const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--no-first-run", ...QUIET],
});
const page = await browser.newPage({ locale: "zh-CN", viewport: { width: 1280, height: 800 } });
const said = [];
const requested = [];
page.setDefaultTimeout(20_000);
page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
page.on("pageerror", (error) => said.push(`error: ${error.message}`));
page.on("request", (request) => requested.push(request.url()));
await page.addInitScript(() => {
  globalThis.violations = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`),
  );
});

async function write(editor, text) {
  await page.locator(`${editor} .graphiql-editor:not(.hidden) .CodeMirror, ${editor} > .graphiql-query-editor-wrapper .CodeMirror`).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

async function run() {
  const answered = page.waitForResponse((response) => response.request().postData()?.includes("shared") ?? false);
  await page.getByRole("button", { name: /Execute query/ }).click();
  return (await answered).json();
}

async function openShared() {
  await page.getByRole("button", { name: /Show Documentation Explorer/ }).click();
  await explorer.locator("a", { hasText: /^Query$/ }).click();
  await explorer.locator("a", { hasText: /^Shared$/ }).click();
}

const explorer = page.locator(".graphiql-doc-explorer");
await page.goto(address, { waitUntil: "networkidle" });
const title = await page.title();
const asPublic = await run();
const shown = await page.locator(".result-window .CodeMirror").innerText();
await page.screenshot({ path: `${pictures}/public.png` });
await openShared();
await explorer.locator("a", { hasText: /^villages_connection$/ }).first().waitFor();
const publicDocumented = await explorer.innerText();

await write('section[aria-label="Headers"]', JSON.stringify({ Authorization: `Bearer ${token}` }));
await write('section[aria-label="Query Editor"]', query);
await page.getByRole("button", { name: /Re-fetch GraphQL schema/ }).click();
await explorer.locator("a", { hasText: /^residents_connection$/ }).first().waitFor();
const documented = await explorer.innerText();
const asApplication = await run();
await page.screenshot({ path: `${pictures}/application.png` });

await page.getByRole("button", { name: /Open settings dialog/ }).click();
await page.getByRole("dialog").waitFor();
await page.screenshot({ path: `${pictures}/settings.png` });
await page.keyboard.press("Escape");

const kept = await page.evaluate(() => ({ ...localStorage, ...sessionStorage }));
const at = page.url();
const violations = await page.evaluate(() => globalThis.violations);
await browser.close();
const seen = { title, shown, publicDocumented, documented, said, requested, kept, at, violations };
console.log(JSON.stringify({ asPublic, asApplication, ...seen }));
