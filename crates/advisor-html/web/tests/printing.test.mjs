// What is on paper, in a browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BRUNO, ENOUGH, FULL, link, Place, report, rightsize, TEST_ACCOUNT, viewOf } from "./harness.mjs";
import { reportOn, roles } from "./roles.mjs";

/** A4 without its margins, in pixels of the style sheet. */
const PAPER = { width: 703, height: 1000 };

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
});
after(() => place.close());

/** The page as it is when it is printed. */
async function onPaper(file, hash) {
  const page = await place.page(file, hash, { viewport: PAPER });
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  return page;
}

/** Boxes that show less than they hold. */
const cut = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("main *")]
      .filter((it) => it.checkVisibility() && ["auto", "scroll", "hidden"].includes(getComputedStyle(it).overflowY) && (it.scrollHeight > it.clientHeight + 2 || it.scrollWidth > it.clientWidth + 2))
      .map((it) => `${it.tagName} ${it.className} ${it.textContent.slice(0, 60)}`),
  );

test("right-sized policies and what changes are on paper as a whole", async () => {
  const json = JSON.parse(await rightsize(["--all", ...TEST_ACCOUNT], ...ENOUGH, "--format", "json"));
  for (const { Arn, NewPolicies, Policies } of json.Rightsized.filter((it) => it.NewPolicies.length > 0)) {
    const page = await onPaper(html, link(viewOf(Arn), Arn));
    const policies = page.locator(".rightsized > details:has(.copy) pre");
    for (const [index, policy] of NewPolicies.entries()) {
      assert.ok(await policies.nth(index).isVisible(), Arn);
      assert.deepEqual(JSON.parse((await policies.nth(index).locator(".line").allTextContents()).join("\n")), policy.PolicyDocument);
    }
    const changed = Policies.filter((it) => it.Changes).flatMap((it) => it.Statements.filter((statement) => statement.Old !== undefined));
    assert.equal(await page.locator("pre.diff:visible").count(), changed.length, Arn);
    assert.equal(await page.locator("button:is(.copy button):visible").count(), 0, Arn);
    assert.deepEqual(await cut(page), [], Arn);
    // Afterwards they are folded as they were.
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await page.locator(".rightsized > details[open]").count(), 0);
  }
});

test("documents that were opened are on paper, and it says so of the others", async () => {
  const page = await place.page(html, link("identity", BRUNO), { viewport: PAPER });
  await page.locator(".list summary").first().click();
  await page.locator(".policy-document section").first().waitFor();
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.ok(await page.locator(".list .policy-document pre").first().isVisible());
  assert.deepEqual(await cut(page), []);
  await page.getByText("Documents are printed when they are open.").waitFor();
  assert.equal(await page.locator(".list details:not([open]) summary:visible").count(), 0);
});

test("every column of a table is on paper, and nothing of a cell is cut", async () => {
  for (const hash of ["#/identities", "#/policies", "#/services", "#/service/s3", link("identity", BRUNO, "?state=used"), link("policy", "arn:aws:iam::aws:policy/ReadOnlyAccess")]) {
    const page = await onPaper(html, hash);
    const heads = page.locator("table.virtual").last().locator("thead th");
    for (let index = 0; index < (await heads.count()); index += 1) {
      const box = await heads.nth(index).boundingBox();
      assert.ok(box !== null && box.width > 20, `${hash}: column ${index}`);
      assert.ok(box.x + box.width <= PAPER.width, `${hash}: column ${index} is beyond the paper`);
    }
    const wide = await page.locator("table.virtual tbody :is(th, td)").evaluateAll((cells) => cells.filter((it) => it.checkVisibility() && it.scrollWidth > it.clientWidth + 1).map((it) => it.textContent));
    assert.deepEqual(wide, [], hash);
    assert.deepEqual(await cut(page), [], hash);
  }
});

test("titles of sortable columns are on every page, and it says what of the services is not on paper", async () => {
  const page = await onPaper(html, link("identity", BRUNO));
  assert.equal(await page.locator("table.virtual .sort:visible").count(), 0);
  const titles = await page.locator("table.services thead th").evaluateAll((all) => all.map((it) => [it.textContent, getComputedStyle(it, "::before").content]));
  for (const [title, printed] of titles.filter(([title]) => title !== "Region" && title !== "Granted by")) assert.equal(printed, JSON.stringify(title));
  assert.match(await page.locator("section.plain > .print-only").textContent(), /^\d[\d,]* actions of closed services not on paper: open them before printing/);
  assert.ok(await page.locator("section.plain > .print-only").isVisible());
  const open = await onPaper(html, link("identity", BRUNO, "?state=used"));
  assert.equal(await open.locator("section.plain > .print-only").isVisible(), false);
  // Names are whole: cut ones look alike.
  await page.goto(page.url().replace(/#.*/, "#/overview"));
  const names = await page.locator(".decisions .who, .share-bars .label").evaluateAll((all) => all.filter((it) => it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).overflowX !== "visible").map((it) => it.textContent));
  assert.deepEqual(names, []);
});

test("what filters a table is on paper", async () => {
  const page = await onPaper(html, "#/identities?kind=role&q=a");
  const text = await page.locator(".filters .print-only").textContent();
  assert.match(text, /^\d+ of \d+\. Search names and ARNs: a; Kind: role$/);
  assert.ok(await page.locator(".filters .print-only").isVisible());
});

test("long tables are printed in part, and the paper says what is left out", async () => {
  const page = await onPaper(await reportOn(place, roles(3044)), "#/identities");
  assert.equal(await page.locator("table.virtual tbody tr:not(.space)").count(), 1000);
  assert.equal(await page.locator(".print-note").textContent(), "2,044 more rows are not printed. Filter the table to print others, or save it as CSV.");
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.ok((await page.locator("table.virtual tbody tr:not(.space)").count()) < 100);
});
