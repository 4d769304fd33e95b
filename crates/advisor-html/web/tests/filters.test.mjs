// Filters of tables, what they save, and the addresses that they have, in a browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ADA, BRUNO, ENOUGH, FULL, go, link, overflow, parseCsv, Place, report, saved, TEST_ACCOUNT } from "./harness.mjs";
import { reportOn, roles } from "./roles.mjs";

const NARROW = { viewport: { width: 390, height: 900 } };

let place;
let html;
let json;
before(async () => {
  place = await Place.open();
  const options = [...FULL, ...ENOUGH];
  html = await report(TEST_ACCOUNT, ...options, "--format", "html");
  json = JSON.parse(await report(TEST_ACCOUNT, ...options, "--format", "json"));
});
after(() => place.close());

/** What is in a state: services as `namespace`, actions as `namespace:action`. */
function inState(arn, state) {
  const { ServicesLastAccessed, UngrantedServicesUsed = [], UngrantedActionsUsed = [], UnknownEventSources = [] } = json.Reports.find((it) => it.Arn === arn);
  if (state === "ungranted") {
    const services = UngrantedServicesUsed.flatMap((it) => [it.ServiceNamespace, ...(it.TrackedActionsLastAccessed ?? []).map((action) => `${it.ServiceNamespace}:${action.ActionName}`)]);
    return [...services, ...UnknownEventSources.map((it) => it.ServiceNamespace), ...UngrantedActionsUsed.map((it) => `${it.ServiceNamespace}:${it.ActionName}`)].sort();
  }
  return ServicesLastAccessed.flatMap((it) => [
    ...(it.State === state ? [it.ServiceNamespace] : []),
    ...(it.TrackedActionsLastAccessed ?? []).filter((action) => action.State === state).map((action) => `${it.ServiceNamespace}:${action.ActionName}`),
  ]).sort();
}

const savedNames = (csv) => parseCsv(csv).slice(1).map(([namespace, , action]) => (action === "" ? namespace : `${namespace}:${action}`)).sort();

test("a state filters services and actions, and CSV has what matches, open or closed", async () => {
  for (const arn of [BRUNO, "arn:aws:iam::111122223333:role/OrganizationAuditor", ADA]) {
    const page = await place.page(html);
    for (const state of ["used", "implied", "unused", "unobservable", "uncovered", "ungranted"]) {
      await go(page, link("identity", arn, `?state=${state}`));
      const expected = inState(arn, state);
      assert.deepEqual(savedNames(await saved(page, "Save as CSV")), expected, `${arn} ${state}`);
      if (expected.length === 0 || expected.length > 900) continue;
      // All that matches is shown: a service that does not is there only above actions that do.
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      const rows = await page.locator(".services tbody tr:not(.space)").evaluateAll((all) =>
        all.map((row) => ({ isAction: row.classList.contains("action"), name: row.querySelector(".service-name > small, code").textContent, state: row.querySelector("span.state").lastChild.textContent })),
      );
      const wanted = state === "ungranted" ? /^used, / : new RegExp(`^${state}$`);
      const shown = [];
      for (const [index, row] of rows.entries()) {
        if (row.isAction) {
          assert.match(row.state, wanted, `${arn} ${row.name}`);
          const above = rows.slice(0, index).findLast((it) => !it.isAction);
          shown.push(`${above.name}:${row.name}`);
        } else if (wanted.test(row.state)) shown.push(row.name);
        else assert.ok(rows[index + 1]?.isAction, `${arn} ${state}: ${row.name} is shown with nothing below it`);
      }
      assert.deepEqual(shown.sort(), expected, `${arn} ${state}`);
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      // Closing what the filter opened changes what is shown only.
      const opener = page.locator('.opener[aria-expanded="true"]').first();
      if ((await opener.count()) === 0) continue;
      await opener.click();
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "false");
      assert.deepEqual(savedNames(await saved(page, "Save as CSV")), expected, `${arn} ${state}, closed`);
    }
    assert.deepEqual(page.complaints, []);
  }
});

test("CSV without filters has everything, open or closed", async () => {
  const page = await place.page(html, link("identity", BRUNO));
  const names = savedNames(await saved(page, "Save as CSV"));
  const { ServicesLastAccessed } = json.Reports.find((it) => it.Arn === BRUNO);
  for (const service of ServicesLastAccessed) {
    assert.ok(names.includes(service.ServiceNamespace));
    for (const { ActionName } of service.TrackedActionsLastAccessed ?? []) assert.ok(names.includes(`${service.ServiceNamespace}:${ActionName}`));
  }
});

