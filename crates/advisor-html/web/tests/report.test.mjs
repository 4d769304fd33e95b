// The HTML report of the test account, in a browser.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFile } from "node:fs/promises";
import { ADA, allRows, BRUNO, DEVELOPER_ACCESS, ENOUGH, findings, FULL, go, link, parseCsv, Place, report, rightsize, saved, TEST_ACCOUNT, viewOf } from "./harness.mjs";

const MOST_COMPARED = 1000;

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, "--format", "html");
});
after(() => place.close());

describe("the numbers are those of the JSON report", () => {
  for (const options of [FULL, ["--granularity", "service"], ["--granularity", "action"]]) {
    test(options.join(" "), async () => {
      const json = JSON.parse(await report(TEST_ACCOUNT, ...options, "--format", "json"));
      const page = await place.page(await report(TEST_ACCOUNT, ...options, "--format", "html"));
      for (const expected of json.Reports) {
        await go(page, link(viewOf(expected.Arn), expected.Arn, "?sort=name"));
        assert.equal(await page.textContent(".arn code"), expected.Arn);
        const opener = page.getByRole("button", { name: "Open or close all" });
        if (await opener.count()) await opener.click();
        const rows = rowsOf(expected);
        // What is saved comes from the lines of the table.
        if (rows.length < MOST_COMPARED) assert.deepEqual(shown(await allRows(page)), rows, expected.Arn);
        assert.deepEqual(savedRows(await saved(page, "Save as CSV")), rows, expected.Arn);
        const warned = await page.locator(".left-out li").count();
        assert.equal(warned, expected.NotEvaluated?.length ?? 0, expected.Arn);
      }
      assert.deepEqual(page.complaints, []);
    });
  }
});

/** The rows of a CSV file as [`rowsOf`] has them. */
function savedRows(csv) {
  const [, ...records] = parseCsv(csv);
  return records.map(([namespace, name, action, granted, state, reason, time, by, region]) => {
    const used = time === "" ? "no access known" : "accessed";
    const shownState = { true: state || used, false: "used, not granted", "": "used, unknown service" }[granted];
    const cells = [shownState, reason, noTime(time || undefined), by || null, region || null];
    return action === "" ? [namespace, name, ...cells] : [action, ...cells];
  });
}

const noTime = (time) => (time === undefined ? null : new Date(time).toISOString());

/** The rows of a JSON report in the order of the page. */
function rowsOf(json) {
  const rows = [];
  const service = (row, kind) => {
    rows.push([row.ServiceNamespace, row.ServiceName, stateOf(row, row.LastAuthenticated, kind), row.StateReason ?? "", noTime(row.LastAuthenticated), row.LastAuthenticatedEntity ?? null, row.LastAuthenticatedRegion ?? null]);
    for (const action of row.TrackedActionsLastAccessed ?? []) rows.push(actionRow(action, kind));
    const ungranted = kind === "granted" ? (json.UngrantedActionsUsed ?? []) : [];
    for (const action of ungranted) {
      if (action.ServiceNamespace === row.ServiceNamespace) rows.push(actionRow(action, "ungranted"));
    }
  };
  for (const row of json.ServicesLastAccessed) service(row, "granted");
  for (const row of json.UngrantedServicesUsed ?? []) service(row, "ungranted");
  for (const row of json.UnknownEventSources ?? []) service(row, "unknown");
  return rows;
}

function actionRow(action, kind) {
  return [action.ActionName, stateOf(action, action.LastAccessedTime, kind), action.StateReason ?? "", noTime(action.LastAccessedTime), action.LastAccessedEntity ?? null, action.LastAccessedRegion ?? null];
}

function stateOf(row, time, kind) {
  if (kind === "ungranted") return "used, not granted";
  if (kind === "unknown") return "used, unknown service";
  return row.State ?? (time === undefined ? "no access known" : "accessed");
}

function shown(rows) {
  return rows.map((it) =>
    it.isAction
      ? [it.name, it.state, it.reason, it.time, it.by, it.region]
      : [it.name, it.title, it.state, it.reason, it.time, it.by, it.region],
  );
}

