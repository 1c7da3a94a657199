// A policy administrator asks who can see an item, goes on to who it is and back; a manager asks of her own entry:
// `node seen.mjs CHROMIUM SITE PICTURES`.
import { findings, go, isTooWide, open, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const told = async (name) => {
  await page.getByRole("region", { name }).waitFor();
  return tableOf(page, name);
};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const choose = async (label, search, option) => {
  const box = page.getByRole("combobox", { name: label, exact: true });
  await box.click();
  await box.fill(search);
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: option }).first().click();
};

await signIn(page, site, "policy-administrator");
await go(page, `${site}/console/seen/entry/303001001/00001/id_number`);
const unconfirmed = await page.getByRole("alert").innerText();
await go(page, `${site}/console`);
await page.getByRole("button", { name: /登记身份验证器/ }).click();
await page.getByRole("button", { name: /由本页代替/ }).click();
await page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "确认" }).click()]);
await page.getByText("本次会话已验证").waitFor();

await page.getByRole("link", { name: "谁能看到", exact: true }).click();
await page.getByRole("heading", { name: "谁能看到什么" }).waitFor();
await look("chooser");
await choose("目录条目", "303001001/00001", "303001001/00001");
await choose("信息项", "name", "name");
await page.getByRole("button", { name: "查看" }).first().click();
await page.waitForURL("**/console/seen/entry/303001001/00001/name");
const who = await told("谁能看到此信息项");
await look("who");
await page.getByRole("link", { name: "application:pension-check" }).first().click();
await page.waitForURL("**/console/sees/application/pension-check");
const what = await told("此主体能看到什么");
await look("what");
await page.locator("td a", { hasText: "name" }).first().click();
await page.waitForURL("**/console/seen/entry/**");
const back = page.url();
await go(page, `${site}/console/sees/public`);
const open_ = await told("此主体能看到什么");
await go(page, `${site}/console/sees/department/11999999MB0001062H`);
const supposedEmpty = await page.locator("main").innerText();
await page.getByRole("combobox", { name: "设想的认证级别" }).click();
await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: "2" }).first().click();
await page.getByLabel("业务事项").first().fill("320600-0101");
await page.getByRole("button", { name: "查看" }).first().click();
await page.waitForURL("**level=2**");
const supposed = await told("此主体能看到什么");
const supposedAddress = page.url();
await go(page, `${site}/console/sees/application/pension-check?at=2000-01-01T00:00`);
const before = await told("此主体能看到什么");
await go(page, `${site}/console/seen/entry/303001001/00001/nothing`);
await page.getByRole("alert").waitFor();
const wrong = await page.getByRole("alert").innerText();
await page.setViewportSize({ width: 390, height: 800 });
const tooWide = [];
for (const path of ["/console/seen", "/console/seen/entry/303001001/00001/name", "/console/sees/application/pension-check"]) {
  await go(page, site + path);
  if (await isTooWide(page)) tooWide.push(path);
}

const other = await open(executablePath, site);
await signIn(other.page, site, "analyst");
await go(other.page, `${site}/console/seen/entry/303001001/00001/name`);
await other.page.getByRole("alert").waitFor();
const ofAnalyst = await other.page.getByRole("alert").innerText();
await other.browser.close();
await browser.close();
const asked = { before, unconfirmed, who, what, back, open: open_, supposedEmpty, supposed, supposedAddress, wrong, tooWide, ofAnalyst };
console.log(JSON.stringify({ ...asked, axe, faults: [...faults, ...other.faults] }));
