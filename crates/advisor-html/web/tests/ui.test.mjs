// The web pages of `serve --ui`, in a browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BRUNO, DEVELOPER_ACCESS, link, overflow, Place, seriousViolations, viewOf } from "./harness.mjs";
import { ADA_KEY, call, enter, ERIN_KEY, makeReport, reuseReports, ROOT_KEY, Server, signIn, visit } from "./server.mjs";

const ERIN = "arn:aws:iam::111122223333:user/erin";

let place;
let server;
before(async () => {
  place = await Place.open();
  server = await Server.start(place, "--tracking", "full");
});
after(async () => {
  server?.stop();
  await place.close();
});

test("sign in, start a report, watch it, open it, and sign out", async () => {
  const page = await place.open(server.url);
  assert.equal(await page.title(), "Sign in – Access Advisor");
  await signIn(page, ["AKIAADA", "wrong"]);
  await page.getByRole("alert").filter({ hasText: "wrong" }).waitFor();
  // The browser's word for the refusal.
  assert.match(page.complaints.splice(0).join(), /^Failed to load resource.* 403 [^,]*$/);
  await signIn(page, ADA_KEY);
  // All that the account has, before anything was started.
  await page.getByText(/ \d+ identities and policies that you may see/).waitFor({ timeout: 60_000 });
  assert.match(await page.locator(".tile").first().textContent(), /^Users and roles\d\d/);
  await page.locator("section", { hasText: "Days of the trail" }).first().waitFor();
  assert.match(await page.textContent("footer"), /access-advisor .* catalog .* full tracking .* 1 issue in the account data/);
  await page.locator("footer").getByRole("link", { name: "1 issue" }).click();
  await page.getByRole("heading", { name: "1 issue in the account data" }).waitFor();
  await page.getByRole("link", { name: "New report" }).click();
  await page.getByRole("searchbox").fill("bruno");
  await page.getByRole("link", { name: "bruno" }).click();
  await page.getByRole("button", { name: "Report on services and actions" }).click();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor({ timeout: 60_000 });
  assert.equal(await page.textContent(".arn code"), BRUNO);
  assert.ok((await page.locator("tr.service").count()) > 5);
  await page.locator(".opener").first().click();
  assert.ok((await page.locator("tr.action").count()) > 0);

  // The secret stays in no place that a script can read.
  const kept = await page.evaluate(() => document.cookie + JSON.stringify(sessionStorage) + JSON.stringify(localStorage));
  assert.ok(!kept.includes("ada-secret") && !kept.includes("access-advisor-session"), kept);
  // The session lasts over a reload.
  await page.reload();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor();

  await page.getByRole("link", { name: "Now, with findings" }).click();
  await page.getByRole("heading", { name: "Days with attempts" }).waitFor({ timeout: 60_000 });
  await page.getByRole("navigation").getByRole("link", { name: "Identities", exact: true }).click();
  await page.locator("tbody").getByRole("link", { name: "bruno" }).click();
  await page.getByRole("heading", { name: "Days with attempts" }).waitFor();
  await page.getByRole("heading", { name: "Right-sized policies" }).waitFor();
  await page.locator(".filters").scrollIntoViewIfNeeded();
  await page.locator("tr.service button.why:visible").first().click();
  await page.getByRole("dialog").locator(".path").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Your reports" }).click();
  await page.locator("tbody").getByText("finished").waitFor();
  assert.equal(await page.locator("tbody tr:not(.space)").count(), 1);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Access key ID").waitFor();
  await page.reload();
  await page.getByLabel("Access key ID").waitFor();
  assert.deepEqual(page.complaints, []);
});

/** Presses Tab until an element has the focus. */
async function tabTo(page, matches) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), matches)) return;
  }
  assert.fail(`the keyboard does not reach ${matches}`);
}

