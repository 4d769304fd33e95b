// The overview: what can be used, what is used, when last, and what was read of the trail.

import { columns, coverageMap, shareBars } from "./charts";
import { Kept, type Reports } from "./data";
import { decisions, isWhollyUnused } from "./decisions";
import { h } from "./dom";
import { findingsTable } from "./findings";
import { count, dayOf, number, percent } from "./format";
import { card, limitAdvice, shareText, STATE_HELP, stateBadge, tile, trustText, wideCard, type View } from "./parts";
import { link } from "./route";
import { STATES } from "./service-rows";

/** Days since the last use, from the first to the last of each group. */
export const AGES: { key: string; label: string; first: number; last: number }[] = [
  { key: "7", label: "7 days", first: 0, last: 7 },
  { key: "30", label: "8 to 30", first: 8, last: 30 },
  { key: "90", label: "31 to 90", first: 31, last: 90 },
  { key: "180", label: "91 to 180", first: 91, last: 180 },
  { key: "older", label: "older", first: 181, last: Number.POSITIVE_INFINITY },
];

/** Of those without a known use: who has something to use, and who has nothing. */
export const NEVER: { key: string; label: string }[] = [
  { key: "never", label: "no use known" },
  { key: "nothing", label: "nothing granted" },
];

/** The group of an identity's last use. */
export function ageOf(reports: Reports, row: number): string {
  const last = reports.last[row] ?? -1;
  if (last < 0) return (reports.services[row] ?? 0) > 0 ? "never" : "nothing";
  const days = Math.max(0, dayOf(reports.index.now) - dayOf(last));
  return AGES.find((age) => days <= age.last)?.key ?? "older";
}

function sum(values: Uint32Array, rows: number[]): number {
  return rows.reduce((total, row) => total + (values[row] ?? 0), 0);
}

export function overview(reports: Reports): View {
  const { index } = reports;
  const identities = reports.rows("user", "role");
  const byAge = new Map<string, number>();
  for (const row of identities) byAge.set(ageOf(reports, row), (byAge.get(ageOf(reports, row)) ?? 0) + 1);
  const [neverUsed, withoutGrants] = [byAge.get("never") ?? 0, byAge.get("nothing") ?? 0];
  const granted = index.services.filter((service) => service.granted > 0);
  const services = granted.filter((service) => service.used > 0).length;
  const actionsGranted = granted.reduce((total, service) => total + service.actionsGranted, 0);
  const actionsUsed = granted.reduce((total, service) => total + service.actionsUsed, 0);
  const users = reports.rows("user").length;
  const policies = reports.rows("policy");

  const tiles = h(
    "div",
    { class: "tiles" },
    tile(
      "Users and roles",
      number(identities.length),
      `${count(users, "user")}, ${count(identities.length - users, "role")}`,
      link("identities", "", { kind: "identity" }),
    ),
    tile(
      "Without a known use",
      number(neverUsed),
      [shareText(neverUsed, identities.length), provedText(reports, identities), withoutGrants > 0 && `${number(withoutGrants)} more with nothing granted`].filter(Boolean).join(", "),
      link("identities", "", { kind: "identity", age: "never" }),
      "Users and roles that may use something, and of which no attempt is known. An attempt that was denied is one, too. Those with no policy, or with denies only, may use nothing.",
    ),
    tile("Services in use", number(services), `of ${number(granted.length)} that someone may use`, link("services")),
    reports.isActionLevel
      ? tile("Actions in use", number(actionsUsed), `of ${number(actionsGranted)} that someone may perform`, link("services"))
      : tile(
          "Grants in use",
          number(sum(reports.servicesUsed, identities)),
          `of ${number(sum(reports.services, identities))} grants of a service`,
          link("services"),
        ),
    tile("Managed policies", number(policies.length), policyDetail(reports, policies), link("policies")),
  );

  const ages = [...AGES.map(({ key, label }) => ({ key, label })), ...NEVER.filter(({ key }) => key === "never" || withoutGrants > 0)];
  const distribution = columns(
    ages.map(({ key, label }) => ({
      label,
      value: byAge.get(key) ?? 0,
      href: link("identities", "", { kind: "identity", age: key }),
      ...(NEVER.some((it) => it.key === key) ? { className: key } : {}),
    })),
  );

  const widest = [...granted].sort((left, right) => right.granted - right.used - (left.granted - left.used)).slice(0, 12);
  const serviceBars = shareBars(
    widest.map((service) => ({
      label: service.name,
      title: service.namespace,
      href: link("service", service.namespace),
      part: service.used,
      of: service.granted,
    })),
    { part: "used it", of: "may use it" },
  );

  return {
    title: "Overview",
    element: h(
      "div",
      {},
      h("h1", { tabindex: -1 }, index.title),
      h("p", { class: "trust" }, h("strong", {}, "How far \"not used\" can be trusted: "), trustText(reports), " ", h("a", { href: link("coverage") }, "Coverage")),
      leftOut(reports),
      index.hasStates ? null : h("p", { class: "note" }, `This is AWS's tracking: it does not tell what was not used from what was not read. So nothing is called unused here, and there are neither findings nor right-sized policies. ${reports.isServed ? "A server with --tracking full" : "--tracking full"} has them.`),
      tiles,
      h(
        "div",
        { class: "cards" },
        wideCard(index.hasStates ? "What to remove first" : "Most grants without a known access", decisions(reports, identities)),
        index.findings === null ? null : card(`Findings${index.findings.window === undefined ? "" : `, ${index.findings.window.replace("/", " to ")}`}`, findingsTable(reports), asideNote(reports), findingsNote(reports)),
        index.hasStates ? card("What users and roles are granted", allStates(reports, identities)) : null,
        card("Last use of users and roles", distribution),
        index.coverage && card("Days of the trail that were read", coverageMap(index.coverage)),
        wideCard("Services that most identities have without using them", widest.length === 0 ? h("p", { class: "empty" }, "No service is granted.") : serviceBars),
      ),
    ),
  };
}

