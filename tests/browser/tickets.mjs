// Somebody of the public reports a fault and asks for data, an officer answers, the public sees it:
// `node tickets.mjs CHROMIUM SITE PICTURES`.
import { findings, go, isTooWide, open, renewed, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const visitor = await open(executablePath, site);
const axe = {};
const look = async (page, name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const HOSTILE = '<img src=x onerror="document.title=1"> <script>document.title=2</script>';

// A fault, from the data set's page; what was typed outlasts a reload, but for the contact.
await go(visitor.page, `${site}/catalog?open=true`);
await visitor.page.locator(".entry-lines a").first().click();
await visitor.page.getByRole("link", { name: "报告问题" }).click();
await visitor.page.getByLabel("说明").fill(`第一行有误。${HOSTILE}`);
await visitor.page.getByLabel("联系方式").fill("synthetic@example.invalid");
await look(visitor.page, "report");
await visitor.page.reload({ waitUntil: "networkidle" });
const kept = {
  words: await visitor.page.getByLabel("说明").inputValue(),
  contact: await visitor.page.getByLabel("联系方式").inputValue(),
};
const fault = await sent(visitor.page);
await look(visitor.page, "opened");
await visitor.page.getByRole("button", { name: "复制" }).click();
const copied = await visitor.page.evaluate(() => navigator.clipboard.readText());
const left = await visitor.page.evaluate(() => JSON.stringify(localStorage));

// A wish, from a search that found nothing.
await go(visitor.page, `${site}/catalog?q=zzzzzz`);
await visitor.page.getByRole("link", { name: "申请开放数据" }).click();
await visitor.page.getByLabel("希望开放什么数据").fill("公交站点");
await visitor.page.getByLabel("用来做什么").fill("绘制地图");
await visitor.page.getByLabel("说明").fill(`希望开放站点位置。${HOSTILE}`);
await visitor.page.getByLabel("联系方式").fill("synthetic@example.invalid");
await look(visitor.page, "request");
const wish = await sent(visitor.page);
await visitor.page.getByRole("link", { name: "查看进展" }).click();
await visitor.page.getByText("答复期限").waitFor();
const received = await visitor.page.locator("main").innerText();

// Numbers that are none, and that nobody has.
await go(visitor.page, `${site}/ticket`);
await look(visitor.page, "find");
await visitor.page.getByLabel("工单编号").fill("T-0000-0000-0000-1");
await visitor.page.getByRole("button", { name: "查询" }).click();
await visitor.page.getByRole("alert").waitFor();
const misread = await visitor.page.getByRole("alert").innerText();
await go(visitor.page, `${site}/ticket/T-0000-0000-0000-0`);
const unknown = await visitor.page.locator("main").innerText();

// The officer.
const office = await open(executablePath, site);
await signIn(office.page, site, "authority-officer");
await go(office.page, `${site}/console/tickets`);
const unconfirmed = await office.page.getByRole("alert").innerText();
await go(office.page, `${site}/console`);
await office.page.getByRole("button", { name: /登记身份验证器/ }).click();
await office.page.getByRole("button", { name: /由本页代替/ }).click();
await office.page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
await Promise.all([office.page.waitForEvent("load"), office.page.getByRole("button", { name: "确认" }).click()]);
await office.page.getByText("本次会话已验证").waitFor();
await office.page.getByRole("link", { name: "公众工单" }).click();
await office.page.getByRole("table").waitFor();
const all = await tableOf(office.page, "公众工单");
await look(office.page, "list");
await office.page.getByLabel("内容").selectOption("WISH");
await renewed(office.page, () => office.page.getByRole("button", { name: "筛选" }).click());
const wishes = await tableOf(office.page, "公众工单");
const address = office.page.url();
await go(office.page, `${site}/console/tickets/${fault}`);
const notTheirs = await office.page.locator("main").innerText();
await go(office.page, `${site}/console/tickets/${wish}`);
const file = await office.page.locator("main").innerText();
await office.page.getByLabel("改为").selectOption("IN_PROGRESS");
await renewed(office.page, () => office.page.getByRole("button", { name: "提交" }).click());
await office.page.locator(".ticket-steps").getByText("办理中").waitFor();
await office.page.getByLabel("改为").selectOption("ANSWERED");
await office.page.getByLabel("对公众的说明").fill(`下月开放。${HOSTILE}`);
await look(office.page, "file");
await office.page.getByRole("button", { name: "提交" }).click();
await office.page.locator(".ticket-steps").getByText("已答复").waitFor();
await office.page.getByText("无需操作").waitFor();
const answeredFile = await office.page.locator("main").innerText();

// What the public sees then.
await go(visitor.page, `${site}/ticket/${wish.toLowerCase()}`);
const answered = await visitor.page.locator("main").innerText();
await look(visitor.page, "answered");
const tooWide = [];
for (const [{ page }, paths] of [
  [visitor, [`/report/${await codeOf(visitor.page)}`, "/request", "/ticket", `/ticket/${wish}`, "/"]],
  [office, ["/console/tickets?state=ANY", `/console/tickets/${wish}`, `/console/tickets/${fault}`]],
]) {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of paths) {
    await go(page, site + path);
    if (await isTooWide(page)) tooWide.push(path);
    await page.screenshot({ path: `${pictures}/narrow${path.replace(/\W+/g, "_")}.png`, fullPage: true });
  }
}
const injected = [await visitor.page.locator("img[src=x]").count(), await office.page.locator("img[src=x]").count()];
await visitor.browser.close();
await office.browser.close();
const seen = { kept, fault, copied, left, wish, received, misread, unknown, unconfirmed, all, wishes, address };
const then = { notTheirs, file, answeredFile, answered, tooWide, injected };
console.log(JSON.stringify({ ...seen, ...then, axe, faults: [...visitor.faults, ...office.faults] }));

/** Send the form, and return the number that is shown. */
async function sent(page) {
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByRole("heading", { name: "已收到" }).waitFor();
  return page.locator(".opened pre").innerText();
}

/** Return the code of an open data set. */
async function codeOf(page) {
  await go(page, `${site}/catalog?open=true`);
  const href = await page.locator(".entry-lines a").first().getAttribute("href");
  return href.replace("/catalog/", "");
}
