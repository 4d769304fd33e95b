// The numbers and charts of the overview, against the JSON of the commands.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ENOUGH, findings, FULL, parseCsv, Place, report, saved, TEST_ACCOUNT } from "./harness.mjs";

const NOW = Date.parse("2026-11-01T00:00:00Z");
const DAY = 86_400_000;

let place;
let html;
let json;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
  json = JSON.parse(await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "json"));
});
after(() => place.close());

/** All rows of services of a report, and when one of them was used last. */
const rowsOf = (it) => [...it.ServicesLastAccessed, ...(it.UngrantedServicesUsed ?? []), ...(it.UnknownEventSources ?? [])];
const lastOf = (it) => Math.max(...rowsOf(it).map((row) => Date.parse(row.LastAuthenticated ?? "") || -1), -1);

/** The bars of the distribution of last use: label and number. */
function columns(page) {
  return page.locator(".columns li").evaluateAll((all) => all.map((it) => [it.querySelector(".label").textContent, Number(it.querySelector(".value").firstChild.textContent)]));
}

test("findings are counted by kind and severity", async () => {
  const { findings: found } = JSON.parse(await findings(TEST_ACCOUNT, ...ENOUGH, "--format", "json"));
  const kinds = new Map();
  for (const it of found) kinds.set(it.findingType, [...(kinds.get(it.findingType) ?? []), it.accessAdvisor.severity]);
  const page = await place.page(html);
  const shown = await page.locator(".findings-table").evaluate((table) => {
    const severities = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.replace("info", "informational"));
    return [...table.tBodies[0].rows].map((row) => {
      const [head, ...cells] = [...row.cells];
      const kind = new URLSearchParams(head.querySelector("a").hash.split("?")[1]).get("finding");
      return [kind, cells.flatMap((cell, at) => Array(Number(cell.querySelector("a")?.textContent.replaceAll(",", "")) || 0).fill(severities[at]))];
    });
  });
  // Where several are on one identity, it says on how many they are: a number leads to these.
  for (const cell of await page.locator(".findings-table td:has(small)").all()) {
    const [number, on] = [await cell.locator("a").textContent(), /^ on (\d+)$/.exec(await cell.locator("small").textContent())[1]];
    assert.ok(Number(on) < Number(number));
    const linked = await place.page(html, new URL(await cell.locator("a").evaluate((it) => it.href)).hash);
    assert.equal(await linked.locator("tbody tr:not(.space)").count(), Number(on));
  }
  assert.ok((await page.locator(".findings-table small").count()) > 0);
  assert.deepEqual(new Map(shown.map(([kind, all]) => [kind, all.sort()])), new Map([...kinds].map(([kind, all]) => [kind, all.sort()])));
});

test("users and roles are counted by their last use", async () => {
  const identities = json.Reports.filter(({ Arn }) => /:(user|role)\//.test(Arn));
  const groups = [["7 days", 7], ["8 to 30", 30], ["31 to 90", 90], ["91 to 180", 180], ["older", Number.POSITIVE_INFINITY]];
  const expected = new Map(groups.map(([label]) => [label, 0]));
  const add = (label) => expected.set(label, (expected.get(label) ?? 0) + 1);
  expected.set("no use known", 0);
  for (const it of identities) {
    const last = lastOf(it);
    const days = NOW / DAY - Math.floor(last / DAY);
    if (last < 0) add(it.ServicesLastAccessed.length > 0 ? "no use known" : "nothing granted");
    else add(groups.find(([, most]) => days <= most)[0]);
  }
  const page = await place.page(html);
  const shown = await columns(page);
  assert.deepEqual(new Map(shown), expected);
  assert.equal(shown.reduce((sum, [, number]) => sum + number, 0), identities.length);
  const tile = await page.locator(".tile", { hasText: "Without a known use" }).textContent();
  assert.ok(tile.startsWith(`Without a known use${expected.get("no use known")}`), tile);
  // The number leads to as many.
  await page.locator(".tile", { hasText: "Without a known use" }).click();
  assert.equal(await page.locator("tbody tr:not(.space)").count(), expected.get("no use known"));
});

test("who has nothing granted, or denies only, is not without a known use", async () => {
  const role = (name, ...policies) => ({
    Path: "/",
    RoleName: name,
    RoleId: `AROA${name.toUpperCase()}`,
    Arn: `arn:aws:iam::111122223333:role/${name}`,
    CreateDate: "2024-03-01T09:00:00+00:00",
    AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] },
    RolePolicyList: policies.map((Effect) => ({ PolicyName: Effect, PolicyDocument: { Version: "2012-10-17", Statement: { Effect, Action: "sqs:*", Resource: "*" } } })),
    AttachedManagedPolicies: [],
  });
  const account = await place.write("account.json", JSON.stringify({ RoleDetailList: [role("idle", "Allow"), role("denied", "Deny"), role("empty")] }));
  const page = await place.page(await report(["--account", account, ...TEST_ACCOUNT.slice(2)], ...FULL, "--format", "html"));
  const tile = page.locator(".tile", { hasText: "Without a known use" });
  assert.match(await tile.textContent(), /^Without a known use1.*2 more with nothing granted$/);
  assert.match(await tile.getAttribute("title"), /denies only/);
  const shown = await columns(page);
  assert.equal(new Map(shown).get("nothing granted"), 2);
  // Nor is there anything to remove from them.
  assert.deepEqual(await page.locator(".decisions .who").allTextContents(), ["idle"]);
});

