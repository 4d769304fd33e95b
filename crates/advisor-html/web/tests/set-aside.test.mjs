// What findings leave out: the page says so.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, go, link, Place, TEST_ACCOUNT } from "./harness.mjs";

const BREAK_GLASS = "arn:aws:iam::111122223333:role/BreakGlass";
const SETTINGS = `
unused_days = 60
min_coverage_days = 12
[[exclude]]
reason = "for emergencies"
arns = ["${BREAK_GLASS}"]
[[archive]]
owner = "audit"
reason = "needed for the yearly audit"
kinds = ["UnusedPrivilege"]
`;

let place;
before(async () => {
  place = await Place.open();
});
after(() => place.close());

test("archived findings and excluded entities are named", async () => {
  const settings = await place.write("findings.toml", SETTINGS);
  const { findings: archived } = JSON.parse(await findings(TEST_ACCOUNT, "--settings", settings, "--archived", "--format", "json"));
  const count = archived.filter(({ status }) => status === "ARCHIVED").length;
  assert.ok(count > 5, `${count}`);
  const page = await place.page(await findings(TEST_ACCOUNT, "--settings", settings, "--format", "html"));
  await page.getByText(`Not counted: ${count} findings archived, 1 identity or policy excluded by the settings.`).waitFor();
  assert.equal(await page.getByRole("rowheader", { name: "Unused privileges" }).count(), 0);
  await go(page, link("identity", BREAK_GLASS));
  await page.getByText("Excluded by the settings: for emergencies").waitFor();
  const some = archived.find(({ status, resourceType }) => status === "ARCHIVED" && resourceType === "AWS::IAM::Role");
  await go(page, link("identity", some.resource));
  await page.getByText("archived by rule needed for the yearly audit").first().waitFor();
  assert.deepEqual(page.complaints, []);
});

test("the issues in the account data are listed", async () => {
  const page = await place.page(await findings(TEST_ACCOUNT, "--format", "html"));
  await page.locator("footer").getByRole("link", { name: "1 issue in the account data" }).click();
  await page.getByRole("heading", { name: "1 issue in the account data" }).waitFor();
  assert.match(await page.locator(".issues li").textContent(), /^account.json: /);
});
