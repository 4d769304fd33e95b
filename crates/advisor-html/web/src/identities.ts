// The tables of all users, roles and groups, and of all managed policies.

import { csv, download } from "./csv";
import type { Kind, Reports, Severity } from "./data";
import { removable, removableTitle } from "./decisions";
import { h, printable } from "./dom";
import { kindTitle, SEVERITIES, severityBadge, severityRank, worstOf } from "./findings";
import { Filters, matchesEntity, sortOf, wordsOf, type Choice } from "./filters";
import { count, iso, number } from "./format";
import { ageOf, AGES, NEVER } from "./overview";
import { entityHref, share, whenCell, type View } from "./parts";
import { sign } from "./signs";
import { VirtualTable, type Column } from "./virtual";

const STATE_FILTERS: { value: string; label: string; holds: (reports: Reports, row: number) => boolean }[] = [
  { value: "none", label: "with grants without a known access", holds: (reports, row) => removable(reports, row) > 0 },
  { value: "used", label: "with a known use", holds: (reports, row) => (reports.servicesUsed[row] ?? 0) > 0 },
  { value: "implied", label: "with implied use", holds: (reports, row) => (reports.states[1]?.[row] ?? 0) > 0 },
  { value: "unused", label: "with unused grants", holds: (reports, row) => removable(reports, row) > 0 },
  { value: "unobservable", label: "with unobservable grants", holds: (reports, row) => (reports.states[3]?.[row] ?? 0) > 0 },
  { value: "uncovered", label: "with uncovered grants", holds: (reports, row) => (reports.states[4]?.[row] ?? 0) > 0 },
  { value: "ungranted", label: "with use that nothing grants", holds: (reports, row) => (reports.ungranted[row] ?? 0) > 0 },
  { value: "incomplete", label: "with policies not evaluated", holds: (reports, row) => (reports.notEvaluated[row] ?? 0) + (reports.undecided[row] ?? 0) > 0 },
];

/** Columns by which the table sorts, each with what is compared: texts or numbers. */
function sortKeys(reports: Reports): Record<string, (row: number) => string | number> {
  return {
    name: (row) => reports.name[row]?.toLowerCase() ?? "",
    kind: (row) => reports.kind[row] ?? 0,
    account: (row) => reports.account[row] ?? "",
    last: (row) => reports.last[row] ?? -1,
    services: (row) => reports.services[row] ?? 0,
    actions: (row) => reports.actions[row] ?? 0,
    removable: (row) => removable(reports, row),
    days: (row) => reports.days[row] ?? 0,
    findings: (row) => findingRank(reports, row),
  };
}

function sorted(reports: Reports, rows: number[], key: string, descending: boolean): number[] {
  const of = sortKeys(reports)[key] ?? (() => 0);
  const keys = new Map(rows.map((row) => [row, of(row)]));
  const sign = descending ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [a, b] = [keys.get(left) ?? 0, keys.get(right) ?? 0];
    return (a < b ? -sign : a > b ? sign : 0) || left - right;
  });
}

function columnsOf(reports: Reports, hasAccounts: boolean): Column<number>[] {
  const now = reports.index.now;
  const kind: Column<number>[] = [{ title: "Kind", sort: "kind", className: "kind", below: "", cell: (row) => reports.kindOf(row) }];
  const account: Column<number>[] = [
    { title: "Account", sort: "account", className: "account number", below: "account", cell: (row) => reports.account[row] ?? "" },
  ];
  const actions: Column<number>[] = [
    {
      title: "Actions used",
      help: "Granted actions of which a use is known, of those that are tracked",
      sort: "actions",
      below: "actions used",
      cell: (row) => share(reports.actionsUsed[row] ?? 0, reports.actions[row] ?? 0),
    },
  ];
  const findings: Column<number> = {
    title: "Findings",
    sort: "findings",
    className: "findings",
    cell: (row) => worst(reports, row),
  };
  const noun = reports.isActionLevel ? "actions" : "services";
  return [
    { title: "Name", sort: "name", className: "name", cell: (row) => nameCell(reports, row) },
    ...kind,
    ...(hasAccounts ? account : []),
    { title: "Last use", sort: "last", className: "last", cell: (row) => whenCell(reports.last[row] ?? -1, now) },
    {
      title: "Services used",
      help: "Granted services of which a use is known",
      sort: "services",
      below: "services used",
      cell: (row) => share(reports.servicesUsed[row] ?? 0, reports.services[row] ?? 0),
    },
    ...(reports.isActionLevel ? actions : []),
    {
      title: removableTitle(reports),
      help: reports.index.hasStates ? `Granted ${noun} that are known to be unused` : `Granted ${noun} of which no access is known`,
      sort: "removable",
      className: "number removable",
      cell: (row) => (reports.isOnlyBoundary(row) ? h("span", { class: "never", title: "A permissions boundary grants nothing" }, "–") : number(removable(reports, row))),
    },
    ...(reports.index.findings === null ? [] : [findings]),
    { title: "Days active", sort: "days", className: "number", below: "days active", cell: (row) => number(reports.days[row] ?? 0) },
  ];
}

