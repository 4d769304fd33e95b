// What the pages at /ui do when a session or the connection ends.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BRUNO, link, Place } from "./harness.mjs";
import { ADA_KEY, enter, ERIN_KEY, makeReport, reuseReports, Server, signIn, visit } from "./server.mjs";

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

/** The pages of ada, who has a finished report. */
async function signedIn() {
  const page = await place.open(server.url);
  await reuseReports(page);
  await enter(page, ADA_KEY);
  page.job = await makeReport(page, BRUNO);
  await visit(page, "#/overview", ".tiles");
  return page;
}

const endSession = (page) => page.context().clearCookies();

/** The form is there, with why, and nothing else. */
async function isAskedToSignIn(page) {
  await page.getByText("Your session has ended.").waitFor();
  assert.equal(await page.title(), "Sign in – Access Advisor");
  assert.equal(await page.locator("#app > *").count(), 1);
  assert.equal(await page.getByText("bruno").count(), 0);
}

/** Lets jobs look as if they were in progress. */
async function keepInProgress(page) {
  const change = (pattern, edit) =>
    page.route(pattern, async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      edit(json);
      // The page may not wait for it any more.
      await route.fulfill({ response, json }).catch(() => undefined);
    });
  await change("**/ui/jobs", (json) => json.Jobs?.forEach((job) => (job.Status = "IN_PROGRESS")));
  await change("**/ui/api", (json) => {
    if (json.JobStatus) json.JobStatus = "IN_PROGRESS";
  });
}

/** A second tab of the browser that a page is in. */
async function anotherTab(page) {
  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await tab.locator(".tiles").waitFor({ timeout: 30_000 });
  return tab;
}

