// What to remove first: where the worst findings are, and where removing grants wins the most.

import { legend, shareBars, stateStack } from "./charts";
import type { Reports, Severity } from "./data";
import { h } from "./dom";
import { findingDays, SEVERITIES, severityBadge } from "./findings";
import { count, date, dayOf, number } from "./format";
import { entityHref, when } from "./parts";
import { link } from "./route";
import { STATES } from "./service-rows";

const MOST_SHOWN = 8;

/** Findings on what users sign in and call with, which need no trail. */
const CREDENTIALS: Record<string, string> = { UnusedIAMUserAccessKey: "access key", UnusedIAMUserPassword: "password" };

/** Findings that a whole identity can go. */
const WHOLE_KINDS = new Set(["UnusedIAMRole", "UnusedIAMUser"]);

/** Granted actions, or services, of which no use is known. */
function notKnown(reports: Reports, row: number): number {
  return reports.isActionLevel
    ? (reports.actions[row] ?? 0) - (reports.actionsUsed[row] ?? 0)
    : (reports.services[row] ?? 0) - (reports.servicesUsed[row] ?? 0);
}

/** What removing grants would win: with states, what is unused. AWS's tracking does not tell what was not read from what was not used. */
export function removable(reports: Reports, row: number): number {
  return reports.index.hasStates ? (reports.states[2]?.[row] ?? 0) : notKnown(reports, row);
}

/** What [removable] counts. */
export function removableTitle(reports: Reports): string {
  return reports.index.hasStates ? "Unused" : "No access known";
}

/** The worst of the findings on something unused. */
function unusedSeverity(reports: Reports, row: number): Severity | null {
  const found = reports.findingsOn(row).filter(({ kind }) => kind.startsWith("Unused"));
  return SEVERITIES.find((it) => found.some((finding) => finding.severity === it)) ?? null;
}

/** Whether a finding says that a user or role did nothing. */
export function isWhollyUnused(reports: Reports, row: number): boolean {
  return reports.findingsOn(row).some(({ kind }) => WHOLE_KINDS.has(kind));
}

/** The card that leads to what can be removed: the first thing on the page. */
export function decisions(reports: Reports, identities: number[]): HTMLElement {
  if (identities.length === 0) return h("p", { class: "empty" }, "No user or role is in this report.");
  if (!reports.index.hasStates) return mostGrants(reports, identities);
  const rank = (row: number): number => {
    const severity = unusedSeverity(reports, row);
    const worst = severity === null ? 0 : SEVERITIES.length - SEVERITIES.indexOf(severity);
    return (worst * 1e7 + removable(reports, row)) * 1e7 + notKnown(reports, row);
  };
  const ranks = new Map(identities.map((row) => [row, rank(row)]));
  const top = [...identities].sort((left, right) => (ranks.get(right) ?? 0) - (ranks.get(left) ?? 0)).slice(0, MOST_SHOWN);
  const withUnused = identities.filter((row) => removable(reports, row) > 0).length;
  return h(
    "div",
    {},
    withUnused === 0 && h("p", { class: "note" }, nothingYet(reports)),
    h("ol", { class: top.some((row) => unusedSeverity(reports, row) !== null) ? "decisions" : "decisions unranked" }, top.map((row) => decision(reports, row))),
    legend(STATES.map((state) => [[state], state])),
    h(
      "p",
      { class: "more" },
      h("a", { href: link("identities", "", withUnused === 0 ? { kind: "identity" } : { kind: "identity", state: "unused" }) }, withUnused === 0 ? `All users and roles: ${number(identities.length)}` : `All users and roles with unused grants: ${number(withUnused)}`),
    ),
  );
}

/** Why nothing can be called unused, as far as the coverage tells. */
function nothingYet(reports: Reports): string {
  const { coverage } = reports.index;
  const what = `Of no granted ${reports.isActionLevel ? "action" : "service"} it is proved that nobody used it`;
  const tooFew = coverage?.Accounts.filter((account) => account.DaysRead < coverage.DaysNeeded) ?? [];
  const [first] = tooFew;
  const why =
    coverage === null || first === undefined
      ? ""
      : tooFew.length === 1
        ? `: ${count(first.DaysRead, "day")} of the trail of account ${first.Account} were read, and ${number(coverage.DaysNeeded)} are needed`
        : `: fewer than the ${count(coverage.DaysNeeded, "day")} that are needed were read of ${count(tooFew.length, "account")}`;
  return `No grant can be removed safely yet. ${what}${why}. These have the most grants without a known use.`;
}

/** That findings see no use in their days, and where a use is that other parts of the page show. */
function idleText(reports: Reports, row: number): string {
  const days = findingDays(reports);
  const last = reports.last[row] ?? -1;
  const older = last < 0 ? "no use is known" : `last use ${date(dayOf(last))}`;
  return days === null ? older : `no use in ${count(days.count, "day")}, since ${date(days.first)}; ${older}`;
}

function decision(reports: Reports, row: number): HTMLElement {
  const severity = unusedSeverity(reports, row);
  const states = reports.states.map((column) => column[row] ?? 0);
  const granted = states.reduce((sum, it) => sum + it, 0);
  const unused = removable(reports, row);
  const credentials = [...new Set(reports.findingsOn(row).flatMap(({ kind }) => CREDENTIALS[kind] ?? []))];
  const noun = reports.isActionLevel ? "action" : "service";
  const what = isWhollyUnused(reports, row)
    ? `Delete the ${reports.kindOf(row)}: ${idleText(reports, row)}`
    : unused > 0
      ? `Remove ${number(unused)} of ${count(granted, noun)}`
      : credentials.length > 0
        ? `Delete the unused ${credentials.join(" and ")}`
        : `${number(notKnown(reports, row))} of ${count(granted, noun)} without a known use`;
  return h(
    "li",
    {},
    h("span", { class: "rank" }, severity === null ? "" : severityBadge(severity)),
    h("span", { class: "who" }, h("a", { href: entityHref(reports, row), title: reports.arn[row] }, reports.name[row])),
    h("span", { class: "what" }, what),
    stateStack(states),
    h("span", { class: "use" }, "last use ", when(reports.last[row] ?? -1, reports.index.now, "not known")),
  );
}

/** AWS's tracking has no states: the most grants of which no access is known. */
function mostGrants(reports: Reports, identities: number[]): HTMLElement {
  const noun = reports.isActionLevel ? "actions" : "services";
  const [granted, used] = reports.isActionLevel ? [reports.actions, reports.actionsUsed] : [reports.services, reports.servicesUsed];
  const top = [...identities].sort((left, right) => notKnown(reports, right) - notKnown(reports, left)).slice(0, MOST_SHOWN);
  const bars = top.map((row) => ({ label: reports.name[row] ?? "", title: reports.arn[row] ?? "", href: entityHref(reports, row), part: used[row] ?? 0, of: granted[row] ?? 0 }));
  return shareBars(bars, { part: `${noun} accessed`, of: `${noun} granted` });
}
