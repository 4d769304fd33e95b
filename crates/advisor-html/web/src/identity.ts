// The page of one user, role, group or managed policy.

import { calendar, windowOf } from "./charts";
import { csv, download } from "./csv";
import { Kept, type Coverage, type Kind, type Report, type Reports } from "./data";
import { removable, removableTitle } from "./decisions";
import { h, printable } from "./dom";
import { explanation, grantingLines, grantingPolicies, namespacedName } from "./explanation";
import { findingList } from "./findings";
import { Filters, matches, wordsOf } from "./filters";
import { count, instant, iso, number } from "./format";
import { card, copyButton, entityLink, exactly, limitAdvice, nameOf, shareText, stateBadge, tile, when, type View } from "./parts";
import { foldedDocument, policyDocument } from "./policy-document";
import { rightsizedPolicies } from "./rightsized";
import { link } from "./route";
import { STATES, type ActionRow, type ServiceRow } from "./service-rows";
import { VirtualTable, type Column } from "./virtual";

const DAY_TITLES: Record<Kind, string> = {
  user: "Days with attempts",
  role: "Days with attempts",
  group: "Days with attempts of its members",
  policy: "Days with attempts of those who have it, whatever granted them",
};

/** A line of the table: a service, or one of its actions. */
interface Line {
  service: ServiceRow;
  action: ActionRow | null;
}

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
  const table = new ServiceTable(reports, report, name, hasStatements);
  const own = kind === "policy" ? (report.policies[0]?.document ?? null) : null;
  parts.push(
    warnings(report, reports.undecided[row] ?? 0),
    report.findings.length > 0 ? card("Findings", findingList(report.findings, reports.index.now)) : null,
    report.rightsized === null ? null : card("Right-sized policies", await rightsizedPolicies(reports, report, report.rightsized)),
    reports.index.coverage && card(DAY_TITLES[kind], days(reports.index.coverage, reports, report, row)),
    h("div", { class: "cards" }, related(reports, report, row)),
    own === null ? null : card("Policy document", await policyDocument(reports, report, own, name, "anyone who has it")),
    table.element,
  );
  return { title: name, element: h("div", {}, parts), shown: () => table.shown(), close: () => table.close() };
}

export function missing(title: string, text: string): View {
  return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), h("p", {}, text), h("p", {}, h("a", { href: link("overview") }, "Overview"))) };
}

function facts(reports: Reports, row: number): HTMLElement {
  const now = reports.index.now;
  const last = reports.last[row] ?? -1;
  const created = reports.created[row] ?? -1;
  const [services, servicesUsed] = [reports.services[row] ?? 0, reports.servicesUsed[row] ?? 0];
  const [actions, actionsUsed] = [reports.actions[row] ?? 0, reports.actionsUsed[row] ?? 0];
  return h(
    "div",
    {},
    h(
      "p",
      { class: "facts" },
      `Account ${reports.account[row]}`,
      (reports.tags[row] ?? []).map((tag) => h("span", { class: "tag" }, tag)),
      created >= 0 && [" · created ", when(created, now)],
      " · as of ",
      instant(Math.floor(now)),
    ),
    h(
      "div",
      { class: "tiles" },
      tile("Last use", last < 0 ? "not known" : (when(last, now).textContent ?? ""), last < 0 ? "in the tracking period" : instant(last)),
      tile("Services used", number(servicesUsed), shareText(servicesUsed, services)),
      reports.isActionLevel && tile("Actions used", number(actionsUsed), shareText(actionsUsed, actions)),
      tile(removableTitle(reports), number(removable(reports, row)), `granted ${reports.isActionLevel ? "actions" : "services"}`),
      (reports.ungranted[row] ?? 0) > 0 && tile("Used, not granted", number(reports.ungranted[row] ?? 0), "no permission policy grants it now"),
    ),
  );
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
        h("small", {}, policy.arn === "" ? "inline" : policy.arn.includes("::aws:") ? "AWS managed" : "managed"),
        policy.group !== "" && [" by group ", entityLink(reports, policy.group)],
        policy.document !== null && foldedDocument(reports, report, policy.document, policy.name),
      ),
    );
    parts.push(card("Policies", h("ul", { class: "list" }, policies)));
  }
  const titles = { user: "Groups", role: "", group: "Members", policy: "Who has it" };
  const kind = reports.kindOf(row);
  if (kind !== "role" && (report.related.length > 0 || kind === "policy")) {
    const members = report.related.map((arn) => {
      const of = reports.row(arn);
      return h("li", {}, entityLink(reports, arn), h("small", {}, of === undefined ? "" : reports.kindOf(of)), of !== undefined && when(reports.last[of] ?? -1, reports.index.now, "no use known"));
    });
    const shown = members.slice(0, 200);
    const more = members.length - shown.length;
    parts.push(
      card(
        titles[kind],
        members.length === 0 ? h("p", { class: "empty" }, "It is not attached to anything.") : h("ul", { class: "list" }, shown),
        more > 0 ? h("p", { class: "note" }, `and ${number(more)} more`) : null,
      ),
    );
  }
  return parts;
}

