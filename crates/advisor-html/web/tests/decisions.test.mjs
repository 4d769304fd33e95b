// What the pages say to do first, in a browser: with a coverage that is enough, and with one that is not.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ADA, ENOUGH, findings, FULL, go, link, overflow, parseCsv, Place, report, rightsize, ROOT, saved, TEST_ACCOUNT } from "./harness.mjs";

const SEVERITIES = ["critical", "high", "medium", "low", "informational"];

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
});
after(() => place.close());

test("what to remove first is where the worst findings are", async () => {
  const json = JSON.parse(await findings(TEST_ACCOUNT, ...ENOUGH, "--format", "json"));
  const unused = json.findings.filter((it) => it.findingType.startsWith("Unused") && /:(user|role)\//.test(it.resource));
  const worst = new Map();
  for (const { resource, accessAdvisor } of unused) {
    const rank = SEVERITIES.indexOf(accessAdvisor.severity);
    worst.set(resource, Math.min(rank, worst.get(resource) ?? SEVERITIES.length));
  }
  const page = await place.page(html);
  const rows = page.locator(".decisions li");
  const shown = await rows.evaluateAll((all) =>
    all.map((it) => ({ arn: it.querySelector("a").title, severity: it.querySelector(".severity")?.lastChild.textContent, what: it.querySelector(".what").firstChild.textContent })),
  );
  const ranks = shown.map(({ arn }) => worst.get(arn) ?? SEVERITIES.length);
  assert.deepEqual(ranks, [...worst.values()].sort((left, right) => left - right).slice(0, ranks.length));
  const identical = JSON.parse(await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "json"));
  const sized = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  const deletable = new Set(sized.Rightsized.filter((it) => it.Advice?.some(({ Kind }) => Kind === "DeleteRole")).map((it) => it.Arn));
  for (const { arn, severity, what } of shown) {
    assert.equal(severity, SEVERITIES[worst.get(arn)], arn);
    const actions = identical.Reports.find((it) => it.Arn === arn).ServicesLastAccessed.flatMap((it) => it.TrackedActionsLastAccessed ?? []);
    const count = actions.filter((it) => it.State === "unused").length;
    if (unused.some((it) => it.resource === arn && ["UnusedIAMRole", "UnusedIAMUser"].includes(it.findingType))) assert.match(what, /^Delete the (user|role): no use on the days that were read of the 90 days since 2026-08-03; (last use \d{4}-\d\d-\d\d|no use is known)$/);
    else if (deletable.has(arn)) assert.match(what, /^Delete the role: nothing of it was seen used/);
    else assert.equal(what, `Remove ${count.toLocaleString("en")} of ${actions.length.toLocaleString("en")} actions`, arn);
  }
  // The table of identities begins with the same ones.
  await page.locator(".decisions + .legend + .more a").click();
  // The overview has tables with links, too.
  const first = page.locator("tbody th a[title^='arn:']").first();
  assert.equal(await first.getAttribute("title"), shown[0].arn);
});

test("findings writes the pages that report writes", async () => {
  const fromFindings = await findings(TEST_ACCOUNT, ...ENOUGH, "--format", "html");
  const [mine, theirs] = await Promise.all([place.page(fromFindings), place.page(html)]);
  for (const hash of ["#/", "#/identities", link(ADA), link("arn:aws:iam::111122223333:role/audit/OrganizationAuditor")]) {
    const texts = [];
    for (const page of [mine, theirs]) {
      await go(page, hash);
      texts.push(await page.locator("main").innerText());
    }
    assert.equal(texts[0], texts[1], hash);
  }
});

test("CSV has the findings of each identity", async () => {
  const json = JSON.parse(await findings(TEST_ACCOUNT, ...ENOUGH, "--format", "json"));
  const page = await place.page(html, "#/identities");
  const [header, ...rows] = parseCsv(await saved(page, "Save as CSV"));
  assert.deepEqual(header.slice(-2), ["Findings", "WorstSeverity"]);
  for (const row of rows) {
    const found = json.findings.filter((it) => it.resource === row[0]).map((it) => it.accessAdvisor.severity);
    const worst = SEVERITIES.find((it) => found.includes(it)) ?? "";
    assert.deepEqual(row.slice(-2), [String(found.length), worst], row[0]);
  }
});

test("where too little was read, nothing is said to be removable", async () => {
  const page = await place.page(await report(TEST_ACCOUNT, ...FULL, "--format", "html"));
  const text = await page.locator(".card").first().textContent();
  assert.match(text, /No single grant can be removed safely yet.*37 days of the trail of account 111122223333 were read, and 90 are needed/);
  assert.doesNotMatch(text, /Remove [\d,]+ of|Delete the/);
});

