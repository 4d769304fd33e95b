// Measures how a report opens and filters in headless Chromium: node bench.mjs FILE
import { readFile, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { launch } from "./tests/chromium.mjs";

const browser = await launch("--enable-precise-memory-info");
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const milliseconds = (name, value) => console.log(`${name.padEnd(28)} ${value.toFixed(0).padStart(6)} ms`);

const started = performance.now();
await page.goto(`${pathToFileURL(process.argv[2]).href}#/identities`);
await page.waitForSelector("html[data-ready]");
milliseconds("opened", performance.now() - started);
const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
milliseconds("first content", paint);

/** The time of a change, until the page is laid out again. */
const timed = (name, change, argument) =>
  page
    .evaluate(
      ([source, value]) => {
        const begun = performance.now();
        new Function("value", source)(value);
        document.body.getBoundingClientRect();
        return performance.now() - begun;
      },
      [change, argument],
    )
    .then((time) => milliseconds(name, time));

const search = "const field = document.querySelector('input[type=search]'); field.value = value; field.dispatchEvent(new Event('input'));";
for (const text of ["a", "person", "role 12", "nothing like it", ""]) await timed(`search "${text}"`, search, text);
const select = "const field = document.querySelector(`select[aria-label='${value[0]}']`); field.value = value[1]; field.dispatchEvent(new Event('change'));";
for (const choice of [["Kind", "role"], ["State", "used"], ["Last use", "30"]]) await timed(`filter ${choice.join(" ")}`, select, choice);
const sort = "[...document.querySelectorAll('button.sort')].find((it) => it.textContent === value).click();";
for (const column of ["Name", "Last use", "Services used"]) await timed(`sort by ${column}`, sort, column);

/** The time until a page is there as a whole, with its first rows laid out; two frames more than it takes. */
const open = async (name, hash) => {
  const time = await page.evaluate(async (address) => {
    const begun = performance.now();
    const before = document.querySelector("main").firstElementChild;
    location.hash = address;
    const frame = () => new Promise((resume) => requestAnimationFrame(resume));
    const isThere = () => {
      const main = document.querySelector("main");
      return main.firstElementChild !== before && main.querySelector("output.count")?.textContent !== "";
    };
    while (!isThere() && performance.now() - begun < 30_000) await frame();
    document.body.getBoundingClientRect();
    return performance.now() - begun;
  }, hash);
  milliseconds(name, time);
};
const firstLink = () => page.locator("tbody th a").first().getAttribute("href");
await open("identities with a finding", "#/identities?finding=UnusedPermission");
await open("overview", "#/overview");
await open("coverage", "#/coverage");
await open("services", "#/services");
// The service that the most identities have. What reports share is unpacked with the first of these pages.
const service = await firstLink();
await open("service, first", service);
await open("services", "#/services?sort=name");
await open("service, second", await firstLink());
await open("policies", "#/policies");
await open("policy", await firstLink());
await open("identities", "#/identities?kind=role&sort=-services");
const first = await firstLink();
await open("identity", first);
await open("identities", "#/identities?kind=user&sort=last");
await open("another identity", await firstLink());
await open("service again", service);
await open("identity again", first);
const why = page.locator("tr.service button.why:visible").first();
await page.locator(".filters").scrollIntoViewIfNeeded();
if (await why.waitFor({ timeout: 5_000 }).then(() => true, () => false)) {
  const begun = performance.now();
  await why.click();
  await page.waitForSelector("dialog[open] .path");
  milliseconds("explanation", performance.now() - begun);
}

const megabytes = (name, value) => console.log(`${name.padEnd(28)} ${(value / 1e6).toFixed(1).padStart(6)} MB`);
megabytes("file", (await stat(process.argv[2])).size);
megabytes("heap", await page.evaluate(() => performance.memory.usedJSHeapSize));
const session = await browser.newBrowserCDPSession();
const { processInfo } = await session.send("SystemInfo.getProcessInfo");
const resident = async ({ id }) => 1024 * Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${id}/status`, "utf8"))[1]);
const renderers = await Promise.all(processInfo.filter(({ type }) => type === "renderer").map(resident));
megabytes("renderer, at most", Math.max(...renderers));
await browser.close();
