// Why an identity may use a service or an action: the statements that grant it, and the denies that narrow it.

import type { Report, Reports } from "./data";
import { h, printableJson, type Child } from "./dom";
import { count } from "./format";
import { entityLink, nameOf } from "./parts";
import type { ActionRow, ServiceRow } from "./service-rows";
import { listOf, matchesPattern, statementLabel, type Outcome, type StatementEffect, type StatementGrant, type WrittenStatement } from "./statements";

/** More strings of a statement are counted. */
const MOST_STRINGS = 30;

/** What a deny does to an action, or to the actions of a service that it covers: a service has others, too. */
const EFFECT_TEXTS: Record<StatementEffect, (what: string) => string> = {
  grants: () => "",
  "removes-all": (what) => `takes ${what} away on all resources`,
  "removes-part": (what) => `takes ${what} away on some resources`,
  conditional: (what) => `takes ${what} away from requests that meet its condition`,
  variable: (what) => `takes ${what} away for some values of its policy variables`,
};

const OUTCOME_TEXTS: Record<Outcome, string> = {
  granted: "",
  narrowed: "narrowed by a deny",
  denied: "taken away by a deny",
  undecided: "not decided: it would take too much work, and counts as granted",
};

/** The policies of a report that have a document. */
export function policiesWith(report: Report, document: number): Report["policies"] {
  return report.policies.filter((policy) => policy.document === document);
}

/** The statements that grant a service or one of its actions, or that deny a part of it. */
function statementsOf(service: ServiceRow, action: ActionRow | null): StatementGrant[] {
  const all = service.statements ?? [];
  return action === null ? all : all.filter((it) => it.actions === null || it.actions.has(action.position));
}

/** The statements that grant it. */
export function grantingStatements(service: ServiceRow, action: ActionRow | null): StatementGrant[] {
  return statementsOf(service, action).filter((it) => it.effect === "grants");
}

/** The names of the policies that grant it, each once. */
export function grantingPolicies(report: Report, service: ServiceRow, action: ActionRow | null): string[] {
  const granting = grantingStatements(service, action);
  return [...new Set(granting.flatMap((it) => policiesWith(report, it.document).map((policy) => policy.name)))];
}

/** The statements that grant it, each in one line, for a file. */
export function grantingLines(report: Report, service: ServiceRow, action: ActionRow | null): string[] {
  const granting = grantingStatements(service, action);
  const lines = granting.flatMap(({ document, statement }) =>
    policiesWith(report, document).map(({ name, group }) => `${group === "" ? "" : `${nameOf(group)} > `}${name} #${statement}`),
  );
  return [...new Set(lines)];
}

/** A service, or one of its actions, as policies name it. */
export function namespacedName(reports: Reports, service: ServiceRow, action: ActionRow | null): string {
  const namespace = reports.index.services[service.service]?.namespace ?? "";
  return action === null ? namespace : `${namespace}:${action.name}`;
}

/** What is shown about a service, or about one of its actions. */
export async function explanation(reports: Reports, report: Report, name: string, service: ServiceRow, action: ActionRow | null): Promise<HTMLElement> {
  const asked = action === null ? null : namespacedName(reports, service, action);
  if (service.statements === null) {
    return h("p", {}, "Which statements grant it was not found out: that would have taken too much work. ", h("code", {}, "access-advisor explain"), " shows it.");
  }
  const statements = statementsOf(service, action);
  const granting = statements.filter((it) => it.effect === "grants");
  const denies = statements.filter((it) => it.effect !== "grants");
  if (granting.length === 0) return h("p", {}, `No statement of the policies of ${name} grants it now.`);
  const whole = action === null ? "actions of it" : "it";
  const items = (list: StatementGrant[]): Promise<HTMLElement[]> => Promise.all(list.map((it) => statementItem(reports, report, name, it, asked)));
  return h(
    "div",
    { class: "explanation" },
    h("h3", {}, statementCount(granting) === 1 ? `One statement grants ${whole}` : `${statementCount(granting)} statements grant ${whole}`),
    h("ol", {}, await items(granting)),
    denies.length > 0 && [h("h3", {}, statementCount(denies) === 1 ? "One deny narrows it" : `${statementCount(denies)} denies narrow it`), h("ol", {}, await items(denies))],
  );
}

