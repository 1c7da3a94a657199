// Opens every page that shows what departments and the public wrote: `node payloads.mjs CHROMIUM SITE JSON`, where the
// JSON is `{payloads, pages, scriptless, office}`: the texts, and the addresses for a visitor, without scripts, for an officer.
import { open, signIn } from "./pages.mjs";

const [executablePath, site, given] = process.argv.slice(2);
const { payloads, pages, scriptless, office } = JSON.parse(given);
const told = { missing: {}, ran: {}, dialogs: [], faults: [] };

async function look(page, path, isScripted = true) {
  await page.goto(site + path, { waitUntil: "networkidle" });
  if (isScripted) await page.locator("h1").first().waitFor();
  // Whatever waits for a pointer or the keyboard gets it.
  for (const part of await page.locator("main a, main button, main [tabindex]").all()) await part.focus().catch(() => {});
  await page.mouse.move(200, 300);
  await page.mouse.move(400, 600);
  const shown = (await page.locator("body").evaluate((body) => body.textContent)).replace(/\s+/g, " ");
  const name = isScripted ? path : `${path} without scripts`;
  told.missing[name] = payloads.filter((payload) => !shown.includes(payload.replace(/\s+/g, " "))).length;
  if (isScripted) told.ran[name] = await page.evaluate(() => window.__ran ?? 0);
}

async function watched(options) {
  const opened = await open(executablePath, site, options);
  opened.page.on("dialog", async (dialog) => {
    told.dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  return opened;
}

const visitor = await watched();
for (const path of pages) await look(visitor.page, path);
await visitor.browser.close();

const plain = await watched({ scripts: false });
for (const path of scriptless) await look(plain.page, path, false);
await plain.browser.close();

const officer = await watched();
await signIn(officer.page, site, "officer");
await officer.page.goto(`${site}/console`);
await officer.page.getByRole("button", { name: /登记身份验证器/ }).click();
await officer.page.getByRole("button", { name: /由本页代替/ }).click();
await officer.page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
await Promise.all([officer.page.waitForEvent("load"), officer.page.getByRole("button", { name: "确认" }).click()]);
await officer.page.getByText("本次会话已验证").waitFor();
for (const path of office) await look(officer.page, path);
await officer.browser.close();

told.faults = [...visitor.faults, ...plain.faults, ...officer.faults];
console.log(JSON.stringify(told));
