// The web pages of `serve --ui`, in a browser.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Place, PROGRAM, ROOT } from "./harness.mjs";

const run = promisify(execFile);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const CREDENTIALS = `
[[credential]]
access_key_id = "AKIAADA"
secret_access_key = "ada-secret"
arn = "arn:aws:iam::111122223333:user/ada"

[[credential]]
access_key_id = "AKIAERIN"
secret_access_key = "erin-secret"
arn = "arn:aws:iam::111122223333:user/erin"
`;

let place;
let server;
let url;
before(async () => {
  place = await Place.open();
  const store = join(place.folder, "store.db");
  await run(PROGRAM, ["import", "account", "--store", store, join(ROOT, "testdata/account.json")]);
  await run(PROGRAM, ["import", "trail", "--store", store, join(ROOT, "testdata/trail")]).catch((error) => {
    if (error.code !== 3) throw error;
  });
  const credentials = await place.write("credentials.toml", CREDENTIALS);
  const options = ["--listen", "127.0.0.1:0", "--credentials", credentials, "--enforce-permissions", "--ui"];
  server = spawn(PROGRAM, ["serve", "--store", store, ...options, "--tracking", "full"]);
  url = await new Promise((done, failed) => {
    let said = "";
    server.stderr.on("data", (chunk) => {
      said += chunk;
      const found = said.match(/web pages at (\S+)/);
      if (found) done(found[1]);
    });
    server.on("exit", () => failed(new Error(said)));
  });
});
after(async () => {
  server?.kill();
  await place.close();
});

async function signIn(page, id, secret) {
  await page.getByLabel("Access key ID").fill(id);
  await page.getByLabel("Secret access key").fill(secret);
  await page.keyboard.press("Enter");
}

test("sign in, start a report, watch it, open it, and sign out", async () => {
  const page = await place.open(url);
  assert.equal(await page.title(), "Sign in – Access Advisor");
  await signIn(page, "AKIAADA", "wrong");
  await page.getByRole("alert").filter({ hasText: "wrong" }).waitFor();
  await signIn(page, "AKIAADA", "ada-secret");
  await page.getByRole("heading", { name: "Identities and policies" }).waitFor();
  await page.getByRole("searchbox").fill("bruno");
  await page.getByRole("link", { name: "bruno" }).click();
  await page.getByRole("button", { name: "Report on services and actions" }).click();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor({ timeout: 30_000 });
  assert.equal(await page.textContent(".arn code"), "arn:aws:iam::111122223333:user/engineering/bruno");
  assert.ok((await page.locator("tr.service").count()) > 5);
  await page.locator(".opener").first().click();
  assert.ok((await page.locator("tr.action").count()) > 0);

  // The secret stays in no place that a script can read.
  const kept = await page.evaluate(() => document.cookie + JSON.stringify(sessionStorage) + JSON.stringify(localStorage));
  assert.ok(!kept.includes("ada-secret") && !kept.includes("access-advisor-session"), kept);
  // The session lasts over a reload.
  await page.reload();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor();

  // All finished reports together, in the pages of the HTML report.
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("1 identity or policy").waitFor({ timeout: 30_000 });
  assert.equal(await page.locator(".gathered strong").count(), 0);
  assert.match(await page.locator(".tile").first().textContent(), /^Users and roles1/);
  await page.locator("section", { hasText: "Days of the trail" }).first().waitFor();
  await page.getByRole("link", { name: "Identities", exact: true }).click();
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
});

test("what the caller may not do is refused with the reason", async () => {
  const page = await place.open(url);
  await signIn(page, "AKIAERIN", "erin-secret");
  await page.locator(".left-out").first().waitFor();
  const notes = (await page.locator(".left-out").allTextContents()).join("\n");
  assert.match(notes, /not authorized to perform: iam:List/);
  assert.match(notes, /There is no overview: .*not authorized to perform: iam:GetAccountAuthorizationDetails/);
});

test("the list of reports follows those in progress", async () => {
  const page = await place.open(url);
  await signIn(page, "AKIAADA", "ada-secret");
  await page.getByRole("heading", { name: "Identities and policies" }).or(page.locator(".tiles")).first().waitFor();
  await page.evaluate(async () => {
    const headers = { "content-type": "application/json" };
    const call = async (body) => (await fetch("/ui/api", { method: "POST", headers, body: JSON.stringify(body) })).json();
    const { Roles } = await call({ Action: "ListRoles" });
    for (const { Arn } of Roles) await call({ Action: "GenerateServiceLastAccessedDetails", Arn, Granularity: "ACTION_LEVEL" });
    location.hash = "#/reports";
  });
  await page.locator("tbody td.status").first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("tbody td.status")].every((it) => it.textContent === "finished"), null, { timeout: 30_000 });
  assert.ok((await page.locator("tbody td.status").count()) > 5);
  assert.deepEqual(page.complaints, []);
});

test("whoever signs in after a session has ended sees nothing of the one before", async () => {
  const page = await place.open(url);
  await signIn(page, "AKIAADA", "ada-secret");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".tile").first().waitFor({ timeout: 30_000 });
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Your reports" }).click();
  await signIn(page, "AKIAERIN", "erin-secret");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("There is no overview").first().waitFor();
  assert.equal(await page.locator(".tile").count(), 0);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious: ${colorScheme}`, async () => {
    const page = await place.open(url, { colorScheme, bypassCSP: true });
    const check = async () => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(violations.filter((it) => ["serious", "critical"].includes(it.impact)).map((it) => it.id), []);
    };
    await check();
    await signIn(page, "AKIAADA", "ada-secret");
    for (const [view, shown] of [["overview", ".tiles"], ["entities", "table.virtual"], ["reports", "table.virtual"]]) {
      await page.evaluate((hash) => (location.hash = hash), `#/${view}`);
      await page.locator(`main:not([aria-busy]) ${shown}`).first().waitFor();
      await check();
    }
  });
}
