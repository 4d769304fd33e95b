// What was read of the trail: what "not used" rests on.

import { coverageMap, regionMap, windowOf } from "./charts";
import type { AccountCoverage, Reports } from "./data";
import { h } from "./dom";
import { count, date, number } from "./format";
import { missing } from "./identity";
import { card, trustText, type View } from "./parts";

/** Accounts beyond this many have only their row in the map. */
const MOST_ACCOUNTS = 100;

export function coverage(reports: Reports): View {
  const { coverage: read } = reports.index;
  if (read === null) return missing("Coverage", "It is not known what was read.");
  const window = windowOf(read);
  const element = h(
    "div",
    {},
    h("h1", { tabindex: -1 }, "Coverage"),
    h("p", { class: "trust" }, trustText(reports)),
    h("p", {}, `The reports are about ${date(window[0])} to ${date(window[1])}. ${count(read.DaysNeeded, "day")} of an account's trail are needed before anything of it is called unused.`),
    read.MissingLogFiles !== undefined && h("p", { class: "left-out", role: "note" }, `${count(read.MissingLogFiles.Count, "log file")} not read or not read whole: ${read.MissingLogFiles.First.join(", ")}${read.MissingLogFiles.Count > read.MissingLogFiles.First.length ? ", ..." : ""}`),
    card("By account and day", coverageMap(read, Number.POSITIVE_INFINITY)),
    read.Accounts.slice(0, MOST_ACCOUNTS).map((account) => accountCard(account, window)),
  );
  return { title: "Coverage", element };
}

function accountCard(account: AccountCoverage, window: [number, number]): HTMLElement {
  const gaps = account.Gaps.map((gap) => gap.replace("/", " to "));
  return card(
    `Account ${account.Account}`,
    h("p", {}, `${count(account.DaysRead, "day")} read. `, gaps.length === 0 ? "No gap." : `Not read: ${gaps.slice(0, 12).join(", ")}${gaps.length > 12 ? `, and ${number(gaps.length - 12)} more` : ""}.`),
    account.Regions.length === 0 ? h("p", { class: "empty" }, "No Region was read.") : regionMap(account, window),
  );
}