/** A statement that treats actions in several ways is listed several times. */
function statementCount(grants: StatementGrant[]): number {
  return new Set(grants.map((it) => `${it.document} ${it.statement}`)).size;
}

async function statementItem(reports: Reports, report: Report, name: string, grant: StatementGrant, asked: string | null): Promise<HTMLElement> {
  const { statements } = await reports.policyDocument(grant.document);
  const written = statements[grant.statement] ?? {};
  const line = (term: string, ...content: Child[]): HTMLElement[] => [h("dt", {}, term), h("dd", {}, content)];
  return h(
    "li",
    {},
    policiesWith(report, grant.document).map((policy) => h("p", { class: "path" }, path(reports, report, name, policy), statementName(grant.statement, written))),
    h(
      "dl",
      {},
      grant.effect !== "grants" && line("Effect", EFFECT_TEXTS[grant.effect](coveredText(grant, asked))),
      grant.effect === "grants" && asked === null && grant.actions !== null && line("Covers", count(grant.actions.size, "action"), " of the service"),
      line(written.NotAction === undefined ? "Actions" : "All but", actionStrings(written, asked)),
      resourceLines(written, grant).map(([term, content]) => line(term, content)),
      written.Condition !== undefined && line("If", h("pre", { tabindex: 0, "aria-label": "Condition" }, jsonLines(written.Condition))),
    ),
  );
}

/** What of a service, or that it is the action that is asked about. */
function coveredText({ actions }: StatementGrant, asked: string | null): string {
  if (asked !== null) return "it";
  return actions === null ? "actions of the service" : `${count(actions.size, "action")} of the service`;
}

/** The way from the identity to the policy. */
function path(reports: Reports, report: Report, name: string, policy: Report["policies"][number]): Child[] {
  const arrow = (): HTMLElement => h("span", { class: "to" }, " › ");
  const own = policy.arn === "" ? h("span", {}, policy.name) : entityLink(reports, policy.arn);
  if (report.policies.length === 1 && policy.name === name && policy.group === "") return [own];
  return [name, arrow(), policy.group !== "" && [entityLink(reports, policy.group), arrow()], own];
}

export function statementName(index: number, written: WrittenStatement): HTMLElement {
  return h("small", {}, statementLabel(index, written.Sid));
}

function actionStrings(written: WrittenStatement, asked: string | null): Child[] {
  if (written.NotAction !== undefined) return codes(listOf(written.NotAction));
  const all = listOf(written.Action);
  const matching = asked === null ? all : all.filter((pattern) => matchesPattern(pattern === "*:*" ? "*" : pattern, asked));
  return codes(matching);
}

function resourceLines(written: WrittenStatement, grant: StatementGrant): [string, Child[]][] {
  const isNegated = written.NotResource !== undefined;
  const strings = listOf(isNegated ? written.NotResource : written.Resource);
  const term = isNegated ? "On all but" : "On";
  if (grant.resources.length === 0) return [[term, codes(strings)]];
  if (isNegated) return [[term, codes(strings)], ...grant.resources.map((it): [string, Child[]] => ["of which", outcome(it)])];
  return [[term, [h("ul", {}, grant.resources.map((it) => h("li", {}, h("code", {}, strings[it.index] ?? ""), outcome(it))))]]];
}

function outcome({ outcome: is, except, only }: StatementGrant["resources"][number]): Child[] {
  if (is === "granted") return [];
  return [
    h("small", {}, ` ${OUTCOME_TEXTS[is]}`),
    except.length > 0 && h("div", {}, "except ", codes(except)),
    only.map((list) => h("div", {}, "only what is in ", codes(list))),
  ];
}

function codes(strings: string[]): Child[] {
  const shown = strings.slice(0, MOST_STRINGS).map((text) => [h("code", {}, text), " "]);
  return [shown, strings.length > MOST_STRINGS && `and ${strings.length - MOST_STRINGS} more`];
}

/** The lines of a value as JSON, without the escapes of `h`: its line ends stay. */
export function jsonLines(value: unknown): HTMLElement[] {
  return printableJson(value).split("\n").map((text) => h("span", { class: "line" }, text));
}
