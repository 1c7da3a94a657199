// An auditor shows a second factor, searches the log and takes a record with its proof; an analyst sees her own:
// `node auditor.mjs CHROMIUM SITE PICTURES`.
import { readFileSync } from "node:fs";

import { findings, go, isTooWide, open, renewed, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

await signIn(page, site, "auditor");
await page.getByRole("heading", { name: "第二因素" }).waitFor();
await go(page, `${site}/console/audit`);
const unconfirmed = await page.getByRole("alert").innerText();
await go(page, `${site}/console`);
await page.getByRole("button", { name: /登记身份验证器/ }).click();
await page.getByRole("button", { name: /由本页代替/ }).click();
await page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
await look("factor");
await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "确认" }).click()]);
await page.getByText("本次会话已验证").waitFor();
await look("overview");

await page.getByRole("link", { name: "审计日志" }).click();
await page.getByRole("table").waitFor();
const all = await tableOf(page, "审计日志");
await look("search");
await page.getByLabel("主体").fill("application:pension-check");
await renewed(page, () => page.getByRole("button", { name: "检索" }).click());
const found = await tableOf(page, "审计日志");
const address = page.url();
await page.getByRole("link", { name: found[1][1] }).click();
await page.getByRole("heading", { name: /审计记录/ }).waitFor();
await page.getByRole("heading", { name: "为什么被拒绝" }).waitFor();
const refused = await page.locator("main").innerText();
await look("record");
await go(page, `${site}/console/audit?subject=application:pension-check&decision=PERMIT`);
const [permitted] = await page.locator("td a").allInnerTexts();
await go(page, `${site}/console/audit/${permitted}`);
await page.getByText("用了什么").waitFor();
await page.locator(".proof-check, [role=alert]").waitFor();
const record = await page.locator("main").innerText();
const [download] = await Promise.all([
  page.waitForEvent("download"),
  page.getByRole("button", { name: "下载证明" }).click(),
]);
const proof = readFileSync(await download.path(), "utf8");

// What the page is told may be altered on its way, or by the portal: the page says so.
await page.route("**/graphql", async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replace(/permit(?=\\)/, "deny") });
});
await go(page, `${site}/console/audit/${permitted}`);
await page.locator(".proof-check").waitFor();
const altered = await page.locator(".proof-check").innerText();
await page.unroute("**/graphql");
await page.route("**/audit-keys", (route) => route.abort());
await go(page, `${site}/console/audit/${permitted}`);
await page.getByText("无法取得门户的审计公钥").waitFor();
await page.unroute("**/audit-keys");

// The whole log is verified in the page; a record that is put aside on the way is found.
await go(page, `${site}/console/audit`);
await page.getByRole("link", { name: "核验日志的链" }).click();
await page.getByText("链完好").waitFor();
await page.getByRole("link", { name: "从第一个检查点起核验" }).click();
await page.getByRole("link", { name: "只核验最新的检查点" }).waitFor();
await page.getByText("链完好").waitFor();
const chain = { text: await page.locator("main").innerText(), chains: await tableOf(page, "各条链") };
await look("chain");
await page.route("**/graphql", async (route) => {
  const answer = await route.fetch();
  const told = await answer.json();
  told.data.auditLinks?.find((links) => links.length > 0)?.pop();
  await route.fulfill({ response: answer, json: told });
});
await go(page, `${site}/console/audit/chain?after=0`);
await page.getByRole("alert").waitFor();
chain.fault = await page.getByRole("alert").innerText();
await page.unroute("**/graphql");

await go(page, `${site}/console/audit?subject=application:pension-check`);
const [zip] = await Promise.all([
  page.waitForEvent("download"),
  page.getByRole("button", { name: "作为证据导出" }).click(),
]);
await page.getByText("已导出 2 条记录").waitFor();
await zip.saveAs(`${pictures}/${zip.suggestedFilename()}`);
const evidence = zip.suggestedFilename();

// Anybody verifies a file, with the portal's keys or their own; nothing is sent.
const anybody = await open(executablePath, site);
const sent = [];
anybody.page.on("request", (request) => {
  if (request.method() !== "GET") sent.push(`${request.method()} ${request.url()} ${request.postData()}`);
});
await go(anybody.page, `${site}/verify`);
const published = await (await fetch(`${site}/audit-keys`)).text();
const give = async (field, content) => {
  const name = field === "证明文件" ? "receipt.json" : "keys.pem";
  await anybody.page.getByLabel(field).setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
};
const judged = async (proofText, keys) => {
  await anybody.page.reload();
  await anybody.page.getByRole("heading", { name: "核验证明" }).waitFor();
  if (keys !== undefined) await give("审计公钥", keys);
  await give("证明文件", proofText);
  await anybody.page.locator(".proof-check, [role=alert]").waitFor();
  return anybody.page.locator(".proof-check, [role=alert]").innerText();
};
const verdicts = {
  sound: await judged(proof),
  ownKeys: await judged(proof, published),
  record: await judged(proof.replace('\\"permit\\"', '\\"deny\\"')),
  otherKey: await judged(proof, process.argv[5]),
  noKey: await judged(proof, "no key"),
  cut: await judged(proof.slice(0, -9)),
};
await give("证明文件", proof);
await anybody.page.getByText("已证明的原文").click();
axe.verify = await findings(anybody.page);
await anybody.page.screenshot({ path: `${pictures}/verify.png`, fullPage: true });
await anybody.page.setViewportSize({ width: 390, height: 800 });
const verifyTooWide = await isTooWide(anybody.page);
await anybody.browser.close();
await go(page, `${site}/console/audit/999-1`);
const missing = await page.locator("main").innerText();
await go(page, `${site}/console/use?by=PURPOSE`);
const use = await tableOf(page, "使用统计");
await look("use");
await page.setViewportSize({ width: 390, height: 800 });
const tooWide = [];
for (const path of ["/console", "/console/audit", "/console/audit/chain?after=0", `/console/audit/${permitted}`, "/console/use"]) {
  await go(page, site + path);
  if (await isTooWide(page)) tooWide.push(path);
}

const other = await open(executablePath, site);
await signIn(other.page, site, "analyst");
await go(other.page, `${site}/console/audit`);
const ofAnalyst = await other.page.locator("main").innerText();
await other.browser.close();
await browser.close();
const verified = { chain, evidence, altered, verdicts, sent: sent.filter((one) => one.includes("writer")), verifyTooWide };
const seen = { ...verified, unconfirmed, all, found, address, refused, permitted, record, proof, missing, use, ofAnalyst, tooWide };
console.log(JSON.stringify({ ...seen, axe, faults: [...faults, ...other.faults, ...anybody.faults] }));