/** Services, which open to show their actions. */
class ServiceTable {
  readonly element: HTMLElement;
  private readonly open = new Set<ServiceRow>();
  private readonly table: VirtualTable<Line>;
  private readonly filters: Filters;
  private readonly actions = new Map<ServiceRow, ActionRow[]>();
  private lines: Line[] = [];
  private readonly dialog = h("dialog", { class: "why", onclose: () => this.filters.note("explain", "") });

  constructor(
    private readonly reports: Reports,
    private readonly report: Report,
    private readonly name: string,
    /** Whether the file has the statements that grant something. */
    private readonly hasStatements: boolean,
  ) {
    this.table = new VirtualTable<Line>({
      label: `Services and actions of ${name}`,
      columns: this.columns(),
      className: hasStatements ? "services with-grants" : "services",
      rowClass: (line) => (line.action === null ? "service" : "action"),
      onSort: (key) => this.filters.set("sort", this.sort() === `-${key}` ? key : `-${key}`),
    });
    const hasActions = reports.isActionLevel;
    const all = h("button", { type: "button", onclick: () => this.toggleAll() }, "Open or close all");
    const save = h("button", { type: "button", onclick: () => download(`${name}.csv`, csv(this.csvRows())) }, "Save as CSV");
    const states = reports.index.hasStates
      ? ["used", "implied", "unused", "unobservable", "uncovered"].map((value) => ({ value, label: value }))
      : [
          { value: "used", label: "accessed" },
          { value: "none", label: "no access known" },
        ];
    this.filters = new Filters(
      [{ key: "state", label: "State", options: [...states, { value: "ungranted", label: "used, not granted" }] }],
      hasActions ? "Search services and actions" : "Search services",
      hasActions ? [all, save] : [save],
      () => this.update(),
    );
    this.element = h("section", { class: "plain" }, h("h2", {}, hasActions ? "Services and actions" : "Services"), this.filters.element, this.table.element, this.dialog);
  }

  shown(): void {
    this.update();
    this.explainAsked();
  }

  close(): void {
    this.table.close();
  }

  /** Shows the explanation that the address asks for. */
  private explainAsked(): void {
    const asked = this.filters.get("explain");
    const [namespace = "", name] = asked.split(":");
    const service = this.report.services.find((it) => this.reports.index.services[it.service]?.namespace === namespace);
    const action = name === undefined || service === undefined ? null : this.actionsOf(service).find((it) => it.name === name);
    if (service !== undefined && action !== undefined) void this.explain(service, action);
  }

  private async explain(service: ServiceRow, action: ActionRow | null): Promise<void> {
    const asked = namespacedName(this.reports, service, action);
    const content = await explanation(this.reports, this.report, this.name, service, action).catch((error: unknown) => h("p", { role: "alert" }, String(error)));
    const title = h("h2", { id: "why-title", tabindex: -1 }, `Why ${this.name} may use `, h("code", {}, asked));
    this.dialog.setAttribute("aria-labelledby", "why-title");
    this.dialog.replaceChildren(h("div", { class: "why-head" }, title, h("button", { type: "button", onclick: () => this.dialog.close() }, "Close")), content);
    this.filters.note("explain", asked);
    if (!this.dialog.open && this.dialog.isConnected) this.dialog.showModal();
    title.focus();
  }

