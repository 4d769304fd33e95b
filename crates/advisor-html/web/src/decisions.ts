// What to remove first: where the worst findings are, and where removing grants wins the most.

import { legend, shareBars, stateStack } from "./charts";
import { Kept, type Reports, type Severity } from "./data";
import { h, type Child } from "./dom";
import { findingDays, severityBadge, severityRank, worstOf } from "./findings";
import { count, date, dayOf, number } from "./format";
import { entityHref, entityLink, nameOf, when } from "./parts";
import { link } from "./route";
import { STATES } from "./service-rows";

const MOST_SHOWN = 8;
/** More groups of a user are on its page. */
const MOST_GROUPS = 3;

/** Findings on what users sign in and call with, which need no trail. */
const CREDENTIALS: Record<string, string> = { UnusedIAMUserAccessKey: "access key", UnusedIAMUserPassword: "password" };

/** Findings that a whole identity can go. */
const WHOLE_KINDS = new Set(["UnusedIAMRole", "UnusedIAMUser"]);

/** What can be done where right-sizing removes nothing, or not all, by the name of its advice or of its refusal. */
const ADVICE: Record<string, string> = {
  DetachPolicies: "Nothing of it was seen used: detach and delete its policies, if nobody needs what the logs cannot show",
  SafeWildcards: "Its statements are too long to right-size by name: access-advisor rightsize with its ARN and --wildcards safe does it",
  "of-identity-center": "IAM Identity Center makes it: change the permission set",
  "unseen-use": "AWS remembers a use that the trail does not show: find out what the trail misses first",
  "old-trail": "The trail that was read ends too long ago: read newer logs first",
  "not-proved": "That smaller policies are right could not be proved",
  "kept-whole": "Right-sizing keeps its statements whole: its page says why",
};

/** Advice that says nothing new of who can be deleted. */
const OF_A_PART = new Set(["DetachPolicies", "SafeWildcards", "not-proved", "kept-whole"]);

/** Granted actions, or services, of which no use is known. */
function notKnown(reports: Reports, row: number): number {
  return reports.isActionLevel
    ? (reports.actions[row] ?? 0) - (reports.actionsUsed[row] ?? 0)
    : (reports.services[row] ?? 0) - (reports.servicesUsed[row] ?? 0);
}

/** What removing grants would win: with states, what is unused. AWS's tracking does not tell what was not read from what was not used. */
export function removable(reports: Reports, row: number): number {
  // A permissions boundary grants nothing.
  if (reports.isOnlyBoundary(row)) return 0;
  return reports.index.hasStates ? (reports.states[2]?.[row] ?? 0) : notKnown(reports, row);
}

/** What [removable] counts. */
export function removableTitle(reports: Reports): string {
  return reports.index.hasStates ? "Unused" : "No access known";
}

/** The worst of the findings on something unused. */
function unusedSeverity(reports: Reports, row: number): Severity | undefined {
  return worstOf(reports.findingsOn(row).filter(({ kind }) => kind.startsWith("Unused")));
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
    const worst = severityRank(unusedSeverity(reports, row));
    // A role that AWS remembers no use of can go, whatever was read.
    const deletable = isDeletable(reports, row) ? 1e7 : 0;
    return (worst * 1e8 + deletable + removable(reports, row)) * 1e7 + notKnown(reports, row);
  };
  const able = identities.filter((row) => isDecision(reports, row));
  if (able.length === 0) return h("p", { class: "empty" }, "Nothing is granted to a user or role.");
  const ranks = new Map(able.map((row) => [row, rank(row)]));
  const top = able.sort((left, right) => (ranks.get(right) ?? 0) - (ranks.get(left) ?? 0)).slice(0, MOST_SHOWN);
  const withUnused = identities.filter((row) => removable(reports, row) > 0).length;
  return h(
    "div",
    {},
    withUnused === 0 && h("p", { class: "note" }, nothingYet(reports)),
    h("ol", { class: top.some((row) => unusedSeverity(reports, row) !== undefined) ? "decisions" : "decisions unranked" }, top.map((row) => decision(reports, row))),
    legend(STATES.map((state) => [[state], state])),
    h(
      "p",
      { class: "more" },
      h("a", { href: link("identities", "", withUnused === 0 ? { kind: "identity" } : { kind: "identity", state: "unused" }) }, withUnused === 0 ? `All users and roles: ${number(identities.length)}` : `All users and roles with unused grants: ${number(withUnused)}`),
    ),
  );
}

/** Whether there is anything to decide: AWS's own roles cannot be changed, and who has nothing can lose nothing. */
function isDecision(reports: Reports, row: number): boolean {
  if (reports.isOfAws(row)) return false;
  return (reports.services[row] ?? 0) > 0 || unusedSeverity(reports, row) !== undefined;
}

/** Whether right-sizing says to delete a role rather than shrink it. */
function isDeletable(reports: Reports, row: number): boolean {
  return reports.adviceOn(row).includes("DeleteRole");
}