test("the overview counts what the reports hold", async () => {
  const json = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--format", "json"));
  const identities = json.Reports.filter(({ Arn }) => /:(user|role)\//.test(Arn));
  const page = await place.page(html);
  const tiles = await page.locator(".tile").allTextContents();
  assert.ok(tiles[0].startsWith(`Users and roles${identities.length}`), tiles[0]);
  const granted = new Set(identities.flatMap((it) => it.ServicesLastAccessed.map((row) => row.ServiceNamespace)));
  const used = new Set(identities.flatMap((it) => it.ServicesLastAccessed.filter((row) => row.LastAuthenticated).map((row) => row.ServiceNamespace)));
  assert.ok(tiles[2].startsWith(`Services in use${used.size}of ${granted.size}`), tiles[2]);
});

test("search, filters and sorting stand in the address", async () => {
  const page = await place.page(html, "#/identities");
  const count = () => page.textContent(".count");
  const all = await count();
  await page.getByRole("searchbox").fill("bruno");
  assert.equal(await count(), `1 of ${all}`);
  assert.equal(await page.locator("tbody tr:not(.space)").count(), 1);
  assert.match(page.url(), /#\/identities\?q=bruno$/);
  // Every ARN has the number of the account: only all of it is searched for.
  await page.getByRole("searchbox").fill("11112222");
  assert.equal(await count(), `0 of ${all}`);
  await page.getByRole("searchbox").fill("111122223333");
  assert.equal(await count(), all);
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("Kind", { exact: true }).selectOption("role");
  await page.getByLabel("State", { exact: true }).selectOption("used");
  const roles = await page.locator("tbody td.kind").allTextContents();
  assert.ok(roles.length > 0 && roles.every((kind) => kind === "role"));
  await page.getByRole("button", { name: "Unused" }).click();
  const numbers = await page.locator("tbody td.removable").allTextContents();
  const values = numbers.map((text) => Number(text.replaceAll(",", "")));
  assert.deepEqual(values, [...values].sort((left, right) => right - left));
  assert.equal(await page.locator("th[aria-sort=descending]").textContent(), "Unused");
  // The address leads to the same rows.
  const names = await page.locator("tbody th a").allTextContents();
  const again = await place.open(page.url());
  assert.deepEqual(await again.locator("tbody th a").allTextContents(), names);
  await page.getByRole("searchbox").fill("no such name");
  assert.equal(await page.textContent(".empty"), "No identity is like that.");
});

test("every view has an address, and Back leads back", async () => {
  const page = await place.page(html, link("identity", BRUNO));
  assert.equal(await page.textContent("h1"), "bruno");
  for (const [hash, title] of [
    ["#/overview", "IAM access report"],
    ["#/policies", "Managed policies"],
    ["#/services", "Services"],
    ["#/service/s3", "Amazon S3"],
    ["#/coverage", "Coverage"],
    ["#/nothing", "No such page"],
    ["#/identity/%zz", "Not in this report"],
  ]) {
    await go(page, hash);
    assert.equal(await page.textContent("h1"), title);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
  }
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("h1").textContent === "No such page");
  assert.deepEqual(page.complaints, []);
});

test("findings are those of the findings command", async () => {
    const json = JSON.parse(await findings(TEST_ACCOUNT, ...ENOUGH, "--format", "json"));
  assert.ok(json.findings.length > 0);
  const page = await place.page(await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html"));
  const total = await page.locator(".findings-table td a").allTextContents();
  assert.equal(total.reduce((sum, text) => sum + Number(text), 0), json.findings.length);
  for (const resource of new Set(json.findings.map((it) => it.resource))) {
    await go(page, link(viewOf(resource), resource));
    const expected = json.findings.filter((it) => it.resource === resource).map((it) => it.accessAdvisor.severity);
    const shownSeverities = await page.locator("ul.findings .severity").evaluateAll((all) => all.map((it) => it.lastChild.textContent));
    assert.deepEqual(shownSeverities.sort(), expected.sort(), resource);
  }
  // Each number of the overview leads to the rows that it counts.
  await go(page, "#/overview");
  const numbers = page.locator(".findings-table td a");
  const first = Number(await numbers.first().textContent());
  await numbers.first().click();
  await page.waitForFunction((count) => document.querySelectorAll("tbody tr:not(.space)").length === count, first);
});

test("right-sized policies are those of the rightsize command, and can be copied", async () => {
    const json = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  const changed = json.Rightsized.filter((it) => it.NewPolicies.length > 0);
  assert.ok(changed.length > 0);
  const file = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
  const page = await place.page(file, "", { permissions: ["clipboard-read", "clipboard-write"] });
  for (const expected of changed) {
    await go(page, link(viewOf(expected.Arn), expected.Arn));
    const policies = page.locator(".rightsized > details:not(.lost):has(.copy)");
    assert.equal(await policies.count(), expected.NewPolicies.length, expected.Arn);
    const kept = Object.values(expected.Kept).reduce((sum, it) => sum + it, 0);
    const text = await page.locator(".rightsized > p", { hasText: /^Of the / }).textContent();
    assert.match(text.replaceAll(",", ""), new RegExp(`^Of the ${expected.RemovedActions + kept} actions? that its (own )?policies allow ${expected.RemovedActions} would be removed`));
    for (const [index, policy] of expected.NewPolicies.entries()) {
      const shownPolicy = policies.nth(index);
      const lines = await shownPolicy.locator(".line").allTextContents();
      assert.deepEqual(JSON.parse(lines.join("\n")), policy.PolicyDocument, expected.Arn);
    }
  }
  const first = page.locator(".rightsized > details:not(.lost):has(.copy)").first();
  await first.locator("summary").click();
  await first.getByRole("button", { name: "Copy policy" }).click();
  await first.getByText("copied").waitFor();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.deepEqual(copied, changed.at(-1).NewPolicies[0].PolicyDocument);
  await page.locator(".rightsized > details:not(:has(.copy)) > summary").first().click();
  assert.ok((await page.locator(".line.removed").count()) > 0);
  // The lines of today's statements are those of the command.
  const old = changed.at(-1).Policies.filter((it) => it.Changes).flatMap((it) => it.Statements).filter((it) => it.Old !== undefined);
  const diffs = page.locator("pre.diff");
  assert.equal(await diffs.count(), old.length);
  for (const [index, statement] of old.entries()) {
    const lines = await diffs.nth(index).locator(".line:not(.added)").allTextContents();
    assert.deepEqual(JSON.parse(lines.map((line) => line.slice(2)).join("\n")), statement.Old);
  }
});

test("a service lists who may use it, and who did", async () => {
  const json = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--format", "json"));
  const identities = json.Reports.filter(({ Arn }) => /:(user|role)\//.test(Arn));
  const used = new Set(identities.flatMap((it) => it.ServicesLastAccessed.filter((row) => row.LastAuthenticated).map((row) => row.ServiceNamespace)));
  const page = await place.page(html, "#/services");
  for (const namespace of used) {
    const holders = identities.flatMap(({ Arn, ...it }) => {
      const rows = [...it.ServicesLastAccessed, ...(it.UngrantedServicesUsed ?? [])].filter((row) => row.ServiceNamespace === namespace);
      return rows.map((row) => [Arn, noTime(row.LastAuthenticated), row.LastAuthenticatedRegion ?? ""]);
    });
    await go(page, `#/service/${namespace}`);
    await page.waitForFunction((count) => document.querySelectorAll("tbody tr:not(.space)").length === count, holders.length);
    const shown = await page.locator("tbody tr:not(.space)").evaluateAll((rows) =>
      rows.map((row) => [row.querySelector("th a").title, row.querySelector("time")?.getAttribute("datetime") ?? null, row.querySelector("td.region").textContent]),
    );
    assert.deepEqual(shown.sort(), holders.sort(), namespace);
  }
  assert.ok(used.size > 20);
});

test("CSV has what is filtered", async () => {
  const page = await place.page(html, "#/identities?q=bruno");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "identities.csv");
  const csv = await readFile(await download.path(), "utf8");
  const lines = csv.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.ok(lines[1].startsWith(`${BRUNO},user,111122223333,`), lines[1]);
});

test("the keyboard is enough", async () => {
  const page = await place.page(html);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Identities/);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("h1").textContent === "Identities");
  await page.keyboard.press("Tab");
  await page.keyboard.type("bruno");
  assert.match(await page.textContent(".count"), /^1 of/);
  await page.locator("tbody a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("h1").textContent === "bruno");
  await page.locator(".opener").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "true");
  assert.ok((await page.locator("tr.action").count()) > 0);
  // The arrow keys walk through rows that are not in the document yet.
  await go(page, "#/services");
  await page.locator("tbody a").first().focus();
  await page.keyboard.press("End");
  const rows = Number(await page.locator("table.virtual").getAttribute("aria-rowcount"));
  assert.equal(await page.evaluate(() => Number(document.activeElement.closest("tr").getAttribute("aria-rowindex"))), rows);
});

test("printed, a table has all of its rows", async () => {
  const page = await place.page(html, "#/services");
  const rows = Number(await page.locator("table.virtual").getAttribute("aria-rowcount")) - 1;
  const before = await page.locator("tbody tr:not(.space)").count();
  assert.ok(before < rows);
  const pdf = await page.pdf();
  assert.ok(pdf.length > 10_000);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.equal(await page.locator("tbody tr:not(.space)").count(), rows);
});

test("nothing is requested", async () => {
  const page = await place.page(html);
  assert.deepEqual(page.requests.filter((url) => !url.startsWith("file:")), []);
  assert.equal(page.requests.length, 1);
});

test("a report that fits has nothing left out", async () => {
  const page = await place.page(html);
  assert.equal(await page.locator(".left-out").count(), 0);
});