  private actionsOf(service: ServiceRow): ActionRow[] {
    let actions = this.actions.get(service);
    if (actions === undefined) {
      actions = service.actions();
      this.actions.set(service, actions);
    }
    return actions;
  }

  /** What was used last stands first. */
  private sort(): string {
    return this.filters.get("sort") || "-last";
  }

  /** The services in the order that is asked for. Those that compare equal keep the order of the report. */
  private sorted(): ServiceRow[] {
    const sort = this.sort();
    const sign = sort.startsWith("-") ? -1 : 1;
    const key = {
      last: (it: ServiceRow) => it.last?.time ?? -1,
      actions: (it: ServiceRow) => it.actionCount,
      state: (it: ServiceRow) => -(it.grant === "granted" ? STATES.indexOf(it.claim?.state ?? (it.last === null ? "uncovered" : "used")) : -1),
    }[sort.replace(/^-/, "")];
    this.table.setSort(sort.replace(/^-/, ""), sort.startsWith("-"));
    if (key === undefined) return sort.startsWith("-") ? [...this.report.services].reverse() : this.report.services;
    return [...this.report.services].sort((left, right) => sign * (key(left) - key(right)));
  }

  private update(): void {
    const words = wordsOf(this.filters.get("q"));
    const state = this.filters.get("state");
    const isFiltered = words.length > 0 || state !== "";
    this.lines = [];
    let services = 0;
    for (const service of this.sorted()) {
      const summary = this.reports.index.services[service.service];
      const text = `${summary?.namespace} ${summary?.name}`.toLowerCase();
      const isFound = matches(text, words);
      const ofService = this.isIn(state, service.claim?.state, service.last !== null, service.grant !== "granted");
      const actions = (isFiltered || this.open.has(service) ? this.actionsOf(service) : []).filter(
        (action) =>
          this.isIn(state, action.claim?.state, action.last !== null, !action.granted) &&
          (isFound || matches(`${summary?.namespace}:${action.name}`.toLowerCase(), words)),
      );
      if (actions.length === 0 && !(isFound && ofService)) continue;
      services += 1;
      this.lines.push({ service, action: null });
      // A search shows what it found, if that is not just the service.
      if (this.open.has(service) || (isFiltered && !isFound)) {
        for (const action of actions) this.lines.push({ service, action });
      }
    }
    this.table.setRows(this.lines);
    const of = this.report.services.length;
    this.filters.setCount(services === of ? count(of, "service") : `${number(services)} of ${count(of, "service")}`);
  }

  private isIn(filter: string, state: string | undefined, isUsed: boolean, isUngranted: boolean): boolean {
    if (filter === "") return true;
    if (filter === "ungranted") return isUngranted;
    if (state !== undefined) return state === filter;
    return filter === "used" ? isUsed : !isUsed;
  }

  private toggle(service: ServiceRow): void {
    if (!this.open.delete(service)) this.open.add(service);
    this.update();
    const namespace = this.reports.index.services[service.service]?.namespace ?? "";
    this.element.querySelector<HTMLElement>(`button[data-service="${CSS.escape(namespace)}"]`)?.focus();
  }

  private toggleAll(): void {
    const withActions = this.report.services.filter((service) => this.actionsOf(service).length > 0);
    if (this.open.size > 0) this.open.clear();
    else for (const service of withActions) this.open.add(service);
    this.update();
  }