/** Why nothing can be called unused, as far as the coverage tells. */
function nothingYet(reports: Reports): string {
  const { coverage } = reports.index;
  const what = `Of no granted ${reports.isActionLevel ? "action" : "service"} it is proved that nobody used it`;
  const tooFew = coverage?.Accounts.filter((account) => account.DaysRead < coverage.DaysNeeded) ?? [];
  const [first] = tooFew;
  const why =
    coverage === null || first === undefined
      ? nothingOfPart(reports)
      : tooFew.length === 1
        ? `: ${count(first.DaysRead, "day")} of the trail of account ${first.Account} were read, and ${number(coverage.DaysNeeded)} are needed`
        : `: fewer than the ${count(coverage.DaysNeeded, "day")} that are needed were read of ${count(tooFew.length, "account")}`;
  return `No single grant can be removed safely yet. ${what}${why}. These have the most grants without a known use.`;
}

/** Enough days were read of each account, but not of each Region or kind of event. */
function nothingOfPart(reports: Reports): string {
  const uncovered = reports.states[4]?.some((it) => it > 0) === true;
  return uncovered ? `: of the Regions and the kinds of events that would show it, fewer than ${number(reports.index.coverage?.DaysNeeded ?? 0)} days were read` : "";
}

/** That findings see no use in their days, and where a use is that other parts of the page show. */
function idleText(reports: Reports, row: number): string {
  const days = findingDays(reports);
  const last = reports.last[row] ?? -1;
  const older = last < 0 ? "no use is known" : `last use ${date(dayOf(last))}`;
  return days === null ? older : `no use on the days that were read of the ${count(days.count, "day")} since ${date(days.first)}; ${older}`;
}

function unusedCredentials(reports: Reports, row: number): string[] {
  return [...new Set(reports.findingsOn(row).flatMap(({ kind }) => CREDENTIALS[kind] ?? []))];
}

/** What right-sizing adds to what is to be done with the grants of a user or role. */
function adviceText(reports: Reports, row: number): string | undefined {
  const isWhole = isWhollyUnused(reports, row) || isDeletable(reports, row);
  const isOfCredentials = !isWhole && removable(reports, row) === 0 && unusedCredentials(reports, row).length > 0;
  const names = isOfCredentials ? [] : reports.adviceOn(row).filter((name) => !(isWhole && OF_A_PART.has(name)));
  return names.map((name) => ADVICE[name]).find((text) => text !== undefined);
}

/** Where the grants of a user come from that its own policies do not give. */
function groupAdvice(reports: Reports, row: number): Child[] | undefined {
  const groups = reports.groupsOf(row);
  // What was left out does not say what right-sizing does.
  const isWhole = reports.kept[row] === Kept.All;
  const isOfGroups = isWhole && groups.length > 0 && removable(reports, row) > 0 && reports.removed[row] === 0 && !isWhollyUnused(reports, row);
  if (!isOfGroups) return undefined;
  const outcome = (group: number | undefined): string => {
    if (group === undefined || reports.kept[group] !== Kept.All) return "not in this report";
    const removed = reports.removed[group] ?? 0;
    if (removed > 0) return `right-sizing it removes ${count(removed, "action")}`;
    return reports.adviceOn(group).includes("kept-whole") ? "right-sizing keeps its statements whole, and its page says why" : "right-sizing removes nothing of it";
  };
  return groups.slice(0, MOST_GROUPS).map((arn, index): Child[] => [index === 0 ? "By group " : "; by group ", entityLink(reports, arn, nameOf(arn)), `: ${outcome(reports.row(arn))}`]);
}

function whatToDo(reports: Reports, row: number, granted: number): string {
  if (isWhollyUnused(reports, row)) return `Delete the ${reports.kindOf(row)}: ${idleText(reports, row)}`;
  if (isDeletable(reports, row)) return "Delete the role: nothing of it was seen used, and AWS remembers no use";
  const noun = reports.isActionLevel ? "action" : "service";
  const unused = removable(reports, row);
  if (unused > 0) return `Remove ${number(unused)} of ${count(granted, noun)}`;
  const credentials = unusedCredentials(reports, row);
  if (credentials.length > 0) return `Delete the unused ${credentials.join(" and ")}`;
  return `${number(notKnown(reports, row))} of ${count(granted, noun)} without a known use`;
}

function decision(reports: Reports, row: number): HTMLElement {
  const severity = unusedSeverity(reports, row);
  const states = reports.states.map((column) => column[row] ?? 0);
  const granted = states.reduce((sum, it) => sum + it, 0);
  const what = whatToDo(reports, row, granted);
  const advice = adviceText(reports, row) ?? groupAdvice(reports, row);
  return h(
    "li",
    {},
    h("span", { class: "rank" }, severity === undefined ? "" : severityBadge(severity)),
    h("span", { class: "who" }, h("a", { href: entityHref(reports, row), title: reports.arn[row] }, reports.name[row])),
    h("span", { class: "what" }, what, advice !== undefined && h("small", {}, advice)),
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
