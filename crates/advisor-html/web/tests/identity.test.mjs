// What the pages of identities and policies say beside their services, in a browser.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BRUNO, ENOUGH, FULL, go, link, parseCsv, Place, report, rightsize, ROOT, TEST_ACCOUNT, viewOf } from "./harness.mjs";
import { roles } from "./roles.mjs";

const AUDITOR = "arn:aws:iam::111122223333:role/OrganizationAuditor";
const BOUNDARY = "arn:aws:iam::111122223333:policy/boundaries/human-boundary";
const LEGACY = "arn:aws:iam::111122223333:user/legacy/legacy-backup";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
});
after(() => place.close());

const section = (page, title) => page.locator("section.card", { has: page.getByRole("heading", { name: title, exact: true }) });

/** The rows of the table of holders that are in the document. */
const holders = (page) => page.locator("table.holders tbody tr:not(.space)");

test("a policy lists all who have it: attached, by a group, or as a boundary", async () => {
  const account = JSON.parse(await readFile(join(ROOT, "testdata/account.json"), "utf8"));
  const expected = [];
  for (const { Arn, AttachedManagedPolicies, GroupList = [] } of [...account.UserDetailList, ...account.RoleDetailList, ...account.GroupDetailList]) {
    const has = (it) => it.AttachedManagedPolicies.some((policy) => policy.PolicyArn === READ_ONLY);
    if (has({ AttachedManagedPolicies })) expected.push(`${Arn} attached`);
    for (const name of GroupList) if (has(account.GroupDetailList.find((it) => it.GroupName === name))) expected.push(`${Arn} by group ${name}`);
  }
  const page = await place.page(html, link("policy", READ_ONLY));
  await page.waitForFunction((count) => document.querySelectorAll("table.holders tbody tr:not(.space)").length === count, expected.length);
  const shown = await holders(page).evaluateAll((rows) => rows.map((row) => `${row.querySelector("a").title} ${row.querySelector(".how").textContent}`));
  assert.deepEqual(shown.sort(), expected.sort());
  // The search does not touch that of the services.
  await page.getByRole("searchbox", { name: "Search who has it" }).fill("bruno");
  await page.getByRole("searchbox", { name: "Search services" }).fill("s3");
  await page.waitForURL(/who=bruno&q=s3$/);
  assert.equal(await holders(page).count(), 1);
  const again = await place.open(page.url());
  await again.locator("table.holders tbody a").first().waitFor();
  assert.equal(await holders(again).count(), 1);
  const [download] = await Promise.all([page.waitForEvent("download"), section(page, "Who has it").getByRole("button", { name: "Save list as CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "ReadOnlyAccess-holders.csv");
  const [header, row] = parseCsv(await readFile(await download.path(), "utf8"));
  assert.deepEqual([row[0], row[header.indexOf("How")]], [BRUNO, "group"]);
  await go(page, link("policy", BOUNDARY));
  const text = await section(page, "Who has it").textContent();
  assert.match(text, /It is not attached to anything\. It is the permissions boundary of 1 user or role: that grants them nothing, and is not evaluated\./);
  assert.match(text, /ada.*permissions boundary/);
  assert.deepEqual(page.complaints, []);
});

test("thousands have a policy, and none is cut", async () => {
  const arn = "arn:aws:iam::111122223333:policy/Common";
  const policy = { PolicyName: "Common", PolicyId: "ANPA00000000000000001", Arn: arn, Path: "/", DefaultVersionId: "v1", AttachmentCount: 0, IsAttachable: true, CreateDate: "2024-03-01T09:00:00+00:00", PolicyVersionList: [{ VersionId: "v1", IsDefaultVersion: true, CreateDate: "2024-03-01T09:00:00+00:00", Document: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }] } }] };
  const list = roles(4000).filter((_, index) => index % 2 === 0).map((it) => ({ ...it, AttachedManagedPolicies: [{ PolicyName: "Common", PolicyArn: arn }] }));
  const file = await place.write("common.json", JSON.stringify({ UserDetailList: [], GroupDetailList: [], RoleDetailList: list, Policies: [policy] }));
  const page = await place.page(await report(["--account", file, ...TEST_ACCOUNT.slice(2)], ...FULL, "--format", "html"), link("policy", arn));
  const card = section(page, "Who has it");
  assert.equal(await card.locator(".count").textContent(), "2,000");
  assert.ok((await holders(page).count()) < 60);
  await holders(page).first().focus();
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.querySelector("a").textContent), "a/b/role-03998");
  assert.ok(await holders(page).last().isVisible());
  await card.getByRole("searchbox").fill("role-0399");
  assert.equal(await card.locator(".count").textContent(), "5 of 2,000");
});