test("who signs out does so in all tabs", async () => {
  const page = await signedIn();
  const tab = await anotherTab(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await tab.getByText("You signed out in another tab.").waitFor();
  assert.equal(await tab.locator("#app > *").count(), 1);
  assert.equal(await tab.getByText("bruno").count(), 0);
  // Who signs in does so in all tabs, too.
  await enter(page, ADA_KEY);
  await tab.locator(".tiles").waitFor({ timeout: 30_000 });
});

test("a tab whose session somebody else has taken shows nothing of the one before", async () => {
  const page = await signedIn();
  const tab = await anotherTab(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await enter(page, ERIN_KEY);
  await tab.locator(".as-of", { hasText: "user/erin" }).waitFor();
  assert.equal(await tab.locator(".tile").count(), 0);
});

for (const hash of ["#/overview", "#/identities", link("identity", BRUNO), "#/services", "#/coverage"]) {
  test(`a view without a request of its own notices that a session has ended: ${hash}`, async () => {
    const page = await signedIn();
    await visit(page, hash === "#/overview" ? "#/policies" : "#/overview", "h1");
    await endSession(page);
    await page.evaluate((to) => (location.hash = to), hash);
    await isAskedToSignIn(page);
  });
}

test("a view says that the server cannot be reached", async () => {
  const page = await signedIn();
  await page.route("**/ui/**", (route) => route.abort("connectionrefused"));
  await page.getByRole("link", { name: "Coverage" }).first().click();
  await page.getByRole("alert").filter({ hasText: "The connection to the server is lost." }).waitFor();
  assert.equal(await page.locator(".tile").count(), 0);
  await page.unroute("**/ui/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "By account and day" }).waitFor();
});

for (const [name, hash] of [
  ["the list to choose from", "#/entities"],
  ["the page that starts a report", link("entity", BRUNO)],
  ["a report", "report"],
  ["the list of reports", "#/reports"],
]) {
  test(`a session that has ended is noticed by ${name}`, async () => {
    const page = await signedIn();
    await endSession(page);
    const to = hash === "report" ? link("report", page.job) : hash;
    await page.evaluate((to) => (location.hash = to), to);
    await isAskedToSignIn(page);
    // Who signs in is where the session ended.
    await enter(page, ADA_KEY);
    assert.equal(await page.evaluate(() => location.hash), to);
  });
}

test("a session that has ended is noticed when the overview is made again", async () => {
  const page = await signedIn();
  await endSession(page);
  await page.getByRole("button", { name: "Make again" }).click();
  await isAskedToSignIn(page);
});

test("a session that has ended is noticed when a report is started", async () => {
  const page = await signedIn();
  await visit(page, link("entity", BRUNO), ".buttons");
  await endSession(page);
  await page.getByRole("button", { name: "Report on services and actions" }).click();
  await isAskedToSignIn(page);
});

test("a session that has ended is noticed while a report is awaited", async () => {
  const page = await signedIn();
  await keepInProgress(page);
  await visit(page, link("report", page.job), ".job-status");
  await page.getByText("Waiting for the report").waitFor();
  await endSession(page);
  await isAskedToSignIn(page);
});

test("a session that has ended is noticed by a list that follows jobs", async () => {
  const page = await signedIn();
  await keepInProgress(page);
  await visit(page, "#/reports", "td.status:has-text('in progress')");
  await endSession(page);
  await isAskedToSignIn(page);
});

test("whoever signs in after a session has ended sees nothing of the one before", async () => {
  const page = await signedIn();
  // An answer that was on its way when the session ended.
  let deliver;
  const held = new Promise((resume) => (deliver = resume));
  await page.route("**/ui/reports", async (route) => {
    await held;
    await route.fallback().catch(() => undefined);
  });
  await page.getByRole("button", { name: "Make again" }).click();
  await endSession(page);
  await page.getByRole("link", { name: "Your reports" }).click();
  await isAskedToSignIn(page);
  await page.unroute("**/ui/reports");
  await enter(page, ERIN_KEY);
  deliver();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("You have no right to list").waitFor();
  assert.equal(await page.locator(".tile").count(), 0);
});

test("a refusal to a session that was before ends no other", async () => {
  const page = await signedIn();
  let deliver;
  const held = new Promise((resume) => (deliver = resume));
  await page.route("**/ui/jobs", async (route) => {
    await held;
    await route.fulfill({ status: 401, json: { Code: "NotSignedIn", Message: "Sign in first." } }).catch(() => undefined);
  });
  await page.getByRole("link", { name: "Your reports" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.unroute("**/ui/jobs");
  await signIn(page, ADA_KEY);
  deliver();
  await visit(page, "#/reports", "td.status");
  assert.equal(await page.getByText("Your session has ended.").count(), 0);
});

test("a report is awaited over a lost connection", async () => {
  const page = await signedIn();
  // Each goes on until it has been seen on the page.
  let answer = (route) => route.abort("connectionrefused");
  await page.route("**/ui/api", (route) => answer(route));
  await page.evaluate((to) => (location.hash = to), link("report", page.job));
  const status = page.locator(".job-status");
  await status.filter({ hasText: "The connection to the server is lost. Trying again" }).waitFor();
  assert.equal(await status.getAttribute("role"), "status");
  answer = (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" });
  await status.filter({ hasText: "answered with status 502" }).waitFor();
  answer = (route) => route.continue();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor();
});

test("a list follows jobs over a lost connection", async () => {
  const page = await signedIn();
  await keepInProgress(page);
  await visit(page, "#/reports", "td.status:has-text('in progress')");
  await page.route("**/ui/jobs", (route) => route.abort("connectionrefused"));
  await page.getByText("The connection to the server is lost. Trying again").waitFor();
  await page.unroute("**/ui/jobs");
  await page.locator("td.status:has-text('finished')").first().waitFor();
  assert.equal(await page.getByText("Trying again").count(), 0);
});

test("a page that cannot be shown can be tried again", async () => {
  const page = await signedIn();
  await page.route("**/ui/jobs", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<p>hello" }));
  await page.getByRole("link", { name: "Your reports" }).click();
  await page.getByRole("alert").filter({ hasText: "answered with status 200, and not by access-advisor" }).waitFor();
  await page.unroute("**/ui/jobs");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("td.status").first().waitFor();
});

test("a server that does not tell who is signed in is asked again", async () => {
  const page = await signedIn();
  await page.route("**/ui/session", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }));
  await page.reload();
  await page.getByRole("heading", { name: "The server does not answer" }).waitFor();
  // Nor can who is signed in sign out then.
  await page.unroute("**/ui/session");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".tiles").waitFor({ timeout: 30_000 });
  await page.route("**/ui/session", (route) => route.abort("connectionrefused"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("alert").filter({ hasText: "You are still signed in." }).waitFor();
});

test("what takes long is said", async () => {
  const page = await signedIn();
  const held = [];
  await page.route("**/ui/reports", (route) => void held.push(route));
  const deliver = () => Promise.all(held.splice(0).map((route) => route.fallback()));
  const progress = page.locator("p[role=status].progress");
  await page.getByRole("button", { name: "Make again" }).click();
  await progress.filter({ hasText: "Making live reports" }).waitFor();
  await deliver();
  await page.locator("header ~ main:not([aria-busy]) .tiles").waitFor();
  assert.equal(await progress.textContent(), "");
  // The first time, nothing else is on the page.
  await page.reload();
  await progress.filter({ hasText: "Making live reports" }).waitFor();
  await deliver();
  await page.locator(".tiles").waitFor();
});
