// A policy administrator looks at records and an agreement, writes a change without code, tries it and saves the draft:
// `node policies.mjs CHROMIUM SITE PICTURES`.
import { findings, go, isTooWide, open, renewed, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const main = () => page.locator("main").innerText();
const choose = async (label, search, option) => {
  const box = page.getByRole("combobox", { name: label, exact: true });
  await box.click();
  if (search !== null) await box.fill(search);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: option }).first().click();
};
const checked = () => page.waitForFunction(() => document.querySelector("aside [aria-live] .yes, aside [aria-live] .no")
  && document.querySelector("aside [aria-busy=true]") === null);

await signIn(page, site, "policy-administrator");
await go(page, `${site}/console/policies`);
const unconfirmed = await page.getByRole("alert").innerText();
await go(page, `${site}/console`);
await page.getByRole("button", { name: /登记身份验证器/ }).click();
await page.getByRole("button", { name: /由本页代替/ }).click();
await page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "确认" }).click()]);
await page.getByText("本次会话已验证").waitFor();

await page.getByRole("link", { name: "策略", exact: true }).click();
await page.getByRole("table").waitFor();
await page.getByLabel("编号、主体、条目、依据").fill("statute");
await renewed(page, () => page.getByRole("button", { name: "检索" }).click());
const found = await tableOf(page, "策略记录");
const address = page.url();
await look("policies");
await go(page, `${site}/console/agreements/nt-demo-0001`);
const agreement = await main();
await page.getByRole("button", { name: /用途/ }).first().click();
const marked = await page.locator("mark").allInnerTexts();
await look("agreement");
await go(page, `${site}/console/policies/statute-tax`);
const policy = await main();
await look("policy");

await page.getByRole("link", { name: "修改", exact: true }).click();
await page.getByLabel("变更标题").fill("合成变更");
await page.getByLabel("变更理由").fill("测试");
await page.getByLabel("至（含当日）").fill("2031-12-31");
await page.locator("#maxRows").fill("7");
await page.getByRole("checkbox", { name: "仅限部分数据行" }).setChecked(true);
const scope = page.getByRole("group", { name: "数据行范围", exact: true }).last();
await scope.getByRole("button", { name: "添加条件", exact: true }).first().click();
await scope.getByRole("textbox").last().fill("合成");
await checked();
const check = await page.locator("aside").innerText();
await look("editor");
await page.locator("#maxRows").fill("many");
await checked();
await page.waitForFunction(() => document.querySelector("aside .faults") !== null);
const wrong = await page.locator("aside .faults").innerText();
await page.reload({ waitUntil: "networkidle" });
const keptTitle = await page.getByLabel("变更标题").inputValue();
await page.locator("#maxRows").fill("7");
await checked();

await page.locator(".trial .ant-input").first().fill("合成-1");
await renewed(page, () => page.getByRole("button", { name: "试行" }).click());
const trial = await page.getByRole("region", { name: "在数据行上试行" }).innerText();
await look("trial");
await page.getByRole("button", { name: "保存草稿" }).click();
await page.waitForURL(/\/console\/changes\/\d+$/);
const number = Number(page.url().split("/").at(-1));
const ask = (query) => page.evaluate(async (text) => {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Portal-Request": "1" },
    body: JSON.stringify({ query: text }),
  });
  return response.json();
}, query);
const saved = await ask(`{ changeSet(id: ${number}) { title reason state document } }`);
await go(page, `${site}/console/changes/${number}/edit`);
const again = { title: await page.getByLabel("变更标题").inputValue(), rows: await page.locator("#maxRows").inputValue() };

await go(page, `${site}/console/changes/new`);
await page.getByLabel("变更标题").fill("另一项合成变更");
await page.getByLabel("变更理由").fill("测试");
await page.locator("#id").fill("statute-synthetic");
await choose("目录条目", "常住人口", "常住人口");
await choose("主体", "税务", "税务");
await page.getByRole("checkbox", { name: /^姓名/ }).waitFor();
await page.getByRole("checkbox", { name: /^姓名/ }).setChecked(true);
await page.getByRole("checkbox", { name: "VERIFICATION" }).setChecked(true);
await page.locator("#basis").fill("合成依据");
await page.locator("#until").fill("2030-06-30");
await checked();
await page.waitForFunction(() => document.querySelector(".editor .whole table") !== null);
const impact = await tableOf(page, "影响：谁获得或失去什么");
await look("new");
await page.setViewportSize({ width: 390, height: 800 });
const tooWide = [];
for (const path of ["/console/policies", "/console/policies/statute-tax", "/console/agreements/nt-demo-0001", "/console/changes/new"]) {
  await go(page, site + path);
  if (await isTooWide(page)) tooWide.push(path);
  await page.screenshot({ path: `${pictures}/small${path.replaceAll("/", "-")}.png`, fullPage: true });
}
await browser.close();
console.log(JSON.stringify({
  unconfirmed, found, address, agreement, marked, policy, check, wrong, keptTitle, trial, saved, again, impact, tooWide, axe, faults,
}));
