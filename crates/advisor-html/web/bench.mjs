// Measures how a report opens and filters in headless Chromium: node bench.mjs FILE
import { readFile, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { executablePath } from "./tests/chromium.mjs";

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--enable-precise-memory-info"] });
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

/** The time until an element is there. */
const until = async (name, selector, act) => {
  const begun = performance.now();
  await act();
  await page.waitForSelector(selector);
  milliseconds(name, performance.now() - begun);
};
await page.evaluate(() => (location.hash = "#/identities?kind=role&sort=-services"));
const first = await page.locator("tbody th a").first().getAttribute("href");
// What reports share is unpacked with the first one.
await until("first identity", ".facts", () => page.evaluate((hash) => (location.hash = hash), first));
await page.locator(".filters").scrollIntoViewIfNeeded();
const why = page.locator("tr.service button.why:visible").first();
if (await why.count()) await until("explanation", "dialog[open] .path", () => why.click());

const megabytes = (name, value) => console.log(`${name.padEnd(28)} ${(value / 1e6).toFixed(1).padStart(6)} MB`);
megabytes("file", (await stat(process.argv[2])).size);
megabytes("heap", await page.evaluate(() => performance.memory.usedJSHeapSize));
const session = await browser.newBrowserCDPSession();
const { processInfo } = await session.send("SystemInfo.getProcessInfo");
const resident = async ({ id }) => 1024 * Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${id}/status`, "utf8"))[1]);
const renderers = await Promise.all(processInfo.filter(({ type }) => type === "renderer").map(resident));
megabytes("renderer, at most", Math.max(...renderers));
await browser.close();
