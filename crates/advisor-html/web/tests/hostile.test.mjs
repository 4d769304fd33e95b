// Names of an account that would run, forge or hide something if the page let them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ENOUGH, FULL, go, Place, report, ROOT, saved, TEST_ACCOUNT } from "./harness.mjs";

const HOSTILE = [
  "<script>alert(1)<",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "=cmd|'calc'!A0",
  "\u001b[2J\u001b[31mred",
  "\u202egnp.exe",
  "\u2066a\u2069\u200f",
  "zero\u200bwidth",
  "line\nbreak",
  "__proto__",
  "javascript:alert(1)",
  "%zz..?q=&#",
];

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

let place;
before(async () => {
  place = await Place.open();
});
after(() => place.close());

function statement(name) {
  const condition = { StringEquals: { "aws:PrincipalTag/team": name } };
  return { Sid: name, Effect: "Allow", Action: "s3:Get*", Resource: ["*", `arn:aws:s3:::${name}`], Condition: condition };
}

function account() {
  const roles = HOSTILE.map((name, index) => ({
    Path: "/",
    RoleName: name,
    RoleId: `AROAHOSTILE${String(index).padStart(10, "0")}`,
    Arn: `arn:aws:iam::111122223333:role/${name}`,
    CreateDate: "2024-03-01T09:00:00+00:00",
    AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] },
    InstanceProfileList: [],
    RolePolicyList: [
      { PolicyName: name, PolicyDocument: { Version: "2012-10-17", Statement: [statement(name)] } },
      { PolicyName: `broken ${name}`, PolicyDocument: { Version: name, Statement: name } },
    ],
    AttachedManagedPolicies: [],
    Tags: [],
  }));
  return JSON.stringify({ UserDetailList: [], GroupDetailList: [], RoleDetailList: roles, Policies: [] });
}

/** What a button copies. */
async function copied(page, button) {
  await button.click();
  await page.getByText("copied").waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Characters that forge or hide others. */
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

test("hostile names are text", async () => {
  const file = await place.write("hostile.json", account());
  const html = await report(["--account", file, ...TEST_ACCOUNT.slice(2)], ...FULL, "--format", "html");
  assert.ok(!html.includes("<img") && !html.includes("onerror"));
  const page = await place.page(html, "#/identities");
  const names = await page.locator("tbody th a").allTextContents();
  assert.equal(names.length, HOSTILE.length, names.join("\n"));
  assert.ok(names.includes("<script>alert(1)<"));
  assert.ok(names.includes("\\u{202e}gnp.exe"));
  const hrefs = await page.locator("tbody th a").evaluateAll((links) => links.map((it) => it.getAttribute("href")));
  for (const href of hrefs) {
    await go(page, href);
    assert.match(await page.textContent(".arn code"), /^arn:aws:iam::111122223333:role\//);
    await page.locator(".list summary").first().click();
    await page.locator(".policy-document section").waitFor();
    await page.locator(".filters").scrollIntoViewIfNeeded();
    await page.locator("tr.service button.why:visible").first().click();
    await page.getByRole("dialog").getByText("aws:PrincipalTag/team").first().waitFor();
    const text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll("[title]")].map((it) => it.title.replaceAll("\n", "")).join());
    assert.ok(!HIDDEN.test(text.replaceAll(/[\n\t]/g, "")), `${href}: ${JSON.stringify(text.match(HIDDEN))}`);
    const alien = await page.evaluate(() => document.querySelectorAll("#app script, #app img, #app iframe").length);
    assert.equal(alien, 0);
  }
  assert.deepEqual(page.complaints, []);
  assert.equal(page.requests.length, 1);

  await go(page, "#/identities?q=cmd");
  const csv = await saved(page, "Save as CSV");
  assert.ok(!/(^|,)"?[=+@-]/m.test(csv), csv);
});

test("what is copied is what is shown", async () => {
  const hostile = "larkfield-\u202e\u{e0041}raw";
  const text = await readFile(join(ROOT, "testdata/account.json"), "utf8");
  const file = await place.write("copied.json", text.replaceAll("larkfield-raw", hostile));
  const html = await report(["--account", file, ...TEST_ACCOUNT.slice(2)], ...FULL, ...ENOUGH, "--format", "html");
  const page = await place.page(html, "#/identities", CLIPBOARD);
  await go(page, "#/identity/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdata%2Fpipeline-runner");
  const policy = page.locator(".rightsized > details", { hasText: "\\u202e" }).first();
  await policy.locator("summary").click();
  const json = await copied(page, policy.getByRole("button", { name: "Copy policy" }));
  assert.equal(json, (await policy.locator(".line").allTextContents()).join("\n"));
  assert.ok(!HIDDEN.test(json.replaceAll("\n", "")), json);
  const resources = JSON.parse(json).Statement.map((statement) => statement.Resource).flat();
  assert.ok(resources.includes(`arn:aws:s3:::${hostile}`), json);

  const forged = await report(["--account", await place.write("forged.json", account()), ...TEST_ACCOUNT.slice(2)], "--format", "html");
  const other = await place.page(forged, `#/identity/${encodeURIComponent("arn:aws:iam::111122223333:role/line\nbreak")}`, CLIPBOARD);
  assert.equal(await copied(other, other.getByRole("button", { name: "Copy ARN" })), "arn:aws:iam::111122223333:role/line\\nbreak");
});

test("the policy of the page lets nothing else run", async () => {
  const page = await place.page(await report(TEST_ACCOUNT, "--format", "html"));
  const blocked = await page.evaluate(
    () =>
      new Promise((done) => {
        addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "document.title = 'ran'";
        document.body.append(script);
        setTimeout(() => done("nothing"), 500);
      }),
  );
  assert.equal(blocked, "script-src-elem");
  assert.notEqual(await page.title(), "ran");
});
