// A newcomer asks her first questions, as the public and as an application: `node explorer.mjs CHROMIUM SITE PICTURES TOKEN`.
import { findings, go, isTooWide, open } from "./pages.mjs";

const [executablePath, site, pictures, token] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

/** Press the button that runs the query, and return the answer. */
async function run() {
  const answered = page.waitForResponse((response) => response.request().postData()?.includes("shared") ?? false);
  await page.getByRole("button", { name: /Execute query/ }).click();
  return (await answered).json();
}

async function written() {
  return page.evaluate(() => document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.getValue());
}

async function choose(label, text) {
  await page.getByRole("combobox", { name: label }).click();
  await page.locator(".ant-select-item-option", { hasText: text }).first().click();
}

await go(page, site);
await page.getByRole("link", { name: "查询工具" }).click();
await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
await page.getByText("当前身份：公众").waitFor();
const asPublic = await run();
await page.locator(".result-window .CodeMirror").getByText("totalCount").first().waitFor();
await look("public");
const publicEntries = await page.evaluate(() => document.querySelectorAll(".choice").length);

await page.getByLabel("以应用的身份查询").fill(token);
await page.getByRole("button", { name: "使用此令牌" }).click();
await page.getByText("当前身份：应用 pension-check").waitFor();
await choose("目录条目", "常住人口登记信息");
await page.waitForFunction(() =>
  document.querySelector(".graphiql-query-editor .CodeMirror")?.CodeMirror.getValue().includes("residents"),
);
const proposed = await written();
const asApplication = await run();
const standings = await page.locator(".choice").allInnerTexts();
await look("application");

await choose("用途", "不注明");
await page.getByRole("button", { name: "写出查询" }).click();
await page.waitForFunction(() =>
  !document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.getValue().includes("purpose"),
);
const refused = await run();
await page.locator(".state.refused").waitFor();
const explained = await page.locator(".state.refused").innerText();
await look("refused");
await page.getByRole("button", { name: /settings/i }).click();
await page.getByRole("dialog").waitFor();
await page.keyboard.press("Escape");

const kept = await page.evaluate(() => ({ ...localStorage, ...sessionStorage }));
const at = page.url();
await page.setViewportSize({ width: 390, height: 800 });
const tooWide = await isTooWide(page);
await go(page, `${site}/catalog/103001001/00003?tab=take`);
await page.getByRole("link", { name: "在查询工具中试用" }).click();
await page.waitForFunction(() =>
  document.querySelector(".graphiql-query-editor .CodeMirror")?.CodeMirror.getValue().includes("areas"),
);
await page.route("**/graphql", (route) => route.abort());
await go(page, `${site}/explorer`);
const unanswered = await page.locator(".state.failed").innerText();
await browser.close();
const seen = { asPublic, publicEntries, proposed, asApplication, standings, refused, explained, unanswered, kept, at, tooWide };
console.log(JSON.stringify({ ...seen, axe, faults }));