test("the overview advises what the command line advises", async () => {
  const advised = new Set();
  for (const coverage of ["12", "31"]) {
    const json = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], "--min-coverage", coverage, "--format", "json"));
    const page = await place.page(await report(TEST_ACCOUNT, ...FULL, "--min-coverage", coverage, "--format", "html"));
    const shown = await page.locator(".decisions li").evaluateAll((all) => all.map((it) => [it.querySelector("a").title, [...it.querySelector(".what").childNodes].map((part) => part.textContent)]));
    for (const [arn, [what, advice]] of shown) {
      const { Advice = [], Refused } = json.Rightsized.find((it) => it.Arn === arn);
      const kinds = Advice.map(({ Kind }) => Kind);
      const isDeleted = what.startsWith("Delete the role");
      if (kinds.includes("DeleteRole")) assert.ok(isDeleted, what);
      else if (kinds.includes("DetachPolicies") && !isDeleted) assert.match(advice, /detach and delete its policies/);
      else if (kinds.includes("SafeWildcards") && !isDeleted) assert.match(advice, /--wildcards safe/);
      if (arn.includes("AWSReservedSSO")) assert.match(advice, /change the permission set/);
      else if (Refused === undefined && kinds.length === 0) assert.ok(advice === undefined || /^(Right-sizing keeps|By group )/.test(advice), advice);
      kinds.forEach((kind) => advised.add(kind));
    }
    // AWS's own roles cannot be changed, and who has nothing can lose nothing.
    assert.ok(shown.every(([arn, [what]]) => !arn.includes("/aws-service-role/") && !what.includes(" of 0 ")));
    // The page of an identity says the same.
    const breakGlass = json.Rightsized.find((it) => it.Name === "BreakGlass");
    await go(page, link("identity", breakGlass.Arn));
    const advice = (await page.locator(".rightsized .advice").allTextContents()).map((text) => text.toLowerCase());
    const isOfCommand = (text) => text.includes("--wildcards safe");
    const expected = breakGlass.Advice.map(({ Message }) => `${Message}.`.toLowerCase());
    assert.deepEqual(advice.filter((text) => !isOfCommand(text)), expected.filter((text) => !isOfCommand(text)));
    assert.equal(advice.some(isOfCommand), expected.some(isOfCommand));
  }
  assert.ok(advised.has("DeleteRole") && advised.has("SafeWildcards"), [...advised].join());
});

test("unused credentials can go whatever was read of the trail", async () => {
  const keys = ["--credential-report", join(ROOT, "testdata/credential-report.csv")];
  const json = JSON.parse(await findings(TEST_ACCOUNT, ...keys, "--format", "json"));
  const users = json.findings.filter((it) => ["UnusedIAMUserAccessKey", "UnusedIAMUserPassword"].includes(it.findingType)).map((it) => it.resource);
  assert.ok(users.length > 0);
  const page = await place.page(await report(TEST_ACCOUNT, ...keys, ...FULL, "--format", "html"));
  const shown = await page.locator(".decisions li").evaluateAll((all) => all.map((it) => [it.querySelector("a").title, it.querySelector(".what").firstChild.textContent]));
  for (const arn of users) assert.match(new Map(shown).get(arn), /^Delete the unused (access key|password)( and (access key|password))?$/, arn);
});

test("the address of an explanation opens it beside right-sized policies, too", async () => {
  const json = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  const changed = json.Rightsized.find((it) => it.NewPolicies.length > 0 && it.Arn.includes(":user/"));
  const { ServicesLastAccessed } = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--arn", changed.Arn, "--format", "json")).Reports[0];
  const page = await place.page(html, link("identity", changed.Arn, `?explain=${ServicesLastAccessed[0].ServiceNamespace}`));
  await page.getByRole("dialog").locator(".explanation").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("services sort by state, last use and number of actions, and the address says how", async () => {
  const viewport = { width: 1280, height: 3000 };
  const page = await place.page(html, link("identity", ADA), { viewport });
  const column = (selector) => page.locator(`tr.service ${selector}`).evaluateAll((all) => all.map((it) => it.getAttribute("datetime") ?? it.lastChild?.textContent ?? ""));
  const times = await column("td.last time");
  assert.ok(times.length > 3);
  assert.deepEqual(times, [...times].sort().reverse());
  assert.equal(await page.locator("th[aria-sort]").textContent(), "Last use, UTC");
  await page.getByRole("button", { name: "State", exact: true }).click();
  await page.getByRole("button", { name: "State", exact: true }).click();
  assert.match(page.url(), /sort=state$/);
  const again = await place.open(page.url(), { viewport });
  const names = async (of) => (await of.locator("tr.service .service-name small").allTextContents()).slice(0, 25);
  assert.deepEqual(await names(again), await names(page));
  await page.getByRole("button", { name: "Actions used" }).click();
  const counts = (await page.locator("tr.service td.number").allTextContents()).map((text) => Number(text.replaceAll(",", "").split(" of ")[1] ?? 0));
  assert.deepEqual(counts, [...counts].sort((left, right) => right - left));
});

for (const width of [320, 390, 1280]) {
  test(`nothing is cut off or too wide with all severities: ${width} px`, async () => {
    const page = await place.page(html, "", { viewport: { width, height: 900 } });
    for (const hash of ["#/overview", "#/identities", "#/policies", "#/services", "#/coverage", link("identity", ADA)]) {
      await go(page, hash);
      const wider = await overflow(page);
      assert.ok(wider <= 0, `${hash} is ${wider} px too wide`);
      // A number that is cut off is a wrong number.
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll("td.number, .share, .share .numbers, .value")].filter((it) => it.offsetParent !== null && it.scrollWidth > it.clientWidth + 1).map((it) => it.textContent),
      );
      assert.deepEqual(cut, [], hash);
    }
  });
}
