// The services of a report and their actions: what is shown of them, and what is saved.

import { windowOf } from "./charts";
import { csv, download } from "./csv";
import type { Report, Reports } from "./data";
import { h } from "./dom";
import { explanation, grantingLines, grantingPolicies, namespacedName } from "./explanation";
import { Filters, matches, sortOf, wordsOf } from "./filters";
import { count, dayOf, iso, number } from "./format";
import { entityLink, exactly, nameOf, stateBadge } from "./parts";
import { keep, kept } from "./place";
import { link } from "./route";
import { STATES, type Access, type ActionRow, type GrantState, type ServiceRow } from "./service-rows";
import { VirtualTable, type Column } from "./virtual";

/** A service of which something matches the filters. */
interface Match {
  service: ServiceRow;
  /** Whether it matches itself, or stands above actions that do. */
  isMatch: boolean;
  /** Its actions that match. */
  actions: () => ActionRow[];
}

/** A line of the table: a service, or one of its actions. */
interface Line extends Match {
  action: ActionRow | null;
}

/** Services, which open to show their actions. */
export class ServiceTable {
  readonly element: HTMLElement;
  /** The namespaces of those that are open, and of those that were closed though a filter opened them. */
  private readonly open: Set<string>;
  private readonly closed = new Set<string>();
  private readonly table: VirtualTable<Line>;
  private readonly filters: Filters;
  private readonly actions = new Map<ServiceRow, ActionRow[]>();
  private filtered = "";
  private shownMatches: Match[] = [];
  private readonly paperNote = h("p", { class: "note print-only" });
  private readonly dialog = h("dialog", { class: "why", onclose: () => this.filters.note("explain", "") });