function worstSeverity(reports: Reports, row: number): Severity | undefined {
  return worstOf(reports.findingsOn(row));
}

/** The worst severity among the findings on a row, and how many there are. */
function worst(reports: Reports, row: number): HTMLElement | string {
  const found = reports.findingsOn(row);
  const severity = worstSeverity(reports, row);
  if (severity === undefined) return "";
  return h("span", { class: "exact" }, severityBadge(severity, severity === "informational" ? "info" : severity), h("small", {}, count(found.length, "finding")));
}

/** Sorts by the worst severity, and then by what removing grants wins. */
function findingRank(reports: Reports, row: number): number {
  return severityRank(worstSeverity(reports, row)) * 1e9 + removable(reports, row);
}

function nameCell(reports: Reports, row: number): HTMLElement {
  const path = reports.path[row] ?? "/";
  const isIncomplete = (reports.notEvaluated[row] ?? 0) + (reports.undecided[row] ?? 0) > 0;
  return h(
    "span",
    { class: "name" },
    h("a", { href: entityHref(reports, row), title: reports.arn[row] }, reports.name[row]),
    h(
      "small",
      {},
      isIncomplete && h("span", { class: "warn", title: "Some of its policies could not be evaluated" }, [sign("triangle"), "incomplete "]),
      path === "/" ? "" : path,
    ),
  );
}

