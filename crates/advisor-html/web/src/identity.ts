// The page of one user, role, group or managed policy.

import { calendar, windowOf } from "./charts";
import { Kept, type Coverage, type Kind, type Report, type Reports } from "./data";
import { removable, removableTitle } from "./decisions";
import { h, printable } from "./dom";
import { findingList } from "./findings";
import { ago, count, instant, number } from "./format";
import { HolderTable } from "./holders";
import { card, copyButton, entityLink, limitAdvice, shareText, tile, when, type View } from "./parts";
import { foldedDocument, policyDocument } from "./policy-document";
import { rightsizedPolicies } from "./rightsized";
import { link } from "./route";
import { ServiceTable } from "./service-table";

const DAY_TITLES: Record<Kind, string> = {
  user: "Days with attempts",
  role: "Days with attempts",
  group: "Days with attempts of its members",
  policy: "Days with attempts of those who have it, whatever granted them",
};

export async function identity(reports: Reports, arn: string): Promise<View> {
  const row = reports.row(arn);
  if (row === undefined) return missing("Not in this report", `The report has nothing named ${arn}.`);
  const report = await reports.report(row);
  const kind = reports.kindOf(row);
  const name = reports.name[row] ?? arn;
  const parts: (HTMLElement | null)[] = [
    h("p", { class: "crumbs" }, h("a", { href: link(kind === "policy" ? "policies" : "identities") }, kind === "policy" ? "Policies" : "Identities"), " / ", kind),
    h("h1", { tabindex: -1 }, name),
    h("p", { class: "arn" }, h("code", {}, arn), copyButton("ARN", () => printable(arn))),
    facts(reports, row),
  ];
  if (report === null) {
    parts.push(h("p", { class: "left-out", role: "note" }, `The services of this report were left out to stay within the limit of the pages: ${limitAdvice(reports)}.`));
    return { title: name, element: h("div", {}, parts) };
  }
  if (reports.kept[row] === Kept.Services) {
    parts.push(h("p", { class: "left-out", role: "note" }, `The actions of this report, the statements that grant them and right-sized policies were left out to stay within the limit of the pages: ${limitAdvice(reports)}.`));
  }
  const hasStatements = report.policies.length > 0 && reports.kept[row] === Kept.All;
  const table = new ServiceTable(reports, report, name, hasStatements, kind === "user" || kind === "role");
  const holders = kind === "policy" || kind === "group" ? new HolderTable(reports, row, report.related) : null;
  const own = kind === "policy" ? (report.policies[0]?.document ?? null) : null;
  const beside = related(reports, report, row);
  parts.push(
    reports.isOnlyBoundary(row) ? h("p", { class: "note" }, "This policy is a permissions boundary and attached to nothing: it grants nothing. Below is what it lets other policies grant.") : null,
    warnings(report, reports.undecided[row] ?? 0),
    report.excluded === null ? null : card("Findings", h("p", { class: "note" }, `Excluded by the settings: ${report.excluded}`)),
    report.findings.length > 0 ? card("Findings", findingList(reports, report.findings)) : null,
    report.rightsized === null ? ofAws(reports, row) : card("Right-sized policies", await rightsizedPolicies(reports, row, report, report.rightsized)),
    reports.index.coverage && card(DAY_TITLES[kind], days(reports.index.coverage, reports, report, row)),
    beside.length === 0 ? null : h("div", { class: "cards" }, beside),
    holders?.element ?? null,
    own === null ? null : card("Policy document", await policyDocument(reports, report, own, name, reports.isOnlyBoundary(row) ? null : "anyone who has it")),
    table.element,
  );
  const tables = [table, ...(holders === null ? [] : [holders])];
  return { title: name, element: h("div", {}, parts), shown: () => tables.forEach((it) => it.shown()), close: () => tables.forEach((it) => it.close()) };
}

export function missing(title: string, text: string): View {
  return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), h("p", {}, text), h("p", {}, h("a", { href: link("overview") }, "Overview"))) };
}

