// A visitor finds open data, looks at it, and takes it: `node public.mjs CHROMIUM SITE PICTURES`.
import { readFileSync } from "node:fs";

import { findings, go, isTooWide, open, renewed, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

await go(page, site);
const title = await page.getByRole("heading", { level: 1 }).innerText();
await look("start");
await page.getByRole("searchbox").fill("法人");
await page.keyboard.press("Enter");
await page.waitForURL("**/catalog?q=*");
await page.getByText("1 个条目").waitFor();
const found = await page.locator("main .entry-line h3 a").allInnerTexts();
await look("found");

await page.getByRole("link", { name: "法人单位登记信息" }).click();
await page.getByRole("table").waitFor();
const rows = await tableOf(page, "数据");
await look("rows");
await renewed(page, () => page.getByRole("button", { name: "成立日期" }).click());
const oldest = (await tableOf(page, "数据")).slice(1).map((row) => row[4]);
await page.getByRole("combobox", { name: "信息项" }).click();
await page.locator(".ant-select-item-option", { hasText: /^名称$/ }).click();
await page.getByRole("textbox", { name: "值" }).fill("南通");
await renewed(page, () => page.getByRole("button", { name: "筛选" }).click());
const filtered = (await tableOf(page, "数据")).slice(1).map((row) => row[1]);
const address = page.url();
await page.reload({ waitUntil: "networkidle" });
const reloaded = (await tableOf(page, "数据")).slice(1).map((row) => row[1]);

await page.getByRole("tab", { name: "统计图" }).click();
await page.getByRole("region", { name: "统计图" }).waitFor();
const counted = await tableOf(page, "统计图");
await look("chart");
await page.getByRole("tab", { name: "信息项" }).click();
await page.getByText("合成代码", { exact: false }).first().waitFor();
await look("items");
await page.getByRole("tab", { name: "下载与接口" }).click();
const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
const file = readFileSync(await download.path(), "utf8");
await look("take");
const examples = {};
for (const name of ["curl", "Python", "JavaScript", "Java"]) {
  await page.getByRole("tab", { name, exact: true }).click();
  examples[name] = await page.locator(`pre[aria-label="${name}"]`).innerText();
}
await page.getByRole("tab", { name: "接口说明" }).click();
await page.getByRole("region", { name: "信息项" }).waitFor();
const described = { text: await page.locator(".interface").innerText(), items: await tableOf(page, "信息项") };
await look("interface");
await page.getByRole("tab", { name: "说明", exact: true }).click();
await look("about");
await page.getByRole("tab", { name: "接口说明" }).click();
const sent = [];
page.on("request", (request) => sent.push(request.postData() ?? ""));
await page.getByRole("link", { name: "在查询工具中打开" }).first().click();
await page.waitForURL("**/explorer?**");
const editor = () => document.querySelector(".graphiql-query-editor .CodeMirror")?.CodeMirror.getValue() ?? "";
await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
await page.waitForLoadState("networkidle");
described.editor = await page.evaluate(editor);
described.address = new URL(page.url()).searchParams.get("query");
described.ran = sent.some((body) => /shared\s*\{/.test(body));

await page.setViewportSize({ width: 390, height: 800 });
const tooWide = [];
for (const path of ["/", "/catalog", "/catalog/102001001/00001", "/catalog/102001001/00001?tab=items", "/catalog/102001001/00001?tab=take", "/catalog/102001001/00001?tab=interface"]) {
  await go(page, site + path);
  if (await isTooWide(page)) tooWide.push(path);
}
await go(page, `${site}/catalog/303001001/00001`);
const closed = await page.locator("main").innerText();
await page.getByRole("button", { name: "English" }).click();
const inEnglish = await page.locator("main").innerText();
await browser.close();
console.log(
  JSON.stringify({ described, title, found, rows, oldest, filtered, counted, address, reloaded, file, examples, tooWide, closed, inEnglish, axe, faults }),
);