  private columns(): Column<Line>[] {
    const now = this.reports.index.now;
    return [
      { title: this.reports.isActionLevel ? "Service or action" : "Service", className: "name", sort: "name", cell: (line) => this.nameCell(line) },
      { title: "State", className: "state", sort: "state", cell: ({ service, action }) => this.stateCell(service, action) },
      { title: "Last use, UTC", className: "last", sort: "last", cell: ({ service, action }) => exactly((action ?? service).last, now) },
      { title: "By", className: "by", cell: ({ service, action }) => this.byCell((action ?? service).last?.entity) },
      { title: "Region", className: "region", cell: ({ service, action }) => h("span", { class: "text" }, (action ?? service).last?.region ?? "") },
      {
        title: this.reports.isActionLevel ? "Actions used" : "Users and roles",
        className: "number wide-only",
        ...(this.reports.isActionLevel ? { sort: "actions" } : {}),
        cell: ({ service, action }) => {
          if (action !== null) return h("span", { class: "level" }, action.level);
          if (!this.reports.isActionLevel) return number(service.entities);
          return service.actionCount === 0 ? "" : `${number(service.actionsUsed)} of ${number(service.actionCount)}`;
        },
      },
      ...(!this.hasStatements ? [] : [{ title: "Granted by", className: "granted", cell: ({ service, action }: Line) => this.grantedCell(service, action) }]),
    ];
  }

  private nameCell({ service, action }: Line): HTMLElement {
    const summary = this.reports.index.services[service.service];
    const why = service.grant === "granted" && action?.granted !== false && this.hasStatements && h("button", { type: "button", class: "why narrow-only", onclick: () => void this.explain(service, action) }, "why");
    if (action !== null) return h("span", { class: "service" }, h("code", { class: "action" }, action.name), why);
    const namespace = summary?.namespace ?? "";
    const label = h("span", { class: "service-name" }, h("span", {}, summary?.name ?? ""), h("small", {}, namespace));
    // Pages of services need the reports on all identities.
    const page = this.reports.index.coverage !== null && h("a", { href: link("service", namespace), class: "page", title: `Who may use ${namespace}`, "aria-label": `Who may use ${namespace}` }, "who");
    if (this.actionsOf(service).length === 0) return h("span", { class: "service" }, label, page, why);
    const isOpen = this.open.has(service);
    return h(
      "span",
      { class: "service" },
      h(
        "button",
        { type: "button", class: "opener", "aria-expanded": String(isOpen), "data-service": namespace, onclick: () => this.toggle(service) },
        h("span", { class: "arrow", "aria-hidden": "true" }),
        label,
      ),
      page,
      why,
    );
  }

  private stateCell(service: ServiceRow, action: ActionRow | null): HTMLElement {
    const claim = (action ?? service).claim;
    const grant = action === null ? service.grant : action.granted ? "granted" : "ungranted";
    const state = stateBadge(claim, (action ?? service).last, grant);
    return h("span", { class: "state-cell" }, state, h("small", { title: claim?.reason }, claim?.reason ?? ""));
  }

  /** The policies that grant it; opens the explanation. */
  private grantedCell(service: ServiceRow, action: ActionRow | null): HTMLElement {
    if (service.grant !== "granted" || action?.granted === false) return h("span", {});
    const policies = service.statements === null ? ["not found out"] : grantingPolicies(this.report, service, action);
    const [first] = policies;
    if (first === undefined) return h("span", {});
    const asked = namespacedName(this.reports, service, action);
    const more = policies.length > 1 && h("small", {}, `+${policies.length - 1}`);
    return h("button", { type: "button", class: "why", title: `Why it may use ${asked}: ${policies.join(", ")}`, onclick: () => void this.explain(service, action) }, h("span", {}, first), more);
  }

  private byCell(arn: string | undefined): HTMLElement {
    return arn === undefined ? h("span", {}) : entityLink(this.reports, arn, nameOf(arn));
  }

  private *csvRows(): Generator<(string | number)[]> {
    yield ["ServiceNamespace", "ServiceName", "ActionName", "Granted", "State", "StateReason", "LastAccessed", "LastAccessedEntity", "LastAccessedRegion", "GrantedBy"];
    for (const { service, action } of this.lines) {
      const summary = this.reports.index.services[service.service];
      const { claim, last } = action ?? service;
      const granted = action === null ? { granted: "true", ungranted: "false", unknown: "" }[service.grant] : String(action.granted);
      yield [
        summary?.namespace ?? "",
        summary?.name ?? "",
        action?.name ?? "",
        granted,
        claim?.state ?? "",
        claim?.reason ?? "",
        last === null ? "" : iso(last.time),
        last?.entity ?? "",
        last?.region ?? "",
        grantingLines(this.report, service, action).join("; "),
      ];
    }
  }
}