test("the map has the days that were read, and the gaps", async () => {
  const { Coverage } = json;
  const [account] = Coverage.Accounts;
  const [first, last] = Coverage.Window.split("/").map((day) => Date.parse(day) / DAY);
  const gaps = new Set();
  for (const gap of account.Gaps) {
    const [from, to = from] = gap.split("/");
    for (let day = from === ".." ? first : Date.parse(from) / DAY; day <= Date.parse(to) / DAY; day += 1) gaps.add(day - first);
  }
  const page = await place.page(html);
  const shown = await page.locator(".heat-map tbody tr").first().evaluate((row) => ({
    account: row.cells[0].textContent,
    days: row.cells[2].textContent,
    runs: [...row.querySelectorAll("svg > rect")].map((it) => ({ x: Number(it.getAttribute("x")), width: Number(it.getAttribute("width")), isGap: it.classList.contains("gap") })),
  }));
  assert.equal(shown.account, account.Account);
  assert.equal(Number(shown.days), account.DaysRead);
  const unread = new Set(shown.runs.filter((it) => it.isGap).flatMap(({ x, width }) => Array.from({ length: width }, (_, at) => x + at)));
  assert.deepEqual([...unread].sort((left, right) => left - right), [...gaps].sort((left, right) => left - right));
  assert.equal(shown.runs.reduce((sum, { width }) => sum + width, 0), last - first + 1);
});

test("all gaps are on the page of the coverage, the newest first, and in a CSV", async () => {
  const [account] = json.Coverage.Accounts;
  const page = await place.page(html, "#/coverage");
  const card = page.locator(".card", { has: page.getByRole("heading", { name: `Account ${account.Account}` }) });
  const text = `${await card.locator("p").first().textContent()} ${await card.locator("details p").textContent()}`;
  const shown = text.match(/\d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?/g).map((it) => it.replace(" to ", "/"));
  assert.deepEqual([...shown].sort(), [...account.Gaps].sort());
  const ends = shown.map((it) => it.split("/").at(-1));
  assert.deepEqual(ends, [...ends].sort().reverse());
  const [, ...rows] = parseCsv(await saved(page, "Save gaps as CSV"));
  const days = rows.filter(([, region]) => region === "").reduce((sum, row) => sum + Number(row[4]), 0);
  assert.equal(days, json.Coverage.WindowDays - account.DaysRead);
  assert.equal(rows.filter(([, region]) => region === "us-east-1").length, account.Regions.find((it) => it.Region === "us-east-1").Gaps.length);
});

test("a lowered threshold is said where it is read first", async () => {
  const trust = async (...options) => (await place.page(await report(TEST_ACCOUNT, ...FULL, ...options, "--format", "html"))).locator(".trust").textContent();
  assert.match(await trust(...ENOUGH), /Something is called unused from 12 read days on; the default is 90\./);
  assert.doesNotMatch(await trust(), /the default is/);
});

test("where too little was read, findings say that nothing is called unused", async () => {
  const card = (page) => page.locator(".card", { has: page.getByRole("heading", { name: /^Findings/ }) });
  const page = await place.page(await report(TEST_ACCOUNT, ...FULL, "--min-coverage", "31", "--format", "html"));
  // 37 days of the trail were read, and 23 of those that findings are about.
  assert.match(await card(page).textContent(), /Fewer than 31 days of these were read, so no finding calls something unused\./);
  assert.match(await page.locator(".card").first().textContent(), /No single grant can be removed safely yet.*fewer than 31 days were read|Remove [\d,]+ of/);
  assert.equal(await card(await place.page(html)).getByText("calls something unused").count(), 0);
});

test("with AWS's tracking, the page says why there are no findings", async () => {
  const page = await place.page(await report(TEST_ACCOUNT, "--granularity", "action", "--format", "html"));
  await page.getByText("there are neither findings nor right-sized policies. --tracking full has them.").waitFor();
});
