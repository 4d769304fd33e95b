// Which statements grant what, and the documents of policies, in a browser.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ADA, BRUNO, DEVELOPER_ACCESS, explain, FULL, go, link, parseCsv, Place, report, ROOT, saved, TEST_ACCOUNT, viewOf } from "./harness.mjs";
import { reportOn, roles } from "./roles.mjs";

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, "--format", "html");
});
after(() => place.close());

const nameOf = (arn) => arn.slice(arn.lastIndexOf("/") + 1);

/** The statements that grant each action of a service, as `explain` lists them. */
async function granting(arn, service) {
  const { Allows } = JSON.parse(await explain(arn, service));
  const byAction = new Map();
  for (const { Granted, Statement, CoveredActions } of Allows) {
    if (!Granted) continue;
    const group = Statement.Path.length > 1 ? `${nameOf(Statement.Path[1])} > ` : "";
    for (const action of CoveredActions) {
      if (!byAction.has(action)) byAction.set(action, new Set());
      byAction.get(action).add(`${group}${Statement.PolicyName} #${Statement.Index}`);
    }
  }
  return byAction;
}

test("the granting statements are those of the explain command", async () => {
  const json = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--format", "json"));
  const page = await place.page(html);
  let compared = 0;
  // Each runs a process.
  const some = json.Reports.filter((it, index) => index % 3 === 0 || it.Arn === ADA);
  for (const { Arn, ServicesLastAccessed } of some) {
    const services = ServicesLastAccessed.map((it) => it.ServiceNamespace);
    const service = ["s3", "dynamodb", "iam", services[0]].find((it) => services.includes(it));
    if (service === undefined) continue;
    await go(page, link(viewOf(Arn), Arn));
    const [, ...records] = parseCsv(await (await opened(page)).csv());
    const expected = await granting(Arn, service);
    const rows = records.filter(([namespace, , action, granted]) => namespace === service && action !== "" && granted === "true");
    assert.deepEqual(rows.map(([, , action]) => action).sort(), [...expected.keys()].sort(), Arn);
    for (const row of rows) {
      assert.deepEqual(row.at(-1).split("; ").sort(), [...expected.get(row[2])].sort(), `${Arn} ${row[2]}`);
      compared += 1;
    }
  }
  assert.ok(compared > 500, String(compared));
  assert.deepEqual(page.complaints, []);
});

/** The page with all of its actions shown. */
async function opened(page) {
  const opener = page.getByRole("button", { name: "Open or close all" });
  if (await opener.count()) await opener.click();
  return { csv: () => saved(page, "Save as CSV") };
}

test("an explanation has an address, and shows the way, the resources and the denies", async () => {
  const page = await place.page(html, link("identity", ADA, "?explain=s3:GetObject"));
  const dialog = page.getByRole("dialog", { name: "Why ada may use s3:GetObject" });
  await dialog.waitFor();
  assert.match(await dialog.locator(".path").first().textContent(), /^ada › admins › AdministratorAccess/);
  const text = await dialog.textContent();
  const { Allows, Denies } = JSON.parse(await explain(ADA, "s3:GetObject"));
  assert.ok(Denies.length > 0);
  for (const { Statement } of [...Allows.filter((it) => it.Granted), ...Denies]) {
    assert.ok(text.includes(Statement.PolicyName), Statement.PolicyName);
  }
  const narrowed = Allows.flatMap((it) => it.Resources).filter((it) => it.Outcome === "narrowed");
  assert.ok(narrowed.length > 0);
  for (const except of narrowed.flatMap((it) => it.Except ?? [])) assert.ok(text.includes(except), except);
  // The keyboard closes it, and the address is that of the page again.
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(!page.url().includes("explain"), page.url());
  assert.deepEqual(page.complaints, []);
});