test("a report is started, watched and opened with the keyboard alone", async () => {
  const page = await place.open(server.url);
  await reuseReports(page);
  await page.keyboard.type(ADA_KEY[0]);
  await page.keyboard.press("Tab");
  await page.keyboard.type(ADA_KEY[1]);
  await page.keyboard.press("Enter");
  await page.locator("header ~ main:not([aria-busy]) h1").waitFor({ timeout: 60_000 });
  await tabTo(page, 'nav a[href="#/entities"]');
  await page.keyboard.press("Enter");
  await page.locator("table.virtual tbody a").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
  await tabTo(page, "input[type=search]");
  await page.keyboard.type("erin");
  await tabTo(page, `a[href="${link("entity", ERIN)}"]`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "erin" }).waitFor();
  await tabTo(page, "button.main-button");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Services", exact: true }).waitFor({ timeout: 60_000 });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "erin");
  await tabTo(page, ".gathered a");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Days with attempts" }).waitFor({ timeout: 60_000 });
  assert.deepEqual(page.complaints, []);
});

test("who may list nothing can ask for a report on an ARN", async () => {
  const page = await place.open(server.url);
  await signIn(page, ERIN_KEY);
  await page.locator(".left-out").first().waitFor();
  assert.deepEqual(await page.locator(".left-out").allTextContents(), ["You have no right to list identities and policies. Of what you may have a report on, give the ARN."]);
  await visit(page, "#/coverage", "h1:has-text('Nothing here')");
  await page.getByText("iam:GetAccountAuthorizationDetails").waitFor();
  await visit(page, "#/reports", "h1");
  await visit(page, "#/entities", ".by-arn");
  await page.getByLabel("Report on an ARN").fill(` ${BRUNO} `);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "bruno" }).waitFor();
  // What cannot be done was not tried.
  assert.deepEqual(page.complaints, []);
  await page.getByRole("button", { name: "Report on services and actions" }).click();
  await page.getByRole("alert").filter({ hasText: "not authorized to perform: iam:GenerateServiceLastAccessedDetails" }).waitFor();
});

test("callers see their own reports", async () => {
  const adas = await place.open(server.url);
  await reuseReports(adas);
  await enter(adas, ADA_KEY);
  const job = await makeReport(adas, BRUNO);
  const roots = await place.open(server.url);
  await reuseReports(roots);
  await enter(roots, ROOT_KEY);
  await visit(roots, "#/reports", ".empty");
  await visit(roots, link("report", job), ".job-status:not(:has-text('Waiting'))");
  await makeReport(roots, DEVELOPER_ACCESS);
  await visit(roots, "#/reports", "table.virtual");
  assert.equal(await roots.locator("tbody td.status").count(), 1);
});

test("pages say how much of the account they are about", async () => {
  const page = await place.open(server.url);
  await page.route("**/ui/reports", async (route) => {
    const response = await route.fetch({ timeout: 60_000 });
    const answer = await response.json();
    await route.fulfill({ response, json: { ...answer, LeftOut: 2470, Denied: 3 } });
  });
  await enter(page, ADA_KEY);
  const note = await page.locator(".gathered").textContent();
  assert.match(note, /on \d+ of 2,\d{3} identities and policies that you may see/);
  assert.match(note, /2,470 left out, as there was not enough time/);
  assert.match(note, /no right to reports on 3 more/);
  for (const hash of ["#/overview", "#/identities", "#/services"]) {
    await visit(page, hash, "h1 .some");
    assert.match(await page.textContent("h1"), /\d+ of 2,\d{3} identities and policies$/);
  }
  assert.deepEqual(page.complaints, []);
});