  constructor(
    private readonly reports: Reports,
    private readonly report: Report,
    private readonly name: string,
    /** Whether the file has the statements that grant something. */
    private readonly hasStatements: boolean,
    /** Whether it is on a user or role, which used itself what it used. */
    private readonly isOfOne: boolean,
  ) {
    const open = kept("open");
    this.open = new Set(Array.isArray(open) ? open.map(String) : []);
    this.table = new VirtualTable<Line>({
      label: `Services and actions of ${name}`,
      columns: this.columns(),
      className: ["services", hasStatements ? "with-grants" : "", isOfOne ? "of-one" : ""].filter(Boolean).join(" "),
      keyOf: ({ service, action }) => action ?? service,
      rowClass: (line) => (line.action === null ? "service" : "action"),
      onSort: (key) => this.filters.set("sort", this.sort() === `-${key}` ? key : `-${key}`),
    });
    const hasActions = reports.isActionLevel;
    const all = h("button", { type: "button", onclick: () => this.toggleAll() }, "Open or close all");
    const save = h("button", { type: "button", onclick: () => download(`${name}.csv`, csv(this.csvRows())) }, "Save as CSV");
    const states = reports.index.hasStates
      ? [{ value: "needed", label: "needed: used or implied" }, ...STATES.map((value) => ({ value, label: value }))]
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
    this.element = h("section", { class: "plain" }, h("h2", {}, hasActions ? "Services and actions" : "Services"), this.filters.element, this.paperNote, this.table.element, this.dialog);
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
    const service = this.report.services.find((it) => this.namespaceOf(it) === namespace);
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

  private namespaceOf(service: ServiceRow): string {
    return namespacedName(this.reports, service, null);
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
    const { key, isDescending } = sortOf(this.sort());
    const sign = isDescending ? -1 : 1;
    const value = {
      last: (it: ServiceRow) => it.last?.time ?? -1,
      actions: (it: ServiceRow) => it.actionCount,
      state: (it: ServiceRow) => -(it.grant === "granted" ? STATES.indexOf(it.claim?.state ?? (it.last === null ? "uncovered" : "used")) : -1),
    }[key];
    this.table.setSort(key, isDescending);
    if (value === undefined) return isDescending ? [...this.report.services].reverse() : this.report.services;
    return [...this.report.services].sort((left, right) => sign * (value(left) - value(right)));
  }

  /** What matches the filters. Without any, that is everything. */
  private matches(): Match[] {
    const words = wordsOf(this.filters.get("q"));
    const state = this.filters.get("state");
    if (!this.filters.isActive) return this.sorted().map((service) => ({ service, isMatch: true, actions: () => this.actionsOf(service) }));
    return this.sorted().flatMap((service) => {
      const summary = this.reports.index.services[service.service];
      const isFound = matches(`${summary?.namespace} ${summary?.name}`.toLowerCase(), words);
      const isMatch = isFound && isIn(state, service.claim?.state, service.last !== null, service.grant);
      const actions = this.actionsOf(service).filter(
        (action) =>
          isIn(state, action.claim?.state, action.last !== null, grantOf(service, action)) &&
          (isFound || matches(`${summary?.namespace}:${action.name}`.toLowerCase(), words)),
      );
      return isMatch || actions.length > 0 ? { service, isMatch, actions: () => actions } : [];
    });
  }

  private update(): void {
    const filtered = `${this.filters.get("state")} ${this.filters.get("q")}`;
    if (this.filtered !== filtered) this.closed.clear();
    this.filtered = filtered;
    this.shownMatches = this.matches();
    this.table.setRows(this.shownMatches.flatMap((it) => [{ ...it, action: null }, ...(this.isOpen(it) ? it.actions().map((action) => ({ ...it, action })) : [])]));
    const closed = this.shownMatches.filter((it) => !this.isOpen(it)).reduce((sum, it) => sum + it.actions().length, 0);
    this.paperNote.textContent = closed === 0 ? "" : `${count(closed, "action")} of closed services not on paper: open them before printing, filter by state, or save them as CSV.`;
    const of = count(this.report.services.length, "service");
    const found = (): string => (this.reports.isActionLevel ? `, ${count(this.shownMatches.reduce((sum, it) => sum + it.actions().length, 0), "action")}` : "");
    this.filters.setCount(this.filters.isActive ? `${number(this.shownMatches.length)} of ${of}${found()}` : of);
  }

  /** A filter opens what has matching actions, unless all of the service was searched for by its name. */
  private isOpen({ service, isMatch, actions }: Match): boolean {
    const namespace = this.namespaceOf(service);
    if (this.open.has(namespace)) return true;
    const isOpened = this.filters.isActive && (!isMatch || this.filters.get("state") !== "") && actions().length > 0;
    return isOpened && !this.closed.has(namespace);
  }

  private toggle(match: Match): void {
    const namespace = this.namespaceOf(match.service);
    if (this.isOpen(match)) {
      this.open.delete(namespace);
      this.closed.add(namespace);
    } else {
      this.open.add(namespace);
    }
    this.keepOpen();
    this.element.querySelector<HTMLElement>(`button[data-service="${CSS.escape(namespace)}"]`)?.focus();
  }

  private toggleAll(): void {
    const withActions = this.shownMatches.filter((it) => it.actions().length > 0);
    const isAnyOpen = withActions.some((it) => this.isOpen(it));
    this.open.clear();
    this.closed.clear();
    for (const { service } of withActions) (isAnyOpen ? this.closed : this.open).add(this.namespaceOf(service));
    this.keepOpen();
  }

  /** So that who comes back finds the page as it was. */
  private keepOpen(): void {
    keep("open", [...this.open]);
    this.update();
  }

  private columns(): Column<Line>[] {
    const now = this.reports.index.now;
    const isActionLevel = this.reports.isActionLevel;
    return [
      { title: isActionLevel ? "Service or action" : "Service", className: "name", sort: "name", cell: (line) => this.nameCell(line) },
      { title: "State", className: "state", sort: "state", cell: ({ service, action }) => this.stateCell(service, action) },
      { title: "Last use, UTC", className: "last", sort: "last", cell: ({ service, action }) => this.lastCell((action ?? service).last, now) },
      ...(this.isOfOne ? [] : [{ title: "By", className: "by", below: "by", cell: ({ service, action }: Line) => this.byCell((action ?? service).last?.entity) }]),
      { title: "Region", className: "region", below: "in", cell: ({ service, action }) => (action ?? service).last?.region ?? "" },
      {
        title: isActionLevel ? "Actions used" : "Users and roles",
        className: "number",
        below: isActionLevel ? "" : "users and roles",
        ...(isActionLevel ? { sort: "actions" } : {}),
        cell: ({ service, action }) => {
          if (action !== null) return h("span", { class: "level" }, action.level);
          if (!isActionLevel) return number(service.entities);
          return service.actionCount === 0 ? "" : h("span", {}, `${number(service.actionsUsed)} of ${number(service.actionCount)}`, h("span", { class: "narrow-only" }, " actions used"));
        },
      },
      ...(!this.hasStatements ? [] : [{ title: "Granted by", className: "granted", below: "granted by", cell: ({ service, action }: Line) => this.grantedCell(service, action) }]),
    ];
  }

  private nameCell(line: Line): HTMLElement {
    const { service, action } = line;
    if (action !== null) return h("span", { class: "service" }, h("code", { class: "action" }, action.name));
    const namespace = this.namespaceOf(service);
    const label = h("span", { class: "service-name" }, h("span", {}, this.reports.index.services[service.service]?.name ?? ""), h("small", {}, namespace));
    // Pages of services need the reports on all identities.
    const page = this.reports.index.coverage !== null && h("a", { href: link("service", namespace), class: "page", title: `Who may use ${namespace}`, "aria-label": `Who may use ${namespace}` }, "who");
    if (line.actions().length === 0) return h("span", { class: "service" }, label, page);
    return h(
      "span",
      { class: "service" },
      h(
        "button",
        { type: "button", class: "opener", "aria-expanded": String(this.isOpen(line)), "data-service": namespace, onclick: () => this.toggle(line) },
        h("span", { class: "arrow", "aria-hidden": "true" }),
        label,
      ),
      page,
    );
  }

  private stateCell(service: ServiceRow, action: ActionRow | null): HTMLElement {
    const claim = (action ?? service).claim;
    const grant = action === null ? service.grant : grantOf(service, action);
    const state = stateBadge(claim, (action ?? service).last, grant);
    return h("span", { class: "state-cell" }, state, h("small", { title: claim?.reason }, claim?.reason ?? ""));
  }

  /** The policies that grant it; opens the explanation. */
  private grantedCell(service: ServiceRow, action: ActionRow | null): HTMLElement | string {
    if (service.grant !== "granted" || action?.granted === false) return "";
    const policies = service.statements === null ? ["not found out"] : grantingPolicies(this.report, service, action);
    const [first] = policies;
    if (first === undefined) return "";
    const asked = namespacedName(this.reports, service, action);
    const more = policies.length > 1 && h("small", {}, `+${policies.length - 1}`);
    return h("button", { type: "button", class: "why", title: `Why it may use ${asked}: ${policies.join(", ")}`, onclick: () => void this.explain(service, action) }, h("span", {}, first), more);
  }

  private lastCell(last: Access | null, now: number): HTMLElement {
    const cell = exactly(last, now);
    const { coverage } = this.reports.index;
    if (last !== null && coverage !== null && dayOf(last.time) < windowOf(coverage)[0]) cell.append(h("small", { class: "before" }, "before the period"));
    return cell;
  }

  private byCell(arn: string | undefined): HTMLElement | string {
    return arn === undefined ? "" : entityLink(this.reports, arn, nameOf(arn));
  }

  /** What matches the filters, open or closed. */
  private *csvRows(): Generator<(string | number)[]> {
    yield ["ServiceNamespace", "ServiceName", "ActionName", "Granted", "State", "StateReason", "LastAccessed", "LastAccessedEntity", "LastAccessedRegion", "GrantedBy"];
    for (const { service, isMatch, actions } of this.shownMatches) {
      if (isMatch) yield this.csvRow(service, null);
      for (const action of actions()) yield this.csvRow(service, action);
    }
  }

  private csvRow(service: ServiceRow, action: ActionRow | null): (string | number)[] {
    const summary = this.reports.index.services[service.service];
    const { claim, last } = action ?? service;
    const granted = action === null ? { granted: "true", ungranted: "false", unknown: "" }[service.grant] : String(action.granted);
    return [
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

function grantOf(service: ServiceRow, action: ActionRow): GrantState {
  return action.granted ? "granted" : service.grant === "unknown" ? "unknown" : "ungranted";
}

/** Whether a row is in a state. What is not granted has none of them, as its badge says. */
function isIn(filter: string, state: string | undefined, isUsed: boolean, grant: GrantState): boolean {
  if (filter === "") return true;
  if (grant !== "granted") return filter === "ungranted";
  if (filter === "needed") return state === "used" || state === "implied";
  if (state !== undefined) return state === filter;
  return filter === (isUsed ? "used" : "none");
}
