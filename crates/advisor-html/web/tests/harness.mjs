// Runs access-advisor, and opens its reports in a browser.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { launch } from "./chromium.mjs";

export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
export const PROGRAM = process.env.ACCESS_ADVISOR ?? join(ROOT, "target/debug/access-advisor");
const NOW = "2026-11-01T00:00:00Z";

export const TEST_ACCOUNT = ["--account", join(ROOT, "testdata/account.json"), "--trail", join(ROOT, "testdata/trail")];
export const ADA = "arn:aws:iam::111122223333:user/ada";
export const BRUNO = "arn:aws:iam::111122223333:user/engineering/bruno";
export const DEVELOPER_ACCESS = "arn:aws:iam::111122223333:policy/engineering/DeveloperAccess";
export const FULL = ["--granularity", "action", "--tracking", "full"];
/** So that the days of the test trail are enough. */
export const ENOUGH = ["--min-coverage", "12"];

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const run = promisify(execFile);

/** The result of `access-advisor report`. */
export function report(input, ...options) {
  return result("report", input, ...options);
}

/** The result of `access-advisor findings`. */
export function findings(input, ...options) {
  return result("findings", input, ...options);
}

/** The result of `access-advisor rightsize`. */
export function rightsize(input, ...options) {
  return result("rightsize", input, ...options);
}

/** The JSON of `access-advisor explain` about an action or a service. */
export async function explain(arn, asked) {
  const input = ["explain", arn, asked, ...TEST_ACCOUNT.slice(0, 2), "--now", NOW, "--format", "json"];
  const { stdout } = await run(PROGRAM, input, { maxBuffer: 1 << 30, encoding: "utf8" });
  return stdout;
}

async function result(command, input, ...options) {
  const { stdout } = await run(PROGRAM, [command, ...input, "--now", NOW, ...options], {
    maxBuffer: 1 << 30,
    encoding: "utf8",
  }).catch((error) => {
    // 3: something of the input is missing from the result, which is there.
    if (error.code === 3) return error;
    throw error;
  });
  return stdout;
}

/** A browser, and a folder for reports. */
export class Place {
  static async open() {
    const place = new Place();
    place.folder = await mkdtemp(join(tmpdir(), "advisor-html-"));
    place.browser = await launch("--js-flags=--expose-gc");
    return place;
  }

  async close() {
    await this.browser.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async write(name, content) {
    const file = join(this.folder, name);
    await writeFile(file, content);
    return file;
  }

  /** Writes a report, and opens it. What the browser complains about is in `page.complaints`. */
  async page(html, hash = "", options = {}) {
    const file = await this.write(`report-${Math.random()}.html`, html);
    return this.open(pathToFileURL(file).href + hash, options);
  }

  async open(url, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.complaints = [];
    page.requests = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
    });
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    page.on("dialog", (dialog) => {
      page.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => page.requests.push(request.url()));
    await page.goto(url);
    await page.waitForSelector("html[data-ready]");
    return page;
  }
}

/** The address of the page about something, within a report. */
export const link = (view, of, query = "") => `#/${view}/${encodeURIComponent(of)}${query}`;

/** The view of a user, group, role or policy. */
export const viewOf = (arn) => (arn.split(":")[5].startsWith("policy/") ? "policy" : "identity");

/** Goes to another view of an open report. */
export async function go(page, hash) {
  await page.evaluate(async (to) => {
    const main = document.getElementById("main");
    const shown = new Promise((done) => new MutationObserver(done).observe(main, { childList: true }));
    if (location.hash === to) return;
    location.hash = to;
    await shown;
    await new Promise(requestAnimationFrame);
  }, hash);
}

/** What axe finds on a page that is serious. */
export async function seriousViolations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((it) => ["serious", "critical"].includes(it.impact))
    .map((it) => `${it.id}: ${it.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`);
}

/** How many pixels a page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** The records of a CSV file. */
export function parseCsv(text) {
  const records = [[]];
  let [cell, isQuoted] = ["", false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === "," || character === "\n") {
      records.at(-1).push(cell);
      cell = "";
      if (character === "\n") records.push([]);
    } else cell += character;
  }
  return records.slice(0, -1);
}

/** What a button saves, without the browser's download, of which it allows few in a row. */
export function saved(page, button) {
  return page.evaluate(async (label) => {
    const { createObjectURL } = URL;
    const { click } = HTMLAnchorElement.prototype;
    let blob;
    URL.createObjectURL = (content) => {
      blob = content;
      return "";
    };
    HTMLAnchorElement.prototype.click = () => {};
    [...document.querySelectorAll("button")].find((it) => it.textContent === label).click();
    URL.createObjectURL = createObjectURL;
    HTMLAnchorElement.prototype.click = click;
    return blob.text();
  }, button);
}

/** The cells of all rows of the table of services, also of those that are not near the window. */
export function allRows(page) {
  return page.evaluate(() => {
    dispatchEvent(new Event("beforeprint"));
    const rows = [...document.querySelectorAll("table.services tbody tr:not(.space)")].map((row) => {
      const [name, state, last, by, region, number] = ["name", "state", "last", "by", "region", "number"].map((it) => row.querySelector(`:scope > .${it}`));
      const time = last.querySelector("time")?.getAttribute("datetime") ?? null;
      return {
        isAction: row.classList.contains("action"),
        name: name.querySelector(".service-name > small")?.textContent ?? name.querySelector("code")?.textContent,
        title: name.querySelector(".service-name")?.firstChild?.textContent,
        state: state.querySelector(".state")?.lastChild.textContent,
        reason: state.querySelector("small")?.textContent,
        time,
        // Users and roles used themselves what they used.
        by: by === null ? time && document.querySelector(".arn code").textContent : (by.firstElementChild?.getAttribute("title") ?? null),
        region: region.textContent || null,
        count: number.textContent,
      };
    });
    dispatchEvent(new Event("afterprint"));
    return rows;
  });
}