test("files have a name of their own, and paths and tags, inert", async () => {
  const page = await place.page(html, "#/policies");
  const [policies] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  assert.equal(policies.suggestedFilename(), "policies.csv");
  await go(page, "#/identities");
  const [header, ...rows] = parseCsv(await saved(page, "Save as CSV"));
  const [path, tags] = ["Path", "Tags"].map((name) => header.indexOf(name));
  const bruno = rows.find(([arn]) => arn === BRUNO);
  assert.equal(bruno[path], "/engineering/");
  assert.match(bruno[tags], /^\w+=\w+/);
  assert.ok(rows.flat().every((cell) => !/^[=+@-]/.test(cell)));
});

test("what an address filters by is shown, and can be reset", async () => {
  const page = await place.page(html, "#/identities?kind=identity&age=never&severity=low&path=/nowhere/&account=999988887777&tag=team");
  for (const [label, value] of [["Kind", "identity"], ["Last use", "never"], ["Severity", "low"], ["Path", "/nowhere/"], ["Account", "999988887777"], ["Tag", "team"]]) {
    assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), value, label);
  }
  assert.match(await page.textContent(".count"), /^0 of/);
  await page.getByRole("button", { name: "Reset filters" }).click();
  await page.waitForURL(/#\/identities$/);
  assert.equal(await page.getByLabel("Path", { exact: true }).inputValue(), "");
  assert.equal(await page.textContent(".count"), String(json.Reports.filter((it) => !it.Arn.includes(":policy/")).length));
  assert.equal(await page.getByRole("button", { name: "Reset filters" }).count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("accounts, tags and paths filter", async () => {
  const all = roles(1200);
  const page = await place.page(await reportOn(place, all), "#/identities");
  const counted = async () => Number((await page.textContent(".count")).split(" of ")[0].replaceAll(",", ""));
  const expect = async (label, value, holds) => {
    const control = page.getByLabel(label, { exact: true });
    if (await control.evaluate((it) => it.tagName === "SELECT")) await control.selectOption(value);
    else await control.fill(value);
    assert.equal(await counted(), all.filter(holds).length, `${label} ${value}`);
  };
  await expect("Account", "444455556666", (it) => it.Arn.includes("444455556666"));
  await expect("Account", "", () => true);
  await expect("Path", "/a/", (it) => it.Path.startsWith("/a/"));
  await expect("Path", "a/b", (it) => it.Path === "/a/b/");
  await expect("Path", "", () => true);
  // A whole tag, and the beginning of one.
  await expect("Tag", "team=red", (it) => it.Tags[1].Value === "red");
  await expect("Tag", "team=r", () => true);
  await expect("Tag", "number=119", (it) => it.Tags[0].Value === "119");
  await expect("Tag", "Number=119", (it) => it.Tags[0].Value.startsWith("119"));
  // There are too many to suggest all: the field says so.
  await expect("Tag", "", () => true);
  assert.equal(await page.getByLabel("Tag", { exact: true }).getAttribute("placeholder"), "Tag: type one of 1,202");
  assert.match(await page.getByLabel("Tag", { exact: true }).getAttribute("title"), /^1,202 tags: 200 are suggested, type to find others$/);
  assert.equal(await page.locator("datalist#suggestions-tag option").count(), 200);
  await page.getByLabel("Tag", { exact: true }).fill("number=1199");
  assert.equal(await page.locator("datalist#suggestions-tag option").count(), 1);
  // Both accounts are told apart.
  await page.getByRole("button", { name: "Reset filters" }).click();
  await page.getByRole("button", { name: "Account" }).click();
  assert.equal(await page.locator("td.account").first().textContent(), "444455556666");
  await go(page, "#/coverage");
  assert.equal(await page.locator("main h2").count(), 3);
  assert.deepEqual(page.complaints, []);
});

test("an account without anything is shown as one", async () => {
  for (const options of [{}, NARROW]) {
    const page = await place.page(await reportOn(place, []), "", options);
    for (const [hash, text] of [["#/overview", "No user or role is in this report."], ["#/identities", "This report has no identity."], ["#/policies", "This report has no policy."], ["#/services", ""], ["#/coverage", ""]]) {
      await go(page, hash);
      assert.ok((await page.textContent("main")).includes(text), hash);
      const wider = await overflow(page);
      assert.ok(wider <= 0, `${hash} is ${wider} px too wide`);
    }
    assert.doesNotMatch(await page.textContent("#app"), /NaN|undefined|Infinity/);
    assert.deepEqual(page.complaints, []);
  }
});

test("Back leads to the place that was left", async () => {
  const page = await place.page(await reportOn(place, roles(1200)), "#/identities?sort=name");
  await page.evaluate(() => scrollTo(0, 20_000));
  const still = () => page.evaluate(async () => {
    for (let frames = 0, last = scrollY; frames < 10; frames = scrollY === last ? frames + 1 : 0, last = scrollY) await new Promise(requestAnimationFrame);
  });
  // Rows that come into the window tell how tall they are, which moves the others.
  await still();
  // Which link is the first one in the window changes when others come into it: its title does not.
  const title = await page.evaluate(() => [...document.querySelectorAll("tbody th a")].find((it) => it.getBoundingClientRect().top > innerHeight / 2).title);
  const row = page.locator(`tbody th a[title="${title}"]`);
  const left = await row.evaluate((it) => it.getBoundingClientRect().top);
  await row.click();
  await page.getByRole("heading", { name: "Services and actions" }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.locator(".opener").first().click();
  assert.ok((await page.locator("tr.action").count()) > 0);
  await page.goBack();
  await page.getByRole("heading", { name: "Identities" }).waitFor();
  await still();
  const back = await row.evaluate((it) => it.getBoundingClientRect().top);
  assert.ok(Math.abs(back - left) < 60, `${back}, ${left}`);
  // What was open is open again.
  await page.goForward();
  await page.locator("tr.action").first().waitFor();
});

test("the keyboard walks through rows that have neither link nor button", async () => {
  const page = await place.page(html, link("identity", BRUNO, "?state=unused"));
  const at = () => page.evaluate(() => Number(document.activeElement.closest("tr")?.getAttribute("aria-rowindex")) - 1);
  await page.locator(".filters").scrollIntoViewIfNeeded();
  await page.locator(".opener").first().focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await at(), 2);
  // Actions have no link in this report on themselves: the row has the focus.
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "TR");
  for (let row = 3; row <= 30; row += 1) {
    await page.keyboard.press("ArrowDown");
    assert.equal(await at(), row);
  }
  const rows = Number(await page.locator("table.virtual").getAttribute("aria-rowcount")) - 1;
  await page.keyboard.press("PageDown");
  const down = await at();
  assert.ok(down > 33, String(down));
  await page.keyboard.press("PageUp");
  assert.equal(await at(), 30);
  await page.keyboard.press("End");
  assert.equal(await at(), rows);
  // It is not covered by the header, and within the window.
  const isVisible = () => page.evaluate(() => {
    const { left, top, height } = document.activeElement.getBoundingClientRect();
    return document.activeElement.contains(document.elementFromPoint(left + 40, top + height / 2));
  });
  assert.ok(await isVisible());
  await page.keyboard.press("Home");
  assert.equal(await at(), 1);
  assert.ok(await isVisible());
  // One row is in the order of the Tab key, and Enter opens what it is about.
  assert.equal(await page.locator('tbody tr[tabindex="0"]').count(), 1);
  const isOpen = await page.locator(".opener").first().getAttribute("aria-expanded");
  await page.keyboard.press("Enter");
  assert.notEqual(await page.locator(".opener").first().getAttribute("aria-expanded"), isOpen);
});

test("what an identity needs is used or implied, and uses before the period are marked", async () => {
  const { Reports: [json] } = JSON.parse(await report(TEST_ACCOUNT, ...FULL, "--arn", ADA, "--format", "json"));
  const actions = json.ServicesLastAccessed.flatMap((it) => it.TrackedActionsLastAccessed ?? []);
  const page = await place.page(await report(TEST_ACCOUNT, ...FULL, "--format", "html"), link("identity", ADA, "?state=needed"));
  const [, ...rows] = parseCsv(await saved(page, "Save as CSV"));
  const needed = rows.filter(([, , action]) => action !== "");
  assert.equal(needed.length, actions.filter((it) => ["used", "implied"].includes(it.State)).length);
  assert.ok(needed.length > 0);
  const shown = await page.locator("table.services tbody tr:not(.space)").evaluateAll((all) => all.map((row) => [row.querySelector("time")?.dateTime, row.querySelector(".before") !== null]));
  assert.ok(shown.some(([, isMarked]) => isMarked));
  for (const [time, isMarked] of shown) assert.equal(isMarked, time !== undefined && time < "2025-09-27", time);
});

test("the search finds names and paths, and not the kind of an identity", async () => {
  const page = await place.page(html, "#/identities");
  const names = async (search) => {
    await page.getByRole("searchbox").fill(search);
    return page.locator("tbody th a").evaluateAll((all) => all.map((it) => it.title.split(":")[5]));
  };
  for (const search of ["use", "role", "er", "engineering", "/ci/"]) {
    const found = await names(search);
    assert.ok(found.every((it) => it.slice(it.indexOf("/")).toLowerCase().includes(search)), `${search}: ${found}`);
  }
  assert.deepEqual(await names("roles/"), []);
  assert.deepEqual(await names("arn:aws:iam::111122223333:user/ada"), ["user/ada"]);
});
