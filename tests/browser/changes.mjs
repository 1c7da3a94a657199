// A change goes the whole way in the browser: its author checks and submits it, another person sees what it does and
// approves, it is undone, and something is frozen: `node changes.mjs CHROMIUM SITE PICTURES`.
import { ask, enterWithFactor, findings, go, isTooWide, open, renewed, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const axe = {};
const opened = [];

const enter = async (user) => {
  const one = await enterWithFactor(executablePath, site, user);
  opened.push(one);
  return one;
};
const main = (page) => page.locator("main").innerText();
const look = async (page, name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const state = (page, text) => page.locator("main strong").first().filter({ hasText: text }).waitFor();

const author = await enter("policy-administrator");
const change = {
  put: [{
    kind: "policy",
    document: {
      id: "synthetic-1", effect: "allow", kind: "statutory", consumer: "department:11999999MB00010974",
      resource: "102001001/00001", items: ["employees"], purposes: ["verification"], modes: ["query"],
      valid_until: "2031-01-01T00:00:00+08:00", basis: "合成依据",
    },
  }],
  declare: { purposes: ["verification"], lasting: ["synthetic-1"] },
};
const drafted = await ask(author.page,
  "mutation ($change: Document!) { draftChange(title: \"合成变更\", reason: \"测试\", change: $change) { id } }", { change });
const number = drafted.data.draftChange.id;
await author.page.getByRole("link", { name: "变更单", exact: true }).click();
await author.page.getByRole("table").waitFor();
const listed = await tableOf(author.page, "变更单");
await look(author.page, "list");
await author.page.getByRole("link", { name: "合成变更" }).click();
await state(author.page, "草稿");
await author.page.getByText("检查通过").waitFor();
const draft = await main(author.page);
await author.page.getByRole("button", { name: "检查", exact: true }).click();
await state(author.page, "已检查");
await author.page.getByRole("button", { name: "提交", exact: true }).click();
await author.page.getByLabel("说明（可不填）").fill("请审核");
await author.page.getByRole("button", { name: "确认提交" }).click();
await state(author.page, "待批准");

const officer = await enter("authority-officer");
await go(officer.page, `${site}/console/changes?state=SUBMITTED`);
await officer.page.getByRole("link", { name: "合成变更" }).click();
await officer.page.getByText("检查通过").waitFor();
const impact = await tableOf(officer.page, "影响：谁获得或失去什么");
const differences = await tableOf(officer.page, "synthetic-1");
await officer.page.getByRole("button", { name: "批准", exact: true }).click();
const sure = await officer.page.getByRole("status").filter({ hasText: "批准" }).innerText();
await look(officer.page, "approval");
await officer.page.getByRole("button", { name: "确认批准" }).click();
await state(officer.page, "已生效");
const approved = await main(officer.page);
await look(officer.page, "active");
const inForce = await ask(officer.page, '{ policy(id: "synthetic-1") { policy { state } versions { changeSet } } }');

await author.page.reload({ waitUntil: "networkidle" });
await author.page.getByRole("button", { name: "恢复原状" }).click();
await author.page.getByLabel("理由（必填）").fill("测试完毕");
await author.page.getByRole("button", { name: "确认恢复原状" }).click();
await author.page.waitForURL((url) => !url.pathname.endsWith(`/${number}`));
await state(author.page, "草稿");
const undone = await main(author.page);

await go(officer.page, `${site}/console/freezes`);
const none = await main(officer.page);
await officer.page.locator("#freeze-entry").click();
await officer.page.locator("#freeze-entry").fill("法人");
await officer.page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: "法人单位登记信息" }).first().click();
await officer.page.locator("#freeze-item").click();
await officer.page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: "名称 name" }).first().click();
await officer.page.locator("#reason").fill("合成演练");
await officer.page.locator("#freeze-code").fill(officer.code());
await officer.page.getByRole("button", { name: "继续" }).click();
const warned = await officer.page.getByRole("alert").innerText();
await officer.page.locator(".ant-select-dropdown:visible").waitFor({ state: "hidden" });
await look(officer.page, "freeze");
await renewed(officer.page, () => officer.page.getByRole("button", { name: "立即冻结" }).click());
await officer.page.getByRole("table").waitFor();
const frozen = await tableOf(officer.page, "正在生效的冻结");
await officer.page.getByRole("button", { name: "解除", exact: true }).click();
await officer.page.locator("#lift-reason").fill("演练结束");
await officer.page.getByRole("button", { name: "起草解除" }).click();
await officer.page.waitForURL(/\/console\/changes\/\d+$/);
await state(officer.page, "草稿");
const lifting = await main(officer.page);
await look(officer.page, "lifting");

await officer.page.setViewportSize({ width: 390, height: 800 });
const tooWide = [];
for (const path of ["/console/changes", `/console/changes/${number}`, "/console/freezes"]) {
  await go(officer.page, site + path);
  if (await isTooWide(officer.page)) tooWide.push(path);
  await officer.page.screenshot({ path: `${pictures}/small${path.replaceAll("/", "-")}.png`, fullPage: true });
}
const analyst = await open(executablePath, site);
opened.push(analyst);
await signIn(analyst.page, site, "analyst");
await go(analyst.page, `${site}/console/changes`);
const ofAnalyst = await analyst.page.getByRole("alert").innerText();
for (const { browser } of opened) await browser.close();
console.log(JSON.stringify({
  listed, draft, impact, differences, sure, approved, inForce, undone, none, warned, frozen, lifting, ofAnalyst, tooWide, axe,
  faults: opened.flatMap(({ faults }) => faults),
}));
