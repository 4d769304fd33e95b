// The table of all services, and the page of one: who may use it, and who did.

import { csv, download } from "./csv";
import { Kept, type Reports, type ServiceSummary } from "./data";
import { h } from "./dom";
import { Filters, matches, matchesEntity, sortOf, wordsOf } from "./filters";
import { ago, count, instant, iso, number } from "./format";
import { missing } from "./identity";
import { entityHref, exactly, share, shareText, stateBadge, tile, whenCell, type View } from "./parts";
import { link } from "./route";
import type { ServiceRow } from "./service-rows";
import { VirtualTable, type Column } from "./virtual";

export function services(reports: Reports): View {
  const all = reports.index.services;
  const now = reports.index.now;
  const keys: Record<string, (service: ServiceSummary) => number | string> = {
    name: (service) => service.name.toLowerCase(),
    granted: (service) => service.granted,
    used: (service) => service.used,
    last: (service) => service.last ?? -1,
    actions: (service) => service.actionsGranted,
  };
  const actions: Column<ServiceSummary> = {
    title: "Actions used",
    help: "Actions that someone performed, of those that someone may perform",
    sort: "actions",
    below: "actions used",
    cell: (service) => share(service.actionsUsed, service.actionsGranted),
  };
  let shown = all;
  const save = h("button", { type: "button", onclick: () => download("services.csv", csv(csvRows(shown))) }, "Save as CSV");
  const filters = new Filters(
    [{ key: "use", label: "Use", options: [{ value: "used", label: "used by someone" }, { value: "unused", label: "no use known" }, { value: "ungranted", label: "used, not granted" }] }],
    "Search services",
    [save],
    () => update(),
  );
  const table = new VirtualTable<ServiceSummary>({
    label: "Services",
    columns: [
      {
        title: "Service",
        sort: "name",
        className: "name",
        cell: (service) => h("span", { class: "name" }, h("a", { href: link("service", service.namespace) }, service.name), h("small", {}, service.namespace)),
      },
      { title: "Last use", sort: "last", className: "last", cell: (service) => whenCell(service.last ?? -1, now) },
      { title: "Users and roles that use it", help: "Of those that may", sort: "granted", className: "users", cell: (service) => share(service.used, service.granted) },
      ...(reports.isActionLevel ? [actions] : []),
      { title: "Used without grant", className: "number", below: "without grant", cell: (service) => (service.ungranted === 0 ? "" : number(service.ungranted)) },
    ],
    onSort: (key) => filters.set("sort", filters.get("sort") === `-${key}` ? key : `-${key}`),
  });
  const update = (): void => {
    const words = wordsOf(filters.get("q"));
    const use = filters.get("use");
    shown = all.filter(
      (service) =>
        matches(`${service.namespace} ${service.name}`.toLowerCase(), words) &&
        (use === "" || { used: service.used > 0, unused: service.used === 0, ungranted: service.ungranted > 0 }[use] === true),
    );
    const sort = sortOf(filters.get("sort") || "-granted");
    const key = keys[sort.key] ?? (() => 0);
    const sign = sort.isDescending ? -1 : 1;
    shown.sort((left, right) => (key(left) < key(right) ? -sign : key(left) > key(right) ? sign : 0));
    table.setSort(sort.key, sort.isDescending);
    table.setRows(shown);
    filters.setShown(shown.length, all.length);
  };
  return {
    title: "Services",
    element: h("div", {}, h("h1", { tabindex: -1 }, "Services"), filters.element, table.element),
    shown: update,
    close: () => table.close(),
  };
}

function* csvRows(services: ServiceSummary[]): Generator<(string | number)[]> {
  yield ["ServiceNamespace", "ServiceName", "LastAccessed", "Granted", "Used", "UsedWithoutGrant", "ActionsGranted", "ActionsUsed"];
  for (const it of services) {
    yield [it.namespace, it.name, it.last === null ? "" : iso(it.last), it.granted, it.used, it.ungranted, it.actionsGranted, it.actionsUsed];
  }
}

interface Holder {
  row: number;
  service: ServiceRow;
}

