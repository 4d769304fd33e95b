// Findings: what an account could do without, or that does not fit together.

import type { Finding, Reports, Severity } from "./data";
import { h } from "./dom";
import { ago, count, date, dayOf, instant, number, parseRun } from "./format";
import { link } from "./route";
import { sign, type Sign } from "./signs";
import { statementLabel } from "./statements";

export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "informational"];

const SIGNS: Record<Severity, Sign> = { critical: "diamond", high: "triangle", medium: "dot", low: "ring", informational: "dash" };

const KIND_TITLES: Record<string, string> = {
  UnusedIAMRole: "Unused role",
  UnusedIAMUser: "Unused user",
  UnusedIAMUserAccessKey: "Unused access key",
  UnusedIAMUserPassword: "Unused password",
  UnusedPermission: "Unused permissions",
  UnusedPrivilege: "Unused privileges",
  UnusedPolicy: "Unused policy",
  UnattachedPolicy: "Unattached policy",
  EmptyGroup: "Empty group",
  UngrantedUse: "Use without a grant",
  RepeatedDenials: "Repeated denials",
};

/** Kinds of findings on policies. */
const POLICY_KINDS = new Set(["UnusedPolicy", "UnattachedPolicy"]);

export function kindTitle(kind: string): string {
  return KIND_TITLES[kind] ?? kind;
}

/** The worst severity of some findings. */
export function worstOf(found: { severity: Severity }[]): Severity | undefined {
  return SEVERITIES.find((it) => found.some(({ severity }) => severity === it));
}

/** The worse, the greater; 0 without a finding. */
export function severityRank(severity: Severity | undefined): number {
  return severity === undefined ? 0 : SEVERITIES.length - SEVERITIES.indexOf(severity);
}

export function severityBadge(severity: Severity, label: string = severity): HTMLElement {
  return h("span", { class: `severity ${severity}` }, sign(SIGNS[severity]), label);
}

/** How many findings of which kind have which severity; each number leads to the identities, which may be fewer. */
export function findingsTable(reports: Reports): HTMLElement {
  const counts = new Map<string, number>();
  const holders = new Map<string, Set<number>>();
  for (let row = 0; row < reports.length; row += 1) {
    for (const { kind, severity } of reports.findingsOn(row)) {
      const key = `${kind} ${severity}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      holders.set(key, (holders.get(key) ?? new Set()).add(row));
    }
  }
  const of = (kind: string, severity: Severity): number => counts.get(`${kind} ${severity}`) ?? 0;
  const kinds = (reports.index.findings?.kinds ?? []).filter((kind) => SEVERITIES.some((severity) => of(kind, severity) > 0));
  const shown = SEVERITIES.filter((severity) => kinds.some((kind) => of(kind, severity) > 0));
  if (kinds.length === 0) return h("p", { class: "empty" }, "No finding.");
  const view = (kind: string): string => (POLICY_KINDS.has(kind) ? "policies" : "identities");
  return h(
    "table",
    { class: "findings-table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Finding"), shown.map((severity) => h("th", { scope: "col", class: "number" }, severityBadge(severity, severity === "informational" ? "info" : severity))))),
    h(
      "tbody",
      {},
      kinds.map((kind) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, h("a", { href: link(view(kind), "", { finding: kind }) }, kindTitle(kind))),
          shown.map((severity) => {
            const found = of(kind, severity);
            const on = holders.get(`${kind} ${severity}`)?.size ?? 0;
            const href = link(view(kind), "", { finding: kind, severity });
            return h("td", { class: "number" }, found === 0 ? h("span", { class: "never" }, "–") : [h("a", { href }, number(found)), on < found && h("small", {}, ` on ${number(on)}`)]);
          }),
        ),
      ),
    ),
  );
}

/** The days that findings are about: those without a beginning have no number. */
export function findingDays({ index }: Reports): { first: number; last: number; count: number } | null {
  if (!index.findings?.window) return null;
  const [first, last] = parseRun(index.findings.window, Number.NEGATIVE_INFINITY);
  return Number.isFinite(first) ? { first, last, count: last - first + 1 } : null;
}

/** The findings on one identity or policy, with their evidence. */
export function findingList(reports: Reports, findings: Finding[]): HTMLElement {
  return h(
    "ul",
    { class: "findings" },
    findings.map((finding) =>
      h(
        "li",
        {},
        h("p", { class: "head" }, severityBadge(finding.severity), h("strong", {}, kindTitle(finding.kind)), finding.subject !== "" && h("code", {}, finding.subject), finding.archived !== null && h("small", {}, `archived by rule ${finding.archived}`)),
        h("p", {}, finding.severityReason),
        h("dl", {}, evidence(reports, finding)),
      ),
    ),
  );
}

/** Findings look at fewer days than states: what was used before is unused in the one and used in the other. */
function olderUse(reports: Reports, time: number): string {
  const days = findingDays(reports);
  if (days === null || dayOf(time) >= days.first) return "";
  return `: before the ${count(days.count, "day")} that findings look at, ${date(days.first)} to ${date(days.last)}. States look at all days, so that it is called used there`;
}

function evidence(reports: Reports, finding: Finding): (HTMLElement | false)[] {
  const line = (term: string, ...text: (string | HTMLElement)[]): HTMLElement[] => [h("dt", {}, term), h("dd", {}, text)];
  const unused = [
    finding.unusedServices > 0 ? count(finding.unusedServices, "whole service") : "",
    finding.unusedActions > 0 ? count(finding.unusedActions, "action") : "",
  ].filter(Boolean);
  const statements = finding.grantedBy.map((it) => {
    const group = it.group === null ? "" : `, by group ${it.group.slice(it.group.indexOf("/") + 1)}`;
    const where = it.unlimited ? ", on all resources" : "";
    return h("li", {}, h("code", {}, it.policy), ` ${statementLabel(it.statement, it.sid)}${group}: ${count(it.actions, "action")}${where}`);
  });
  if (finding.moreStatements > 0) statements.push(h("li", {}, `and ${count(finding.moreStatements, "more statement")}`));
  return [
    ...(unused.length > 0 ? line("Unused", unused.join(", ")) : []),
    ...(finding.stateReason !== null ? line("Evidence", finding.stateReason) : []),
    ...(finding.lastUse !== null ? line("Last use", `${instant(finding.lastUse.time)} (${ago(finding.lastUse.time, reports.index.now)}) in ${finding.lastUse.region}${olderUse(reports, finding.lastUse.time)}`) : []),
    ...(statements.length > 0 ? line("Granted by", h("ul", {}, statements)) : []),
  ];
}
