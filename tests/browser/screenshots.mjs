// Pictures of every page in both languages and both widths, and a page that shows them side by side:
// `node screenshots.mjs CHROMIUM SITE FOLDER`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { go, open, signIn } from "./pages.mjs";

const [executablePath, site, folder] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(new URL("./screenshots.json", import.meta.url), "utf8"));
const FORMS = [["zh-CN", 1280], ["en-US", 1280], ["zh-CN", 390], ["en-US", 390]];
mkdirSync(folder, { recursive: true });
const rows = [];
const faults = [];

/** Show a second factor once; the session keeps it, whatever the language and the width. */
async function confirm(page) {
  await page.locator(".second-factor button").first().click();
  await page.locator(".enrolment button").click();
  await page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
  await Promise.all([page.waitForEvent("load"), page.locator(".one-more button").click()]);
  await page.waitForFunction(() => document.querySelector(".second-factor") === null);
}

for (const [user, shown] of Object.entries(pages)) {
  const one = await open(executablePath, site);
  if (user !== "-") {
    await signIn(one.page, site, user);
    await confirm(one.page);
  }
  const state = await one.context.storageState();
  for (const [language, width] of FORMS) {
    const context = await one.browser.newContext({ locale: language, viewport: { width, height: 900 }, storageState: state });
    const page = await context.newPage();
    for (const [, address] of shown) {
      const name = `${address.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "start"}-${language}-${width}.png`;
      await go(page, site + address);
      await page.waitForFunction(() => document.querySelector("[aria-busy=true], .ant-skeleton") === null);
      await page.screenshot({ path: `${folder}/${name}`, fullPage: true });
      rows.push({ address, language, width, name });
    }
    await context.close();
  }
  faults.push(...one.faults);
  await one.browser.close();
}
const figures = rows.map(({ address, language, width, name }) =>
  `<figure><figcaption>${address} ${language} ${width}</figcaption><a href="${name}"><img src="${name}" width="300" loading="lazy" alt=""></a></figure>`);
writeFileSync(`${folder}/index.html`, `<!doctype html><meta charset="utf-8"><title>Pages</title>
<style>body{display:flex;flex-wrap:wrap;gap:16px;align-items:start;font:13px sans-serif}figure{margin:0}</style>${figures.join("\n")}`);
console.log(JSON.stringify({ pictures: rows.map(({ name }) => name), faults }));