function facts(reports: Reports, row: number): HTMLElement {
  const now = reports.index.now;
  const last = reports.last[row] ?? -1;
  const created = reports.created[row] ?? -1;
  const boundary = reports.boundary[row];
  const [services, servicesUsed] = [reports.services[row] ?? 0, reports.servicesUsed[row] ?? 0];
  const [actions, actionsUsed] = [reports.actions[row] ?? 0, reports.actionsUsed[row] ?? 0];
  return h(
    "div",
    {},
    h(
      "p",
      { class: "facts" },
      `Account ${reports.account[row]}`,
      (reports.tags[row] ?? []).map((tag) => [" ", h("span", { class: "tag" }, tag)]),
      created >= 0 && [" · created ", when(created, now)],
      " · as of ",
      instant(Math.floor(now)),
      boundary && [" · permissions boundary ", entityLink(reports, boundary), ", which is not evaluated: it may deny some of what is granted"],
    ),
    h(
      "div",
      { class: "tiles" },
      // Jobs at /ui keep nothing of what is used without a grant.
      tile(reports.index.coverage === null ? "Last use of a grant" : "Last use", last < 0 ? "not known" : ago(last, now), last < 0 ? "in the tracking period" : instant(last)),
      tile("Services used", number(servicesUsed), shareText(servicesUsed, services)),
      reports.isActionLevel && tile("Actions used", number(actionsUsed), shareText(actionsUsed, actions)),
      !reports.isOnlyBoundary(row) && tile(removableTitle(reports), number(removable(reports, row)), `granted ${reports.isActionLevel ? "actions" : "services"}`),
      (reports.ungranted[row] ?? 0) > 0 && tile("Used, not granted", number(reports.ungranted[row] ?? 0), "no permission policy grants it now"),
    ),
  );
}

/** Why there are no right-sized policies of what AWS maintains. */
function ofAws(reports: Reports, row: number): HTMLElement | null {
  if (!reports.isOfAws(row) || !reports.index.hasStates || reports.kept[row] !== Kept.All) return null;
  const text =
    reports.kindOf(row) === "policy"
      ? "AWS maintains this policy: it cannot be changed. The pages of those who have it show policies that can take its place."
      : "AWS maintains this role and its policies: they cannot be changed.";
  return card("Right-sized policies", h("p", {}, text));
}

function warnings(report: Report, undecided: number): HTMLElement | null {
  if (report.notEvaluated.length + undecided === 0) return null;
  return h(
    "div",
    { class: "left-out", role: "note" },
    report.notEvaluated.length > 0 && [
      h("strong", {}, "Not evaluated, so that services may be missing here:"),
      h("ul", {}, report.notEvaluated.map(({ name, reason }) => h("li", {}, h("code", {}, name), `: ${reason}`))),
    ],
    undecided > 0 && h("p", {}, `${count(undecided, "action")} here only because the work budget ended before the question was decided.`),
  );
}

function days(coverage: Coverage, reports: Reports, report: Report, row: number): HTMLElement {
  const account = coverage.Accounts.find((it) => it.Account === reports.account[row]);
  // The policies of AWS have no account: the days of the first one are shown.
  const gaps = (account ?? (reports.account[row] === "aws" ? coverage.Accounts[0] : undefined))?.Gaps;
  return calendar(report.days, gaps, windowOf(coverage));
}

function related(reports: Reports, report: Report, row: number): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (report.policies.length > 0 && reports.kindOf(row) !== "policy") {
    const policies = report.policies.map((policy) =>
      h(
        "li",
        {},
        policy.arn === "" ? h("span", { class: "text" }, policy.name) : entityLink(reports, policy.arn),
        " ",
        h("small", {}, policy.arn === "" ? "inline" : policy.arn.includes("::aws:") ? "AWS managed" : "managed"),
        policy.group !== "" && [" by group ", entityLink(reports, policy.group)],
        policy.document !== null && foldedDocument(reports, report, policy.document, policy.name),
      ),
    );
    parts.push(card("Policies", h("ul", { class: "list" }, policies), h("p", { class: "note print-only" }, "Documents are printed when they are open.")));
  }
  if (reports.kindOf(row) === "user" && report.related.length > 0) {
    const groups = report.related.map((arn) => h("li", {}, entityLink(reports, arn)));
    parts.push(card("Groups", h("ul", { class: "list" }, groups)));
  }
  return parts;
}