export function service(reports: Reports, namespace: string): View {
  const numbers = reports.index.services.flatMap((it, number) => (it.namespace === namespace ? [number] : []));
  const summary = reports.index.services[numbers[0] ?? -1];
  if (summary === undefined) return missing("Not in this report", `No report has the service ${namespace}.`);
  const identities = reports.rows("user", "role");
  const now = reports.index.now;
  const holders: Holder[] = [];
  let shown: Holder[] = [];
  let isClosed = false;

  const save = h("button", { type: "button", onclick: () => download(`${namespace}.csv`, csv(holderRows(reports, namespace, shown))) }, "Save as CSV");
  const filters = new Filters(
    [{ key: "use", label: "Use", options: [{ value: "used", label: "used it" }, { value: "unused", label: "no use known" }, { value: "ungranted", label: "used, not granted" }] }],
    "Search users and roles",
    [save],
    () => update(),
  );
  const table = new VirtualTable<Holder>({
    label: `Users and roles that may use ${summary.name}`,
    columns: [
      {
        title: "User or role",
        className: "name",
        cell: ({ row }) =>
          h("span", { class: "name" }, h("a", { href: entityHref(reports, row), title: reports.arn[row] }, reports.name[row]), h("small", {}, reports.kindOf(row))),
      },
      { title: "State", className: "state", cell: ({ service: it }) => stateBadge(it.claim, it.last, it.grant) },
      { title: "Last use, UTC", className: "last exact", cell: ({ service: it }) => exactly(it.last, now) },
      { title: "Region", className: "region", below: "in", cell: ({ service: it }) => it.last?.region ?? "" },
      { title: "Actions used", below: "actions used", cell: ({ service: it }) => (it.actionCount === 0 ? "" : share(it.actionsUsed, it.actionCount)) },
    ],
  });
  const update = (): void => {
    const words = wordsOf(filters.get("q"));
    const use = filters.get("use");
    shown = holders.filter(
      ({ row, service: it }) =>
        matchesEntity(reports.arn[row] ?? "", words) &&
        (use === "" || { used: it.last !== null, unused: it.last === null, ungranted: it.grant !== "granted" }[use] === true),
    );
    table.setRows(shown);
    filters.setShown(shown.length, holders.length);
  };
  const progress = h("p", { class: "looking", role: "status" });
  const collect = async (): Promise<void> => {
    let done = 0;
    let paused = performance.now();
    for await (const { row, found } of reports.eachOfServices(new Set(numbers), identities)) {
      for (const service of found) holders.push({ row, service });
      done += 1;
      if (performance.now() - paused > 50) {
        progress.textContent = `Looking through ${number(done)} of ${number(identities.length)} reports`;
        await new Promise((resume) => setTimeout(resume));
        paused = performance.now();
      }
      if (isClosed) return;
    }
    holders.sort((left, right) => (right.service.last?.time ?? -1) - (left.service.last?.time ?? -1) || left.row - right.row);
    progress.textContent = "";
    update();
  };
  const leftOut = identities.filter((row) => reports.kept[row] === Kept.Row).length;
  const element = h(
    "div",
    {},
    h("p", { class: "crumbs" }, h("a", { href: link("services") }, "Services")),
    h("h1", { tabindex: -1 }, summary.name),
    h("p", { class: "arn" }, h("code", {}, namespace)),
    h(
      "div",
      { class: "tiles" },
      tile("Users and roles that may use it", number(summary.granted), shareText(summary.granted, identities.length)),
      tile("Used it", number(summary.used), shareText(summary.used, summary.granted)),
      tile("Last use", summary.last === null ? "not known" : ago(summary.last, now), summary.last === null ? "in the tracking period" : instant(summary.last)),
      reports.isActionLevel && tile("Actions performed", number(summary.actionsUsed), `of ${count(summary.actionsGranted, "action")} that someone may perform`),
      summary.ungranted > 0 && tile("Used without a grant", number(summary.ungranted), "users and roles"),
    ),
    leftOut > 0 && h("p", { class: "left-out", role: "note" }, `The services of ${number(leftOut)} of ${count(identities.length, "user or role", "users and roles")} were left out to stay within the limit of the pages. They are counted above and not listed here.`),
    filters.element,
    progress,
    table.element,
  );
  return {
    title: summary.name,
    element,
    shown: () => void collect(),
    close: () => {
      isClosed = true;
      table.close();
    },
  };
}

function* holderRows(reports: Reports, namespace: string, holders: Holder[]): Generator<(string | number)[]> {
  yield ["Arn", "Path", "Tags", "ServiceNamespace", "Granted", "State", "LastAccessed", "LastAccessedRegion", "ActionsGranted", "ActionsUsed"];
  for (const { row, service: it } of holders) {
    const granted = { granted: "true", ungranted: "false", unknown: "" }[it.grant];
    yield [reports.arn[row] ?? "", reports.path[row] ?? "", (reports.tags[row] ?? []).join("; "), namespace, granted, it.claim?.state ?? "", it.last === null ? "" : iso(it.last.time), it.last?.region ?? "", it.actionCount, it.actionsUsed];
  }
}
