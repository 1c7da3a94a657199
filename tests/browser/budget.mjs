// What pages cost who opens them for the first time: `node budget.mjs CHROMIUM SITE PATH…`; as JSON by path.
// Requests, kilobytes over the wire (headers too, packed as served), the sum of layout shifts, and how long in all the
// page's thread was blocked: what each task takes beyond 50 ms (web.dev/articles/tbt).
import { open, signIn } from "./pages.mjs";

const [executablePath, site, ...paths] = process.argv.slice(2);
const costs = {};
for (const path of paths) {
  const { browser, page } = await open(executablePath, site);
  if (path.startsWith("/console")) {
    await signIn(page, site, "auditor");
    // What the sign-in brought along isn't part of a cold start.
    await page.goto("about:blank");
  }
  await page.addInitScript(() => {
    window.__costs = { shift: 0, blocked: 0 };
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) if (!one.hadRecentInput) window.__costs.shift += one.value;
    }).observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.__costs.blocked += Math.max(0, one.duration - 50);
    }).observe({ type: "longtask", buffered: true });
  });
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  let [requests, octets] = [0, 0];
  session.on("Network.requestWillBeSent", () => (requests += 1));
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (octets += encodedDataLength));
  await page.goto(site + path, { waitUntil: "networkidle" });
  await page.locator("h1").first().waitFor();
  // Observers are told when the page's thread is free.
  await page.waitForTimeout(500);
  const { shift, blocked } = await page.evaluate(() => window.__costs);
  costs[path] = { requests, kilobytes: Math.ceil(octets / 1024), shift, blocked: Math.round(blocked) };
  await browser.close();
}
console.log(JSON.stringify(costs));
