// Open data is withdrawn while somebody looks at it, and no copy outlives that in their browser; before it is open again,
// who approves it sees by what rows could be told apart: `node releases.mjs CHROMIUM SITE PICTURES`.
import { ask, enterWithFactor, findings, go, isTooWide, open, renewed, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const author = await enterWithFactor(executablePath, site, "policy-administrator");
const officer = await enterWithFactor(executablePath, site, "authority-officer");
const axe = {};
const look = async (name) => {
  axe[name] = await findings(officer.page);
  await officer.page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

/** Draft a change, check it and submit it; return the change set that waits for a second person. */
async function submitted(title, change) {
  const draft = "mutation ($title: String!, $change: Document!) { draftChange(title: $title, reason: \"合成\", change: $change) { id version } }";
  let one = (await ask(author.page, draft, { title, change })).data.draftChange;
  for (const step of ["checkChange", "submitChange"]) {
    one = (await ask(author.page, `mutation { ${step}(id: ${one.id}, version: ${one.version}) { id version state } }`)).data[step];
  }
  return one;
}

// Somebody looks at the data set, its page without scripts, its files, and the lists for machines; the browser caches.
const DATASET = "/catalog/102001001/00001";
const reader = await open(executablePath, site);
const fetched = () => reader.page.evaluate(async (addresses) => {
  const found = {};
  for (const address of addresses) {
    const response = await fetch(address);
    found[address] = { status: response.status, tells: (await response.text()).includes("102001001/00001") };
  }
  return found;
}, [DATASET, `${DATASET}.ttl`, `${DATASET}.jsonld`, "/dcat.ttl", "/dcat.jsonld", "/feed.atom", "/sitemap.xml"]);
const queried = async () => {
  const { data, errors } = await ask(reader.page, "{ shared { legal_persons(first: 1) { nodes { code } } } }");
  return { rows: data?.shared?.legal_persons?.nodes?.length ?? 0, code: errors?.[0].extensions.code ?? null };
};
await go(reader.page, site + DATASET);
const file = await reader.page.getByRole("tab", { name: "下载与接口" }).click()
  .then(() => reader.page.getByRole("link", { name: "CSV" }).getAttribute("href"));
const taken = () => reader.page.evaluate(async (address) => (await fetch(address)).status, file);
await reader.page.getByRole("tab", { name: "数据", exact: true }).click();
await reader.page.getByRole("region", { name: "数据" }).waitFor();
const before = { lists: await fetched(), query: await queried(), file: await taken(), rows: await tableOf(reader.page, "数据") };
await go(reader.page, `${site}/catalog`);

const closing = await submitted("暂停开放", {
  put: [{
    kind: "policy",
    document: {
      id: "synthetic-closed", effect: "deny", kind: "restriction", consumer: "public", resource: "102001001/00001",
      items: ["*"], purposes: ["*"], modes: ["*"], basis: "合成依据",
    },
  }],
});
const closed = await ask(officer.page, `mutation { approveChange(id: ${closing.id}, version: ${closing.version}) { state } }`);
const withdrawn = { lists: await fetched(), query: await queried(), file: await taken() };
await reader.page.goBack({ waitUntil: "networkidle" });
withdrawn.shown = await reader.page.locator("main").innerText();
await reader.page.reload({ waitUntil: "networkidle" });
withdrawn.reloaded = await reader.page.locator("main").innerText();

const accept = ["outlives_no_agreement", "serves_declared_purposes"];
const opening = await submitted("恢复开放", { withdraw: [{ kind: "policy", id: "synthetic-closed" }], declare: { accept } });
const unseen = await ask(officer.page, `mutation { approveChange(id: ${opening.id}, version: ${opening.version}) { state } }`);

// While the report is under way nothing can be approved.
let release;
const held = new Promise((resolve) => (release = resolve));
await officer.page.route("**/graphql", async (route) => {
  if (route.request().postData().includes("ReportedRelease")) await held;
  await route.continue();
});
await officer.page.goto(`${site}/console/changes/${opening.id}`);
await officer.page.getByRole("heading", { name: "向公众开放之前" }).waitFor();
await officer.page.getByRole("button", { name: "批准", exact: true }).click();
const early = {
  says: await officer.page.locator(".confirmation [role=status]").innerText(),
  isDisabled: await officer.page.getByRole("button", { name: "确认批准" }).isDisabled(),
};
release();
await officer.page.getByRole("region", { name: /可凭什么区分/ }).waitFor();
const first = await tableOf(officer.page, /可凭什么区分/);
await look("report");
await officer.page.getByRole("button", { name: /显示全部 \d+ 个组合/ }).click();
const combinations = await tableOf(officer.page, /可凭什么区分/);
const meetings = await tableOf(officer.page, /可与/);
const text = await officer.page.locator("main").innerText();
await renewed(officer.page, () => officer.page.getByRole("button", { name: "确认批准" }).click());
await officer.page.locator("main strong").first().filter({ hasText: "已生效" }).waitFor();
await officer.page.setViewportSize({ width: 390, height: 800 });
await go(officer.page, `${site}/console/changes/${opening.id}`);
const tooWide = await isTooWide(officer.page);
const again = { lists: await fetched(), query: await queried(), file: await taken() };
await reader.browser.close();
await author.browser.close();
await officer.browser.close();
console.log(JSON.stringify({
  before, withdrawn, again, closed, unseen, early, first, combinations, meetings, text, tooWide, axe, faults: [...author.faults, ...officer.faults, ...reader.faults],
}));
