// What reports can be about, at /ui: the list of all identities and policies, and the page that starts a report on one.

import { h, printable } from "./dom";
import { Filters, matchesEntity, wordsOf } from "./filters";
import { number } from "./format";
import { jobTable } from "./jobs";
import { all, call, isProblem, messageOf, startedJobs, type About } from "./live";
import { nameOf, type View } from "./parts";
import { link } from "./route";
import { VirtualTable } from "./virtual";

/** More entities of a kind are not listed. */
const MOST_LISTED = 20_000;

interface Entity {
  kind: string;
  name: string;
  arn: string;
}

const LISTS: { kind: string; operation: string; list: string; name: string }[] = [
  { kind: "user", operation: "ListUsers", list: "Users", name: "UserName" },
  { kind: "role", operation: "ListRoles", list: "Roles", name: "RoleName" },
  { kind: "group", operation: "ListGroups", list: "Groups", name: "GroupName" },
  { kind: "policy", operation: "ListPolicies", list: "Policies", name: "PolicyName" },
];

/** All of them that the caller may list. `note` says why it is shown instead of an overview. */
export async function entityList({ denied }: About, note: string | null): Promise<View> {
  const problems: string[] = note === null ? [] : [note];
  const allowed = LISTS.filter(({ operation }) => !denied.has(operation));
  const withheld = LISTS.filter(({ operation }) => denied.has(operation)).map(({ list }) => list.toLowerCase());
  if (withheld.length > 0) problems.push(`You have no right to list ${withheld.length === LISTS.length ? "identities and policies" : withheld.join(" and ")}. Of what you may have a report on, give the ARN.`);
  const lists = await Promise.all(
    allowed.map(async ({ kind, operation, list, name }) => {
      try {
        const { items, isCut } = await all<Record<string, string>>(operation, list, {}, MOST_LISTED);
        if (isCut) problems.push(`Only the first ${number(items.length)} of kind ${kind} are listed.`);
        return items.map((item): Entity => ({ kind, name: item[name] ?? "", arn: item["Arn"] ?? "" }));
      } catch (error) {
        if (isProblem(error, "NotSignedIn") || isProblem(error, "ConnectionLost")) throw error;
        problems.push(`${operation}: ${messageOf(error)}`);
        return [];
      }
    }),
  );
  const found = lists.flat();
  const filters = new Filters(
    [{ key: "kind", label: "Kind", options: LISTS.map(({ kind }) => ({ value: kind, label: kind })) }],
    "Search names and ARNs",
    [],
    () => update(),
  );
  const table = new VirtualTable<Entity>({
    label: "Identities and policies",
    className: "short",
    columns: [
      { title: "Name", className: "name", cell: (row) => h("a", { href: link("entity", row.arn) }, row.name) },
      { title: "Kind", className: "kind", below: "", cell: (row) => row.kind },
      { title: "ARN", below: "", cell: (row) => h("code", { title: row.arn }, row.arn) },
    ],
  });
  const update = (): void => {
    const words = wordsOf(filters.get("q"));
    const kind = filters.get("kind");
    const shown = found.filter((it) => (kind === "" || it.kind === kind) && matchesEntity(it.arn, words));
    table.setRows(shown);
    filters.setShown(shown.length, found.length);
  };
  const title = "Identities and policies";
  const notes: HTMLElement[] = problems.map((text) => h("p", { class: "left-out", role: "note" }, text));
  if (allowed.length === 0) return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), notes, byArn()), close: () => table.close() };
  if (withheld.length > 0) notes.push(byArn());
  return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), notes, filters.element, table.element), shown: update, close: () => table.close() };
}

/** Leads to the page that starts a report on an ARN. */
function byArn(): HTMLElement {
  const input = h("input", { name: "arn", type: "text", required: true, autocomplete: "off", spellcheck: "false", placeholder: "arn:aws:iam::111122223333:role/name" });
  const submit = (event: Event): void => {
    event.preventDefault();
    location.hash = link("entity", input.value.trim());
  };
  return h("form", { class: "by-arn", onsubmit: submit }, h("label", {}, "Report on an ARN", input), h("button", { type: "submit", class: "main-button" }, "Choose"));
}

/** Starts a report, and lists those that were started. */
export async function entity({ denied }: About, arn: string): Promise<View> {
  const problem = h("p", { class: "problem", role: "alert" });
  let isStarting = false;
  const start = async (granularity: string): Promise<void> => {
    // A second press would make a second job.
    if (isStarting) return;
    isStarting = true;
    problem.textContent = "";
    try {
      const answer = await call("GenerateServiceLastAccessedDetails", { Arn: arn, Granularity: granularity });
      location.hash = link("report", String(answer["JobId"]));
    } catch (error) {
      problem.textContent = printable(messageOf(error));
    } finally {
      isStarting = false;
    }
  };
  const button = (label: string, granularity: string): HTMLElement => h("button", { type: "button", class: "main-button", onclick: () => void start(granularity) }, label);
  const mayRead = !denied.has("GetServiceLastAccessedDetails");
  const earlier = mayRead ? (await startedJobs()).jobs.filter((job) => job.Arn === arn) : [];
  const table = jobTable(earlier);
  const element = h(
    "div",
    {},
    h("h1", { tabindex: -1 }, nameOf(arn)),
    h("p", { class: "arn" }, h("code", {}, arn)),
    h("p", { class: "buttons" }, button("Report on services", "SERVICE_LEVEL"), button("Report on services and actions", "ACTION_LEVEL")),
    problem,
    earlier.length > 0 && [h("h2", {}, "Your reports on it"), table.element],
  );
  return { ...table, title: nameOf(arn), element };
}