function distinct(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

function choices(reports: Reports, all: number[], isPolicies: boolean, { accounts, paths, tags }: Record<"accounts" | "paths" | "tags", string[]>): Choice[] {
  const list = (values: string[]): { value: string; label: string }[] => values.map((value) => ({ value, label: value }));
  const folders = distinct(paths.flatMap(foldersOf)).filter((path) => path !== "/");
  const found = new Set(all.flatMap((row) => reports.findingsOn(row).map(({ kind }) => kind)));
  const kindsFound = (reports.index.findings?.kinds ?? []).filter((kind) => found.has(kind));
  const states = STATE_FILTERS.filter(({ value }) => (reports.index.hasStates ? value !== "none" : !["implied", "unused", "unobservable", "uncovered"].includes(value)));
  const kinds = [{ value: "identity", label: "users and roles" }, ...list(["user", "role", "group"])];
  const ages = [...AGES, ...NEVER].map(({ key, label }) => ({ value: key, label }));
  return [
    { key: "kind", label: "Kind", options: isPolicies ? [] : kinds },
    { key: "account", label: "Account", options: accounts.length > 1 ? list(accounts) : [] },
    { key: "state", label: "State", options: states },
    { key: "age", label: "Last use", options: ages },
    { key: "tag", label: "Tag", options: list(tags.map(printable)), isTyped: true },
    { key: "finding", label: "Finding", options: kindsFound.map((value) => ({ value, label: kindTitle(value) })) },
    { key: "severity", label: "Severity", options: kindsFound.length > 0 ? list(SEVERITIES) : [] },
    { key: "path", label: "Path", options: list(folders), isTyped: true },
  ];
}

/** A path and those that it is in: `/`, `/a/` and `/a/b/` of `/a/b/`. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return ["/", ...parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}/`)].map(printable);
}

/** Of all tags those that are meant: the one that is given as a whole, or those that begin like it. */
function tagsLike(all: string[], tag: string): Set<string> {
  const whole = all.filter((it) => printable(it) === tag);
  return new Set(whole.length > 0 ? whole : all.filter((it) => printable(it).toLowerCase().startsWith(tag.toLowerCase())));
}

/** Of all paths those that are in a folder, with or without its first slash. */
function pathsIn(all: string[], folder: string): Set<string> {
  const beginning = folder.startsWith("/") ? folder : `/${folder}`;
  return new Set(all.filter((it) => printable(it).startsWith(beginning)));
}

/** The table of these kinds. */
export function identities(reports: Reports, kinds: Kind[], title: string): View {
  const all = reports.rows(...kinds);
  const isPolicies = kinds[0] === "policy";
  const accounts = distinct(all.map((row) => reports.account[row] ?? ""));
  const paths = distinct(all.map((row) => reports.path[row] ?? "/"));
  const tags = distinct(all.flatMap((row) => reports.tags[row] ?? []));
  let shown: number[] = [];

  const save = h("button", { type: "button", onclick: () => download(isPolicies ? "policies.csv" : "identities.csv", csv(csvRows(reports, shown))) }, "Save as CSV");
  const filters = new Filters(choices(reports, all, isPolicies, { accounts, paths, tags }), "Search names and ARNs", [save], () => update());
  const columns = columnsOf(reports, accounts.length > 1).filter((column) => !(isPolicies && column.sort === "kind"));
  const table = new VirtualTable<number>({
    label: title,
    columns,
    onSort: (key) => filters.set("sort", sortedBy === `-${key}` ? key : `-${key}`),
  });
  const empty = h("p", { class: "empty" });

  // What to look at first stands first.
  const usual = all.some((row) => reports.findingsOn(row).length > 0) ? "-findings" : "-removable";
  let sortedBy = "";
  let inOrder = all;
  const update = (): void => {
    const sort = filters.get("sort") || usual;
    if (sort !== sortedBy) {
      sortedBy = sort;
      const { key, isDescending } = sortOf(sort);
      inOrder = sorted(reports, all, key, isDescending);
      table.setSort(key, isDescending);
    }
    const words = wordsOf(filters.get("q"));
    const [kind, account, path, age, tag] = ["kind", "account", "path", "age", "tag"].map((key) => filters.get(key));
    const [finding, severity] = [filters.get("finding"), filters.get("severity")];
    const isFound = (row: number): boolean =>
      reports.findingsOn(row).some((it) => (!finding || it.kind === finding) && (!severity || it.severity === severity));
    const likeTag = tag ? tagsLike(tags, tag) : null;
    const inFolder = path ? pathsIn(paths, path) : null;
    const state = STATE_FILTERS.find(({ value }) => value === filters.get("state"));
    shown = inOrder.filter(
      (row) =>
        (!kind || reports.kindOf(row) === kind || (kind === "identity" && reports.kindOf(row) !== "group")) &&
        (!account || reports.account[row] === account) &&
        (inFolder === null || inFolder.has(reports.path[row] ?? "/")) &&
        (likeTag === null || (reports.tags[row] ?? []).some((it) => likeTag.has(it))) &&
        ((!finding && !severity) || isFound(row)) &&
        (!age || ageOf(reports, row) === age) &&
        (state === undefined || state.holds(reports, row)) &&
        matchesEntity(reports.arn[row] ?? "", words),
    );
    table.setRows(shown);
    filters.setShown(shown.length, all.length);
    const noun = isPolicies ? "policy" : "identity";
    empty.textContent = shown.length > 0 ? "" : all.length === 0 ? `This report has no ${noun}.` : `No ${noun} is like that.`;
  };
  const element = h("div", {}, h("h1", { tabindex: -1 }, title), filters.element, table.element, empty);
  return { title, element, shown: update, close: () => table.close() };
}

function* csvRows(reports: Reports, rows: number[]): Generator<(string | number)[]> {
  const header = ["Arn", "Kind", "Account", "Path", "Tags", "LastAccessed", "ServicesGranted", "ServicesUsed", "ActionsGranted", "ActionsUsed"];
  yield [...header, "Used", "Implied", "Unused", "Unobservable", "Uncovered", "UsedWithoutGrant", "DaysActive", "Findings", "WorstSeverity"];
  for (const row of rows) {
    const last = reports.last[row] ?? -1;
    yield [
      reports.arn[row] ?? "",
      reports.kindOf(row),
      reports.account[row] ?? "",
      reports.path[row] ?? "",
      (reports.tags[row] ?? []).join("; "),
      last < 0 ? "" : iso(last),
      reports.services[row] ?? 0,
      reports.servicesUsed[row] ?? 0,
      reports.isActionLevel ? (reports.actions[row] ?? 0) : "",
      reports.isActionLevel ? (reports.actionsUsed[row] ?? 0) : "",
      ...reports.states.map((column, state) => (reports.index.hasStates ? (state === 2 ? removable(reports, row) : (column[row] ?? 0)) : "")),
      reports.ungranted[row] ?? 0,
      reports.days[row] ?? 0,
      reports.index.findings === null ? "" : reports.findingsOn(row).length,
      worstSeverity(reports, row) ?? "",
    ];
  }
}

