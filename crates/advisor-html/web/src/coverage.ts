// What was read of the trail: what "not used" rests on.

import { coverageMap, regionMap, windowOf } from "./charts";
import { csv, download } from "./csv";
import type { AccountCoverage, Coverage, Reports } from "./data";
import { h } from "./dom";
import { count, date, number, parseRun, runText } from "./format";
import { missing } from "./identity";
import { card, trustText, type View } from "./parts";

/** Accounts beyond this many have only their row in the map. */
const MOST_ACCOUNTS = 100;
/** More gaps of an account are folded away. */
const MOST_GAPS = 8;

export function coverage(reports: Reports): View {
  const { coverage: read } = reports.index;
  if (read === null) return missing("Coverage", "It is not known what was read.");
  const window = windowOf(read);
  const element = h(
    "div",
    {},
    h("h1", { tabindex: -1 }, "Coverage"),
    h("p", { class: "trust" }, trustText(reports)),
    h("p", {}, `The period of the reports is ${date(window[0])} to ${date(window[1])}. What is known to be used only before it counts as used, and is marked. ${count(read.DaysNeeded, "day")} of an account's trail are needed before anything of it is called unused.`),
    read.MissingLogFiles !== undefined && h("p", { class: "left-out", role: "note" }, `${count(read.MissingLogFiles.Count, "log file")} not read or not read whole: ${read.MissingLogFiles.First.join(", ")}${read.MissingLogFiles.Count > read.MissingLogFiles.First.length ? ", ..." : ""}`),
    issueList(reports),
    h("p", { class: "copy" }, h("button", { type: "button", onclick: () => download("gaps.csv", csv(gapRows(read, window))) }, "Save gaps as CSV")),
    card("By account and day", coverageMap(read, Number.POSITIVE_INFINITY)),
    read.Accounts.slice(0, MOST_ACCOUNTS).map((account) => accountCard(account, window)),
  );
  return { title: "Coverage", element };
}

/** Findings rest on the newest days. */
function newestFirst(gaps: string[], [first]: [number, number]): [number, number][] {
  return gaps.map((gap) => parseRun(gap, first)).sort(([, left], [, right]) => right - left);
}

/** The days that were not read, of each account and of its Regions, the newest first. */
function* gapRows(read: Coverage, window: [number, number]): Generator<(string | number)[]> {
  yield ["Account", "Region", "FirstDay", "LastDay", "Days"];
  for (const account of read.Accounts) {
    for (const [region, gaps] of [["", account.Gaps] as const, ...account.Regions.map((it) => [it.Region, it.Gaps] as const)]) {
      for (const [from, to] of newestFirst(gaps, window)) {
        yield [account.Account, region, date(from), date(to), to - from + 1];
      }
    }
  }
}

/** What could not be used of the account data: what it grants may be missing here. */
function issueList({ index }: Reports): HTMLElement | null {
  const { count: all, first } = index.issues;
  if (all === 0) return null;
  const more = all > first.length && h("p", {}, `and ${number(all - first.length)} more`);
  return h("section", { class: "card issues" }, h("h2", {}, `${count(all, "issue")} in the account data`), h("p", {}, "Parts of the exports that cannot be used as they are. The rest is used."), h("ul", { class: "list" }, first.map((issue) => h("li", {}, issue))), more);
}

function accountCard(account: AccountCoverage, window: [number, number]): HTMLElement {
  const gaps = newestFirst(account.Gaps, window).map(([from, to]) => runText(from, to));
  const [shown, more] = [gaps.slice(0, MOST_GAPS), gaps.slice(MOST_GAPS)];
  return card(
    `Account ${account.Account}`,
    h("p", {}, `${count(account.DaysRead, "day")} read. `, gaps.length === 0 ? "No gap." : `Not read, the newest first: ${shown.join(", ")}${more.length > 0 ? ", ..." : "."}`),
    more.length === 0 ? null : h("details", { class: "printed" }, h("summary", {}, count(more.length, "older gap")), h("p", {}, `${more.join(", ")}.`)),
    account.Regions.length === 0 ? h("p", { class: "empty" }, "No Region was read.") : regionMap(account, window),
  );
}
