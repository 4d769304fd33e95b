// Every kind of page, light and dark, wide and narrow: axe, layout shifts, and what is too wide or cut.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ADA, BRUNO, DEVELOPER_ACCESS, ENOUGH, FULL, go, link, overflow, Place, report, seriousViolations, TEST_ACCOUNT } from "./harness.mjs";

const EXPLANATION = link("identity", ADA, "?explain=s3:GetObject");
const ROLE = link("identity", "arn:aws:iam::111122223333:role/data/pipeline-runner");
const PAGES = [
  "#/overview",
  "#/identities",
  "#/identities?q=no+such+name&state=unused&path=/nowhere/",
  "#/policies",
  "#/services",
  "#/service/s3",
  "#/coverage",
  link("identity", BRUNO, "?state=unused"),
  ROLE,
  link("identity", "arn:aws:iam::111122223333:group/engineering/developers"),
  link("policy", DEVELOPER_ACCESS),
  link("policy", "arn:aws:iam::111122223333:policy/boundaries/human-boundary"),
  link("policy", "arn:aws:iam::aws:policy/SecurityAudit"),
  "#/nothing",
  EXPLANATION,
];

let place;
let html;
before(async () => {
  place = await Place.open();
  html = await report(TEST_ACCOUNT, ...FULL, ...ENOUGH, "--format", "html");
});
after(() => place.close());

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing serious, and nothing is too wide: ${colorScheme}, ${width} px`, async () => {
      const page = await place.page(html, "", { colorScheme, viewport: { width, height: 900 } });
      for (const hash of PAGES) {
        await go(page, hash);
        if (hash === EXPLANATION) await page.getByRole("dialog").waitFor();
        await page.evaluate(() => {
          for (const details of document.querySelectorAll("details")) details.open = true;
          document.querySelector(".filters:last-of-type")?.scrollIntoView();
        });
        assert.deepEqual(await seriousViolations(page), [], hash);
        const wider = await overflow(page);
        assert.ok(wider <= 0, `${hash} is ${wider} px too wide`);
      }
      assert.deepEqual(page.complaints, []);
    });
  }
}

for (const width of [1280, 390]) {
  test(`nothing moves while a page opens: ${width} px`, async () => {
    for (const hash of PAGES) {
      const page = await place.page(html, hash, { viewport: { width, height: 900 } });
      const shift = await page.evaluate(
        () =>
          new Promise((done) => {
            let total = 0;
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) total += entry.value;
            }).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(total), 200);
          }),
      );
      assert.ok(shift < 0.01, `${hash}: layout shift ${shift}`);
      await page.close();
    }
  });
}

for (const width of [1280, 768, 390]) {
  test(`no text in the services of an identity is cut: ${width} px`, async () => {
    const page = await place.page(html, "", { viewport: { width, height: 900 } });
    for (const hash of [link("identity", ADA), link("identity", ADA, "?state=unused&q=iam"), link("policy", DEVELOPER_ACCESS, "?state=used")]) {
      await go(page, hash);
      // All rows are in the document while it is printed.
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      const { count, cut } = await page.locator("table.services tbody tr:not(.space)").evaluateAll((rows) => ({
        count: rows.length,
        cut: rows.flatMap((row) => {
          const box = row.getBoundingClientRect();
          const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
          const found = [];
          while (texts.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(texts.currentNode);
            // What is not shown has no rectangle.
            for (const { left, right, top, bottom } of range.getClientRects()) {
              const cell = texts.currentNode.parentElement.closest("th, td").getBoundingClientRect();
              const right2 = cell.width === 0 ? box.right : cell.right;
              if (left < box.left || right > right2 + 1 || top < box.top - 1 || bottom > box.bottom + 1) found.push(texts.currentNode.data);
            }
          }
          return found;
        }),
      }));
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      assert.ok(count > 3, hash);
      assert.deepEqual(cut, [], hash);
    }
  });
}

test("rows of different heights scroll to the last one, and the keyboard finds them", async () => {
  const page = await place.page(html, link("identity", ADA, "?state=unused"), { viewport: { width: 390, height: 700 } });
  await page.locator("tr.service").first().focus();
  await page.keyboard.press("End");
  const last = page.locator("table.services tbody tr:not(.space):focus");
  const count = Number(await page.locator("table.services").getAttribute("aria-rowcount"));
  assert.equal(Number(await last.getAttribute("aria-rowindex")), count);
  const { y, height } = await last.boundingBox();
  assert.ok(y >= 0 && y + height <= 700, `${y} ${height}`);
  await page.keyboard.press("Home");
  assert.equal(await page.locator("tr:focus").getAttribute("aria-rowindex"), "2");
  assert.ok(await page.locator("tr:focus").isVisible());
});

test("on narrow screens the navigation is whole, and every column has its place", async () => {
  for (const width of [768, 390, 320]) {
    const page = await place.page(html, "#/identities", { viewport: { width, height: 900 } });
    for (const tab of await page.locator("nav a").all()) {
      const { x, width: taken } = await tab.boundingBox();
      assert.ok(x >= 0 && x + taken <= width, `${await tab.textContent()} at ${width} px`);
    }
    for (const hash of ["#/identities", "#/policies", "#/services", "#/service/s3", link("identity", BRUNO, "?state=used"), link("identity", BRUNO, "?state=unused&q=lambda:add")]) {
      await go(page, hash);
      await page.locator("table.virtual").last().scrollIntoViewIfNeeded();
      await page.locator("table.virtual tbody tr:not(.space)").first().waitFor();
      const hidden = await page.locator("table.virtual tbody tr:not(.space)").evaluateAll((rows) =>
        rows.flatMap((row) => {
          const box = row.getBoundingClientRect();
          // What has nothing to say takes no place.
          return [...row.cells]
            .filter((cell) => cell.textContent !== "" && getComputedStyle(cell).display !== "contents")
            .filter((cell) => {
              const { top, bottom, left, right, width: wide } = cell.getBoundingClientRect();
              return wide === 0 || left < box.left || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1;
            })
            .map((cell) => `${cell.className}: ${cell.textContent}`);
        }),
      );
      assert.deepEqual(hidden, [], `${hash} at ${width} px`);
      // Titles stand above what they are about.
      const lefts = (selector) => page.locator(`table.virtual ${selector} > :not(.below)`).evaluateAll((cells) => cells.map((it) => Math.round((getComputedStyle(it).display === "contents" ? it.querySelector(".state") : it).getBoundingClientRect().left)));
      assert.deepEqual(await lefts("tbody tr:not(.space):nth-child(2)"), await lefts("thead tr"), `${hash} at ${width} px`);
    }
  }
});