/** Findings that are archived, and what has none because the settings exclude it. */
function asideNote({ index }: Reports): HTMLElement | null {
  const { archived = 0, excluded = 0 } = index.findings ?? {};
  const parts = [archived > 0 && `${count(archived, "finding")} archived`, excluded > 0 && `${count(excluded, "identity or policy", "identities and policies")} excluded`].filter(Boolean);
  return parts.length === 0 ? null : h("p", { class: "note" }, `Not counted: ${parts.join(", ")} by the settings.`);
}

/** Why no finding says that something is unused: nothing found is not the same as nothing there. */
function findingsNote({ index }: Reports): HTMLElement | null {
  const { daysNeeded = 0, accounts = 0, uncoveredAccounts = 0 } = index.findings ?? {};
  if (uncoveredAccounts === 0) return null;
  const where = accounts === 1 ? "" : ` of ${number(uncoveredAccounts)} of ${number(accounts)} accounts`;
  return h("p", { class: "note" }, `Fewer than ${count(daysNeeded, "day")} of these were read${where}, so no finding${where === "" ? "" : " there"} calls something unused.`);
}

/** How many of them are proved unused. Unobservable services prove nothing: those who have some are not among them. */
function provedText(reports: Reports, identities: number[]): string {
  if (reports.index.findings === null || identities.length === 0) return "";
  const proved = identities.filter((row) => (reports.last[row] ?? -1) < 0 && isWhollyUnused(reports, row)).length;
  return `${proved === 0 ? "none" : number(proved)} proved unused`;
}

function policyDetail(reports: Reports, policies: number[]): string {
  if (policies.length === 0) return "in this report";
  // Those that only deny, and those that are attached to nothing, grant nobody anything.
  const granting = policies.filter((row) => (reports.services[row] ?? 0) > 0 && reports.attached[row] !== 0);
  const unused = granting.filter((row) => (reports.last[row] ?? -1) < 0).length;
  const unattached = policies.filter((row) => reports.isUnattached(row)).length;
  const ofGranting = granting.length === 0 ? "none grants anybody anything" : unused === 0 ? `all ${number(granting.length)} that grant somebody something have a known use` : `${number(unused)} of ${number(granting.length)} that grant somebody something without a known use`;
  return `${ofGranting}${unattached === 0 ? "" : `; ${number(unattached)} attached to nothing`}`;
}

/** All granted actions of users and roles, by state. */
function allStates(reports: Reports, identities: number[]): HTMLElement {
  const states = reports.states.map((column) => sum(column, identities));
  const total = states.reduce((left, right) => left + right, 0);
  const noun = reports.isActionLevel ? "action" : "service";
  return h(
    "ul",
    { class: "states" },
    STATES.map((state, index) =>
      h(
        "li",
        {},
        stateBadge({ state, reason: "" }, null, "granted"),
        h("strong", {}, number(states[index] ?? 0)),
        h("span", { class: "of" }, percent(states[index] ?? 0, total)),
        h("small", {}, STATE_HELP[state]),
      ),
    ),
    h("li", { class: "total" }, `of ${count(total, `grant of ${noun === "action" ? "an action" : "a service"}`, `grants of ${noun}s`)} to users and roles`),
  );
}

/** What did not fit into the file. */
function leftOut(reports: Reports): HTMLElement | null {
  const kept = (level: Kept): number => reports.kept.reduce((total, it) => total + (it === level ? 1 : 0), 0);
  const [services, rows] = [kept(Kept.Services), kept(Kept.Row)];
  if (services + rows === 0) return null;
  const limit = `${Math.round(reports.index.limit / (1 << 20))} MiB`;
  return h(
    "p",
    { class: "left-out", role: "note" },
    h("strong", {}, "Left out to stay within the limit: "),
    `of ${number(reports.length)} reports, ${number(services)} are here without their actions, the statements that grant them and right-sized policies, and ${number(rows)} with their row in the table only. `,
    `The limit is ${limit}: ${limitAdvice(reports)}.`,
  );
}