test("what policies allow and what is granted are told apart", async () => {
  const page = await place.page(html, link("identity", AUDITOR));
  const { Rightsized } = JSON.parse(await rightsize([AUDITOR, ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  const [{ RemovedActions, Kept }] = Rightsized;
  const allowed = RemovedActions + Object.values(Kept).reduce((sum, it) => sum + it, 0);
  const granted = Number(/of (\d+)/.exec(await page.locator(".tile", { hasText: "Actions used" }).textContent())[1]);
  assert.ok(granted < allowed);
  const text = await section(page, "Right-sized policies").textContent();
  const unused = Number(await page.locator(".tile", { hasText: "Unused" }).locator("strong").textContent());
  assert.ok(text.includes(`${unused} granted actions would be removed; ${RemovedActions - unused} more that its policies allow are denied anyway.`), text);
  // All of it can be opened, and is among what the command removes.
  const lost = await section(page, "Right-sized policies").locator(".lost dl > *").allTextContents();
  const removed = Rightsized[0].Policies.flatMap((it) => it.Statements).flatMap((it) => [...(it.RemovedServices ?? []), ...(it.RemovedActions ?? [])]);
  const names = lost.flatMap((it, index) => (index % 2 === 0 ? [] : it.split(", ").map((name) => [lost[index - 1].split(" ")[0], name])));
  assert.equal(names.length, unused);
  for (const [service, name] of names) assert.ok(removed.includes(service) || removed.includes(`${service}:${name}`), `${service}:${name}`);
  assert.ok(text.includes(`Of the ${allowed} actions that its policies allow`), text);
  assert.ok(text.includes(`Denies take ${allowed - granted} of them away: ${granted} are granted.`), text);
});

// Nobody can use what nobody has.
const UNATTACHED = "arn:aws:iam::111122223333:policy/archive/OldReporting";

test("only policies that grant something count as without a known use", async () => {
  const json = JSON.parse(await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "json"));
  const granting = json.Reports.filter(({ Arn, ServicesLastAccessed }) => viewOf(Arn) === "policy" && ServicesLastAccessed.length > 0 && ![BOUNDARY, UNATTACHED].includes(Arn));
  assert.ok(granting.length > 0);
  const unused = granting.filter((it) => it.ServicesLastAccessed.every((row) => row.LastAuthenticated === undefined));
  const page = await place.page(html);
  const text = await page.locator(".tile", { hasText: "Managed policies" }).textContent();
  const expected = unused.length === 0 ? `all ${granting.length} that grant somebody something have a known use` : `${unused.length} of ${granting.length} that grant somebody something without a known use`;
  assert.ok(text.endsWith(`${expected}; 1 attached to nothing`), text);
  // Who has a policy does not depend on findings.
  const tracked = await place.page(await report(TEST_ACCOUNT, "--granularity", "action", "--format", "html"));
  assert.match(await tracked.locator(".tile", { hasText: "Managed policies" }).textContent(), /; 1 attached to nothing$/);
});

test("of a permissions boundary that is attached to nothing, nothing is called unused", async () => {
  const page = await place.page(html, link("policy", BOUNDARY));
  assert.equal(await page.locator(".tile", { hasText: "Unused" }).count(), 0);
  assert.equal(await page.locator(".policy-document .usage").textContent(), "lets other policies grant 1,177 actions");
  await page.getByText("attached to nothing: it grants nothing").waitFor();
  await go(page, "#/policies?q=human-boundary");
  assert.equal(await page.locator("td.removable").textContent(), "–");
  await go(page, "#/policies?q=human-boundary&state=unused");
  assert.equal(await page.locator("td.removable").count(), 0);
});

test("statements are numbered as the command line numbers them", async () => {
  const page = await place.page(html, link("identity", AUDITOR));
  const text = await section(page, "Right-sized policies").textContent();
  assert.match(text, /Statement 0: without/);
  await go(page, link("policy", UNATTACHED));
  assert.deepEqual(await page.locator(".policy-document section .head small").allTextContents(), ["statement 0", "statement 1"]);
});

test("where no smaller policy was made, the page says why, and what does", async () => {
  const page = await place.page(html, link("identity", "arn:aws:iam::111122223333:role/BreakGlass"));
  const text = await section(page, "Right-sized policies").textContent();
  assert.match(text, /^Right-sized policiesNo smaller policy was made: what could go is in what stays whole/);
  assert.match(text, /access-advisor rightsize arn:aws:iam::111122223333:role\/BreakGlass --wildcards safe makes shorter lists/);
  assert.match(text, /emergency statement 0: comparing its patterns takes too much work/);
  await go(page, link("identity", LEGACY));
  assert.match(await section(page, "Right-sized policies").textContent(), /No smaller policy was made: of the 3 actions that its policies allow, none is proved unused: 2 used, 1 uncovered\./);
});

test("an unused user that has used states has its last use and the days of findings beside each other", async () => {
  const page = await place.page(html, link("identity", LEGACY));
  const text = await section(page, "Findings").textContent();
  assert.match(text, /Last use2025-12-24 18:00:00 UTC \(311 days ago\) in us-east-1: before the 90 days that findings look at, 2026-08-03 to 2026-10-31\. States look at all days, so that it is called used there/);
});

test("a user whose permissions come by groups is told what right-sizing does on these", async () => {
  const page = await place.page(html);
  const row = page.locator(".decisions li", { has: page.locator("a[title$=':user/ada']") });
  assert.match(await row.locator("small").textContent(), /^By group admins: right-sizing keeps its statements whole, and its page says why$/);
  await go(page, link("identity", "arn:aws:iam::111122223333:user/ada"));
  assert.match(await section(page, "Right-sized policies").textContent(), /admins: no smaller policy was made: AdministratorAccess statement 0: event source frobnicator was used and is not in the catalog/);
  await go(page, link("identity", "arn:aws:iam::111122223333:user/engineering/chiara"));
  const text = await section(page, "Right-sized policies").textContent();
  const { Rightsized } = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  const developers = Rightsized.find((it) => it.Name === "developers");
  assert.match(text, /Still granted by group developers: \d+\./);
  assert.ok(text.includes(`developers: ${developers.RemovedActions} of `), text);
  assert.ok(await section(page, "Right-sized policies").locator("a", { hasText: "developers" }).first().isVisible());
});

test("it says why there are no right-sized policies of what AWS maintains", async () => {
  const page = await place.page(html, link("policy", READ_ONLY));
  assert.match(await section(page, "Right-sized policies").textContent(), /AWS maintains this policy: it cannot be changed\. The pages of those who have it show/);
});

test("a deny of some actions of a used service says which it takes away", async () => {
  const page = await place.page(html, link("identity", BRUNO, "?explain=kms"));
  await page.getByRole("dialog").locator(".explanation").waitFor();
  const text = await page.getByRole("dialog").textContent();
  assert.match(text, /takes \d+ actions? of the service away on all resources/);
  assert.doesNotMatch(text, /takes all of it away/);
});

test("a calendar has its period, weekdays and months, and its days as text", async () => {
  const page = await place.page(html, link("identity", LEGACY), { viewport: { width: 390, height: 900 } });
  const card = section(page, "Days with attempts");
  assert.match(await card.textContent(), /2025-09-27 to 2026-10-31: attempts on 1 day; \d+ days without any were not read\./);
  const labels = await card.locator("svg text").allTextContents();
  for (const label of ["Oct 2025", "Nov", "Jan 2026", "Sep", "Mon", "Wed", "Fri"]) assert.ok(labels.includes(label), label);
  // No label stands on another one, or beyond the calendar.
  const boxes = await card.locator("svg text").evaluateAll((all) => all.map((it) => it.getBoundingClientRect().toJSON()));
  const chart = await card.locator("svg.calendar").evaluate((it) => it.getBoundingClientRect().toJSON());
  for (const [index, box] of boxes.entries()) {
    assert.ok(box.left >= chart.left - 1 && box.right <= chart.right + 1, labels[index]);
    for (const other of boxes.slice(0, index)) assert.ok(box.right <= other.left || other.right <= box.left || box.bottom <= other.top + 4 || other.bottom <= box.top + 4, labels[index]);
  }
  await card.getByText("Days with attempts as text").click();
  assert.equal(await card.locator(".days p").textContent(), "2025-12-24");
  // The newest days are in view where it does not fit.
  const { left, width, whole } = await card.locator(".wide").evaluate((it) => ({ left: it.scrollLeft, width: it.clientWidth, whole: it.scrollWidth }));
  assert.ok(left + width >= whole - 1);
});