test("a report as it was made and the page of now agree", async () => {
  const page = await place.open(server.url);
  await enter(page, ROOT_KEY);
  // Those that may do everything take long to right-size.
  const names = ["user/engineering/bruno", "user/erin", "user/flora", "role/data/pipeline-runner", "role/ci/github-actions-deploy", "role/idle-worker", "group/auditors"];
  const arns = [...names.map((name) => `arn:aws:iam::111122223333:${name}`), DEVELOPER_ACCESS];
  const jobs = [];
  for (const arn of arns) jobs.push([arn, await makeReport(page, arn)]);
  await page.reload();
  const tiles = async () => new Map(await page.$$eval(".tile", (all) => all.map(({ children: [label, ...rest] }) => [label.textContent, rest.map((it) => it.textContent).join(" ")])));
  let ungranted = 0;
  const ofNow = new Map();
  for (const arn of arns) {
    await visit(page, link(viewOf(arn), arn), `.arn:has-text('${arn}')`);
    ofNow.set(arn, await tiles());
  }
  for (const [arn, job] of jobs) {
    const now = ofNow.get(arn);
    await visit(page, link("report", job), `.gathered:has-text('as it was made') ~ .arn:has-text('${arn}')`);
    const made = await tiles();
    for (const label of ["Services used", "Actions used", "Unused"]) assert.equal(made.get(label), now.get(label), `${arn}: ${label}`);
    // Jobs keep no use of what is not granted: the page says so.
    if (now.has("Used, not granted")) ungranted += 1;
    else assert.equal(made.get("Last use of a grant"), now.get("Last use"), arn);
    // With the default of 90 days, nothing is called unused.
    const granted = await page.locator("tr.service").count();
    assert.equal(await page.locator(".unused-note").count(), granted > 0 ? 1 : 0, arn);
  }
  assert.ok(ungranted > 0);
  assert.deepEqual(page.complaints, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious: ${colorScheme}`, async () => {
    const page = await place.open(server.url, { colorScheme, bypassCSP: true });
    const check = async (where) => assert.deepEqual(await seriousViolations(page), [], where);
    await check("sign in");
    await reuseReports(page);
    await enter(page, ADA_KEY);
    const job = await makeReport(page, BRUNO);
    await makeReport(page, DEVELOPER_ACCESS);
    await page.reload();
    for (const [hash, shown] of [
      ["#/overview", ".tiles"],
      ["#/identities", "table.virtual"],
      ["#/policies", "table.virtual"],
      ["#/services", "table.virtual"],
      ["#/coverage", ".heat-map, .card"],
      [link("identity", BRUNO), ".tiles"],
      [link("policy", DEVELOPER_ACCESS), ".tiles"],
      [link("service", "s3"), "h1"],
      ["#/entities", "table.virtual"],
      [link("entity", BRUNO), ".buttons"],
      [link("report", job), "table.virtual"],
      ["#/reports", "table.virtual"],
      ["#/nothing", "h1"],
    ]) {
      await visit(page, hash, shown);
      await check(hash);
    }
    assert.deepEqual(page.complaints, []);
  });
}

test("no page at /ui is wider than a phone", async () => {
  const page = await place.open(server.url, { viewport: { width: 390, height: 800 } });
  const check = async (where) => assert.ok((await overflow(page)) <= 0, where);
  await check("sign in");
  await reuseReports(page);
  await enter(page, ADA_KEY);
  const job = await makeReport(page, BRUNO);
  await page.reload();
  for (const [hash, shown] of [["#/overview", ".tiles"], ["#/entities", "table.virtual"], [link("entity", BRUNO), ".buttons"], [link("report", job), "table.virtual"], ["#/reports", "table.virtual"]]) {
    await visit(page, hash, shown);
    await check(hash);
    // All of the navigation is on the page.
    const boxes = await page.$$eval("header a, header button", (all) => all.filter((it) => !it.matches(".skip")).map((it) => it.getBoundingClientRect().right));
    assert.ok(boxes.every((right) => right <= 390), `${hash}: ${boxes}`);
  }
});

// The last one: overviews that are made later would be about all of these.
test("the list of reports follows those in progress", async () => {
  const page = await place.open(server.url);
  await reuseReports(page);
  await enter(page, ADA_KEY);
  const { Roles } = await call(page, { Action: "ListRoles" });
  for (const { Arn } of Roles) await call(page, { Action: "GenerateServiceLastAccessedDetails", Arn, Granularity: "ACTION_LEVEL" });
  await visit(page, "#/reports", "tbody td.status");
  await page.waitForFunction(() => [...document.querySelectorAll("tbody td.status")].every((it) => it.textContent === "finished"), null, { timeout: 300_000 });
  assert.ok((await page.locator("tbody td.status").count()) > 5);
  assert.deepEqual(page.complaints, []);
});
