// Small parts that several views use.

import type { Reports } from "./data";
import { h } from "./dom";
import { ago, count, instant, number, percent } from "./format";
import { link } from "./route";
import type { Access, Claim, GrantState, StateName } from "./service-rows";
import { sign, type Sign } from "./signs";

export interface View {
  title: string;
  element: HTMLElement;
  /** Runs when the element is in the document: tables measure where they are, and dialogs open. */
  shown?: () => void;
  close?: () => void;
}

/** States have a sign, a word and a colour: none of them is needed to tell them apart. */
const STATE_SIGNS: Record<StateName, Sign> = {
  used: "dot",
  implied: "half",
  unused: "ring",
  unobservable: "dash",
  uncovered: "question",
};

export const STATE_HELP: Record<StateName, string> = {
  used: "An attempt shows it.",
  implied: "A call of another action may have exercised it.",
  unused: "No attempt shows it on the days that were read, though the trail would have shown one.",
  unobservable: "No attempt shows it, and the trail would not have shown one.",
  uncovered: "Too few days of the account's trail were read to tell.",
};

function badge(className: string, shape: Sign, text: string, help: string): HTMLElement {
  return h("span", { class: `state ${className}`, title: help }, sign(shape), text);
}

/** What a row is: its state, or with AWS's tracking whether an access is known. */
export function stateBadge(claim: Claim | null, last: Access | null, grant: GrantState): HTMLElement {
  if (grant === "ungranted") {
    return badge("ungranted", "triangle", "used, not granted", "It was used although no permission policy grants it now.");
  }
  if (grant === "unknown") {
    return badge("ungranted", "triangle", "used, unknown service", "The catalog does not have the service.");
  }
  if (claim !== null) return badge(claim.state, STATE_SIGNS[claim.state], claim.state, claim.reason || STATE_HELP[claim.state]);
  return last === null
    ? badge("none", "ring", "no access known", "No attempt is known in the tracking period.")
    : badge("used", "dot", "accessed", "An attempt shows it.");
}

/** A time: how long ago, and when exactly. */
export function when(seconds: number, now: number, never = "never"): HTMLElement {
  if (seconds < 0) return h("span", { class: "never" }, never);
  return h("time", { datetime: new Date(seconds * 1000).toISOString(), title: instant(seconds) }, ago(seconds, now));
}

/** The same in two lines, for a cell of a table. */
export function whenCell(seconds: number, now: number): HTMLElement {
  if (seconds < 0) return when(seconds, now, "not known");
  return h("span", { class: "exact" }, when(seconds, now), h("small", {}, instant(seconds).slice(0, 10)));
}

/** Date and time, for a cell of a table. */
export function exactly(access: Pick<Access, "time"> | null, now: number): HTMLElement {
  if (access === null) return h("span", { class: "never" }, "–");
  return h(
    "span",
    { class: "exact" },
    h("time", { datetime: new Date(access.time * 1000).toISOString() }, instant(access.time).slice(0, 10), h("span", { class: "clock" }, instant(access.time).slice(10).replace(" UTC", ""))),
    h("small", {}, ago(access.time, now)),
  );
}

/** `12 of 80`, with a bar. */
export function share(part: number, of: number): HTMLElement {
  const fill = h("span", { class: "fill" });
  fill.style.width = of === 0 ? "0" : `${(part / of) * 100}%`;
  return h(
    "span",
    { class: "share" },
    h("span", { class: "numbers" }, number(part), h("span", { class: "of" }, " of "), number(of)),
    h("span", { class: "bar", "aria-hidden": "true" }, fill),
  );
}

export function tile(label: string, value: string, detail: string, href?: string, title?: string): HTMLElement {
  const content = [h("span", { class: "label" }, label), h("strong", {}, value), h("span", { class: "detail" }, detail)];
  return href === undefined ? h("div", { class: "tile", title }, content) : h("a", { class: "tile", href, title }, content);
}

export function wideCard(title: string, content: HTMLElement): HTMLElement {
  return h("section", { class: "card across" }, h("h2", {}, title), content);
}

export function card(title: string, ...content: (HTMLElement | SVGElement | null)[]): HTMLElement {
  return h("section", { class: "card" }, h("h2", {}, title), content);
}

/** The name at the end of an ARN, without its path. */
export function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** A link to the page of an entity, if the file has it; its path and name, or a shorter name, with the ARN as tooltip. */
export function entityLink(reports: Reports, arn: string, name = arn.slice(arn.indexOf("/") + 1)): HTMLElement {
  const row = reports.row(arn);
  if (row === undefined) return h("span", { class: "text", title: arn }, name);
  return h("a", { href: entityHref(reports, row), title: arn }, name);
}

export function entityHref(reports: Reports, row: number): string {
  return link(reports.kindOf(row) === "policy" ? "policy" : "identity", reports.arn[row]);
}

/** Copies a text, which must be printable: people paste it into terminals, where a line end runs what is before it. */
export function copyButton(what: string, text: () => string): HTMLElement {
  const said = h("span", { role: "status", class: "said" });
  const copy = (): void => {
    navigator.clipboard
      .writeText(text())
      .then(() => "copied", () => "the browser does not allow copying")
      .then((result) => {
        said.textContent = result;
        setTimeout(() => (said.textContent = ""), 3000);
      });
  };
  return h("span", { class: "copy" }, h("button", { type: "button", onclick: copy }, `Copy ${what}`), said);
}

/** The days of an account's trail that must have been read before anything of it is called unused, unless they are set: `--min-coverage`. */
const USUAL_DAYS_NEEDED = 90;

/** How far "not used" can be trusted. */
export function trustText(reports: Reports): string {
  const { coverage } = reports.index;
  if (coverage === null) return "";
  const [worst] = [...coverage.Accounts].sort((left, right) => left.DaysRead - right.DaysRead);
  if (worst === undefined) return "No account was read.";
  const of = coverage.WindowDays === undefined ? "" : ` of ${number(coverage.WindowDays)}`;
  const where = coverage.Accounts.length > 1 ? ` (account ${worst.Account}; more in others)` : "";
  const gaps = worst.Gaps.length === 0 ? "without a gap" : `with ${count(worst.Gaps.length, "gap")}`;
  const unknown = coverage.HasUnknownSources ? " Some of the activity does not say what it covers." : "";
  const needed = reports.index.hasStates && worst.DaysRead < coverage.DaysNeeded ? ` Nothing is called unused before ${number(coverage.DaysNeeded)} days were read.` : "";
  const lowered = reports.index.hasStates && coverage.DaysNeeded !== USUAL_DAYS_NEEDED ? ` Something is called unused from ${count(coverage.DaysNeeded, "read day")} on; the default is ${USUAL_DAYS_NEEDED}.` : "";
  return `${number(worst.DaysRead)}${of} days of the trail were read, ${gaps}${where}.${needed}${lowered}${unknown}`;
}

/** What to do where something was left out. */
export function limitAdvice(reports: Reports): string {
  return reports.isServed ? "start a report on it to see all of it" : "--html-limit sets another, --arn selects reports";
}

export function shareText(part: number, of: number): string {
  return of === 0 ? "" : `${percent(part, of)} of ${number(of)}`;
}
