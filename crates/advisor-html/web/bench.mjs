// Measures how a report opens and filters in headless Chromium: node bench.mjs FILE
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
const heap = await page.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
console.log(`${"heap".padEnd(28)} ${heap.toFixed(0).padStart(6)} MB`);
await browser.close();
