// What the browser tests share: a Chromium that notes what goes wrong, people who sign in, and axe.
import { createHmac } from "node:crypto";

import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const QUIET = ["gpu", "quic", "background-networking", "component-update", "sync"].map((what) => `--disable-${what}`);
const SERIOUS = ["serious", "critical"];

/** Open a browser; `faults` gathers what no page may do: errors, refusals by the content policy, requests elsewhere. */
export async function open(executablePath, site, { locale = "zh-CN", width = 1280, scripts = true } = {}) {
  const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--no-first-run", ...QUIET] });
  const context = await browser.newContext({
    locale,
    viewport: { width, height: 900 },
    javaScriptEnabled: scripts,
    acceptDownloads: true,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const faults = [];
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => {
    // A refusal that a page shows is an answer; the browser's own line on its status is no fault of the page.
    if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource"))
      faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(site) && !url.startsWith("data:") && !url.startsWith("blob:")) faults.push(`request: ${url}`);
  });
  return { browser, context, page, faults };
}

/** Go to a page and wait until nothing more is on its way. */
export async function go(page, address) {
  const response = await page.goto(address, { waitUntil: "networkidle" });
  return response.status();
}

/** Sign in at the demonstration's provider as the person with this id, and come back to a page. */
export async function signIn(page, site, user, returnTo = "/console") {
  await page.goto(`${site}/sign-in?return_to=${returnTo}&login_hint=${user}`);
  await page.locator("button").first().click();
  await page.waitForURL(`**${returnTo}`, { waitUntil: "networkidle" });
}

/** Sign a person in with a second factor, in a browser of their own; `code` gives the code that follows. */
export async function enterWithFactor(executablePath, site, user) {
  const one = await open(executablePath, site);
  await signIn(one.page, site, user);
  await one.page.getByRole("button", { name: /登记身份验证器/ }).click();
  const secret = await one.page.locator(".enrolment code").innerText();
  await one.page.getByRole("button", { name: /由本页代替/ }).click();
  await one.page.waitForFunction(() => /^\d{6}$/.test(document.querySelector("#code").value));
  await Promise.all([one.page.waitForEvent("load"), one.page.getByRole("button", { name: "确认" }).click()]);
  await one.page.getByText("本次会话已验证").waitFor();
  return { ...one, code: () => oneTimeCode(secret, Math.floor(Date.now() / 30_000) + 1) };
}

/** The code of a time step (RFC 6238): each counts once, so what follows a sign-in is of the next step. */
function oneTimeCode(secret, step) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/=/g, "")].map((one) => alphabet.indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Ask the portal as the person who is signed in on the page, and return the answer. */
export function ask(page, query, variables = {}) {
  const body = { query, variables };
  return page.evaluate(async (sent) => {
    const headers = { "Content-Type": "application/json", "X-Portal-Request": "1" };
    const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(sent) });
    return response.json();
  }, body);
}

/** Wait until nothing on the page is on its way from one look to another, such as a button that was just enabled. */
async function settled(page) {
  await page.evaluate(async () => {
    const running = () => document.getAnimations().filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
    while (running().length > 0) await Promise.allSettled(running().map((one) => one.finished));
  });
}

/** Return the serious and critical findings of axe on the page once it has settled. */
export async function findings(page) {
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join("; ")}`);
}

/** Return whether the page is wider than the window, which no page may be. */
export function isTooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Do what makes a page ask anew, and wait until the answer is shown. */
export async function renewed(page, act) {
  const answered = page.waitForResponse((response) => response.url().endsWith("/graphql"));
  await act();
  await answered;
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => document.querySelector("[aria-busy=true], .ant-skeleton") === null);
}

/** Return the text of a table: its heads, then its rows. */
export function tableOf(page, name) {
  return page
    .getByRole("region", { name })
    .locator("tr")
    .evaluateAll((lines) => lines.map((line) => [...line.children].map((cell) => cell.textContent.trim())));
}
