// A person of a department looks at its applications, what ends soon, what is left, and its use; one without the duty to
// read statistics sees the rest: `node department.mjs CHROMIUM SITE PICTURES`.
import { findings, go, isTooWide, open, signIn, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const axe = {};
const faults = [];
const tooWide = [];
const seen = {};
for (const user of ["analyst", "registrar"]) {
  const opened = await open(executablePath, site);
  const { page } = opened;
  await signIn(page, site, user);
  await page.getByRole("link", { name: "本部门" }).click();
  await page.getByRole("heading", { name: "近 30 日的使用" }).waitFor();
  await page.waitForLoadState("networkidle");
  axe[user] = await findings(page);
  await page.screenshot({ path: `${pictures}/${user}.png`, fullPage: true });
  seen[user] = {
    text: await page.locator("main").innerText(),
    applications: await tableOf(page, "应用"),
    entries: await tableOf(page, "按条目"),
    purposes: await tableOf(page, "按用途"),
  };
  await page.setViewportSize({ width: 390, height: 800 });
  await go(page, `${site}/console/department`);
  if (await isTooWide(page)) tooWide.push(user);
  faults.push(...opened.faults);
  await opened.browser.close();
}
console.log(JSON.stringify({ ...seen, axe, faults, tooWide }));