test("a row opens its explanation", async () => {
  for (const width of [1280, 390]) {
    const page = await place.page(html, link("identity", BRUNO, "?q=dynamodb"), { viewport: { width, height: 900 } });
    await page.locator(".filters").scrollIntoViewIfNeeded();
    await page.locator("tr.service button.why:visible").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("ReadOnlyAccess").first().waitFor();
    assert.match(page.url(), /explain=dynamodb$/);
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "hidden" });
    // Whoever came by keyboard goes on where the explanation was asked for.
    assert.ok(await page.evaluate(() => document.activeElement.matches("tr.service button.why")));
  }
});

test("a policy shows its document, and what of each statement anyone used", async () => {
  const page = await place.page(html, link("policy", DEVELOPER_ACCESS), { permissions: ["clipboard-read", "clipboard-write"] });
  const account = JSON.parse(await readFile(join(ROOT, "testdata/account.json"), "utf8"));
  const policy = account.Policies.find((it) => it.Arn === DEVELOPER_ACCESS);
  const { Document } = policy.PolicyVersionList.find((it) => it.IsDefaultVersion);
  const sections = page.locator(".policy-document section");
  assert.equal(await sections.count(), Document.Statement.length);
  for (const [index, statement] of Document.Statement.entries()) {
    const lines = await sections.nth(index).locator(".line").allTextContents();
    assert.deepEqual(JSON.parse(lines.join("\n")), statement);
  }
  await page.getByRole("button", { name: "Copy policy" }).first().click();
  await page.getByText("copied").waitFor();
  assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), Document);

  // What the statements use together is what the report on the policy says.
  const [json] = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--arn", DEVELOPER_ACCESS, "--format", "json")).Reports;
  const used = json.ServicesLastAccessed.flatMap((it) => (it.TrackedActionsLastAccessed ?? []).filter((action) => action.LastAccessedTime));
  assert.ok(used.length > 0);
  const texts = await sections.locator(".usage").allTextContents();
  const counts = texts.map((text) => Number(/^([\d,]+) of/.exec(text)?.[1].replaceAll(",", "") ?? 0));
  assert.ok(counts.reduce((sum, it) => sum + it, 0) >= used.length, texts.join());
  assert.ok(Math.max(...counts) <= used.length, texts.join());
});

test("an inline policy shows its document on the page of who has it", async () => {
  const account = JSON.parse(await readFile(join(ROOT, "testdata/account.json"), "utf8"));
  const role = account.RoleDetailList.find((it) => it.RolePolicyList?.length > 0);
  const [inline] = role.RolePolicyList;
  const page = await place.page(html, link("identity", role.Arn));
  const item = page.locator(".list li").filter({ hasText: inline.PolicyName });
  await item.locator("summary").click();
  await item.locator(".policy-document").waitFor();
  assert.equal(await item.locator("section").count(), [inline.PolicyDocument.Statement].flat().length);
});

test("what does not fit is left out, and the pages say so", async () => {
  // Resources that do not compress, so that a small limit is reached.
  let seed = 1;
  const letters = () => Array.from({ length: 400 }, () => ((seed = (seed * 48271) % 2147483647), (seed % 36).toString(36))).join("");
  const own = () => ({ PolicyName: "own", PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: `arn:aws:sqs:*:*:${letters()}` }] } });
  const list = roles(5000).map((it) => ({ ...it, RolePolicyList: [own()] }));
  const file = await reportOn(place, list, "--html-limit", "1");
  assert.ok(file.length < 1.1 * (1 << 20), String(file.length));
  const page = await place.page(file);
  assert.match(await page.locator(".left-out").textContent(), /statements that grant them/);
  const about = async (index) => {
    await go(page, link("identity", list[index].Arn));
    return page.locator("main").textContent();
  };
  assert.ok(!(await about(0)).includes("left out"));
  assert.ok((await about(4999)).includes("left out"));
  assert.equal(await page.locator("button.why").count(), 0);
  assert.deepEqual(page.complaints, []);
});
