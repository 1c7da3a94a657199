// A visitor chooses rows by the tree of divisions, by pointer and by keyboard: `node divisions.mjs CHROMIUM SITE PICTURES`.
import { findings, go, isTooWide, open, renewed, tableOf } from "./pages.mjs";

const [executablePath, site, pictures] = process.argv.slice(2);
const { browser, page, faults } = await open(executablePath, site);
const axe = {};
const look = async (name) => {
  axe[name] = await findings(page);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};
const branch = (name) => page.getByRole("treeitem", { name, exact: true });
const rows = async () => (await tableOf(page, "数据")).slice(1).map((row) => row[6]);
const names = () => page.getByRole("treeitem").allInnerTexts();
const focused = () => page.evaluate(() => document.activeElement.innerText);
const filter = () => new URL(page.url()).searchParams.getAll("f");

await go(page, `${site}/catalog/102001001/00001`);
await page.getByRole("button", { name: "按住所区划代码逐级选择" }).click();
await branch("江苏省").waitFor();
const provinces = await names();
await look("provinces");

// By pointer: open a province, choose a city.
await branch("江苏省").locator(".turn").click();
await branch("南通市").waitFor();
await renewed(page, () => branch("南通市").click());
const ofCity = { filter: filter(), rows: await rows() };
await look("city");

// By keyboard: down to a village and back up.
const pressed = [];
const press = async (key) => {
  await page.keyboard.press(key);
  pressed.push([key, await focused()]);
};
await branch("南通市").focus();
await press("ArrowRight");
await page.waitForFunction(() => document.querySelectorAll('[aria-level="3"] .branch-name').length > 0);
await press("ArrowRight");
await press("ArrowDown");
await press("ArrowLeft");
await press("ArrowLeft");
await press("ArrowLeft");
await press("Home");
await press("ArrowDown");
await branch("南通市").focus();
await page.keyboard.press("ArrowRight");
await page.waitForFunction(() => document.querySelectorAll('[aria-level="3"] .branch-name').length > 0);
await page.keyboard.press("ArrowRight");
const area = await focused();
await renewed(page, () => page.keyboard.press("Enter"));
const ofArea = { area, filter: filter(), rows: await rows() };

// The address keeps it: reloaded, the tree is open down to what is chosen.
await page.reload({ waitUntil: "networkidle" });
await branch(area).waitFor();
const reloaded = { chosen: await branch(area).getAttribute("aria-selected"), rows: await rows() };
await renewed(page, () => page.getByRole("button", { name: "全部" }).click());
const all = filter();

// A level's own data set is chosen from by those above; the topmost has none, nor has what isn't in levels.
await go(page, `${site}/catalog/103001001/00003`);
await page.getByRole("button", { name: "按区划代码逐级选择" }).click();
await branch("内蒙古自治区").waitFor();
const ofLevel = await names();
await go(page, `${site}/catalog/103001001/00001`);
await page.getByRole("table").waitFor();
const ofTop = await page.getByRole("button", { name: "逐级选择" }).count();

await page.setViewportSize({ width: 390, height: 800 });
await go(page, `${site}/catalog/102001001/00001?tab=data&tree=division&f=division.startsWith.320613`);
await branch(area).waitFor();
await look("narrow");
const tooWide = await isTooWide(page);
await browser.close();
console.log(JSON.stringify({ provinces, ofCity, pressed, ofArea, reloaded, all, ofLevel, ofTop, tooWide, axe, faults }));
