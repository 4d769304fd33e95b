// The pages at /ui of a server: sign in, start a report, watch it, and open it.

import { h, printable, type Child } from "./dom";
import { Filters, matches, wordsOf } from "./filters";
import { number } from "./format";
import { identity } from "./identity";
import { all, call, isProblem, signIn, signOut, whoAmI, type Credential } from "./live";
import type { View } from "./parts";
import { link, parse } from "./route";
import { servedReport, type JobJson } from "./served-report";
import { VirtualTable } from "./virtual";

/** More entities of a kind are not listed. */
const MOST_LISTED = 20_000;
const POLL_MILLIS = 1_000;

interface Entity {
  kind: string;
  name: string;
  arn: string;
}

interface StartedJob {
  id: string;
  arn: string;
  granularity: string;
}

const LISTS: { kind: string; operation: string; list: string; name: string }[] = [
  { kind: "user", operation: "ListUsers", list: "Users", name: "UserName" },
  { kind: "role", operation: "ListRoles", list: "Roles", name: "RoleName" },
  { kind: "group", operation: "ListGroups", list: "Groups", name: "GroupName" },
  { kind: "policy", operation: "ListPolicies", list: "Policies", name: "PolicyName" },
];

/** The reports that were started in this tab. */
class Jobs {
  private static readonly KEY = "access-advisor-jobs";
  readonly list: StartedJob[] = JSON.parse(sessionStorage.getItem(Jobs.KEY) ?? "[]") as StartedJob[];

  add(job: StartedJob): void {
    this.list.unshift(job);
    sessionStorage.setItem(Jobs.KEY, JSON.stringify(this.list.slice(0, 200)));
  }

  clear(): void {
    this.list.length = 0;
    sessionStorage.removeItem(Jobs.KEY);
  }
}

const jobs = new Jobs();

function page(title: string, ...content: Child[]): View {
  return { title, element: h("div", {}, h("h1", { tabindex: -1 }, title), content) };
}

function signInForm(done: (arn: string) => void): HTMLElement {
  const field = (label: string, name: keyof Credential, type: string, isRequired: boolean): HTMLElement =>
    h("label", {}, label, h("input", { name, type, required: isRequired, autocomplete: type === "password" ? "current-password" : "username", spellcheck: "false" }));
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const values = new FormData(form);
    const text = (name: keyof Credential): string => String(values.get(name) ?? "").trim();
    const token = text("SessionToken");
    problem.textContent = "";
    try {
      done(await signIn({ AccessKeyId: text("AccessKeyId"), SecretAccessKey: text("SecretAccessKey"), ...(token === "" ? {} : { SessionToken: token }) }));
    } catch (error) {
      problem.textContent = printable(error instanceof Error ? error.message : String(error));
    }
  };
  const form = h(
    "form",
    {
      class: "sign-in card",
      onsubmit: (event) => {
        event.preventDefault();
        void submit(form);
      },
    },
    h("h1", { tabindex: -1 }, "Sign in"),
    h("p", {}, "With an access key of the server's credentials file."),
    field("Access key ID", "AccessKeyId", "text", true),
    field("Secret access key", "SecretAccessKey", "password", true),
    field("Session token, if the key has one", "SessionToken", "password", false),
    problem,
    h("button", { type: "submit", class: "main-button" }, "Sign in"),
  );
  return h("main", { id: "main" }, form);
}

async function entities(): Promise<View> {
  const problems: string[] = [];
  const lists = await Promise.all(
    LISTS.map(async ({ kind, operation, list, name }) => {
      try {
        const { items, isCut } = await all<Record<string, string>>(operation, list, {}, MOST_LISTED);
        if (isCut) problems.push(`Only the first ${number(items.length)} of kind ${kind} are listed.`);
        return items.map((item): Entity => ({ kind, name: item[name] ?? "", arn: item["Arn"] ?? "" }));
      } catch (error) {
        if (isProblem(error, "NotSignedIn")) throw error;
        problems.push(`${operation}: ${error instanceof Error ? error.message : String(error)}`);
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
    rowHeight: 44,
    columns: [
      { title: "Name", className: "name", cell: (row) => h("a", { href: link("entity", row.arn) }, row.name) },
      { title: "Kind", className: "kind", cell: (row) => row.kind },
      { title: "ARN", cell: (row) => h("code", { title: row.arn }, row.arn) },
    ],
  });
  const update = (): void => {
    const words = wordsOf(filters.get("q"));
    const kind = filters.get("kind");
    const shown = found.filter((it) => (kind === "" || it.kind === kind) && matches(`${it.name} ${it.arn}`.toLowerCase(), words));
    table.setRows(shown);
    filters.setCount(shown.length === found.length ? number(found.length) : `${number(shown.length)} of ${number(found.length)}`);
  };
  queueMicrotask(update);
  const notes = problems.map((text) => h("p", { class: "left-out", role: "note" }, text));
  const view = page("Identities and policies", notes, filters.element, table.element);
  return { ...view, close: () => table.close() };
}

function entity(arn: string): View {
  const problem = h("p", { class: "problem", role: "alert" });
  const start = async (granularity: string): Promise<void> => {
    problem.textContent = "";
    try {
      const answer = await call("GenerateServiceLastAccessedDetails", { Arn: arn, Granularity: granularity });
      const id = String(answer["JobId"]);
      jobs.add({ id, arn, granularity });
      location.hash = link("report", id);
    } catch (error) {
      problem.textContent = printable(error instanceof Error ? error.message : String(error));
    }
  };
  const button = (label: string, granularity: string): HTMLElement => h("button", { type: "button", class: "main-button", onclick: () => void start(granularity) }, label);
  const earlier = jobs.list.filter((job) => job.arn === arn);
  return page(
    arn.slice(arn.indexOf("/") + 1),
    h("p", { class: "arn" }, h("code", {}, arn)),
    h("p", { class: "buttons" }, button("Report on services", "SERVICE_LEVEL"), button("Report on services and actions", "ACTION_LEVEL")),
    problem,
    earlier.length > 0 && [h("h2", {}, "Reports of this session"), jobList(earlier)],
  );
}

function jobList(list: StartedJob[]): HTMLElement {
  return h(
    "ul",
    { class: "list" },
    list.map((job) => h("li", {}, h("a", { href: link("report", job.id) }, job.arn), h("small", {}, job.granularity === "ACTION_LEVEL" ? "services and actions" : "services"))),
  );
}

function reports(): View {
  return page("Reports of this session", jobs.list.length === 0 ? h("p", { class: "empty" }, "None yet: choose an identity or a policy.") : jobList(jobs.list));
}

/** Waits for a job, and shows its report. */
function report(id: string): View {
  const arn = jobs.list.find((job) => job.id === id)?.arn ?? "";
  const status = h("p", { role: "status", class: "job-status" }, "Waiting for the report ...");
  const element = h("div", {}, h("h1", { tabindex: -1 }, arn === "" ? "Report" : arn.slice(arn.indexOf("/") + 1)), status);
  let isClosed = false;
  let shown: View | undefined;
  const watch = async (): Promise<void> => {
    for (;;) {
      const job = (await call("GetServiceLastAccessedDetails", { JobId: id, MaxItems: "1" })) as unknown as JobJson;
      if (isClosed) return;
      if (job.JobStatus === "FAILED") {
        status.textContent = printable(`The report could not be made: ${job.Error?.Message ?? "no reason is given"}`);
        return;
      }
      if (job.JobStatus === "COMPLETED") break;
      await new Promise((resume) => setTimeout(resume, POLL_MILLIS));
    }
    const { items, first } = await all<never>("GetServiceLastAccessedDetails", "ServicesLastAccessed", { JobId: id }, Number.POSITIVE_INFINITY);
    const view = await identity(servedReport(arn || id, first as unknown as JobJson, items), arn || id);
    if (isClosed) {
      view.close?.();
      return;
    }
    shown = view;
    element.replaceChildren(view.element);
    dispatchEvent(new Event("resize"));
  };
  watch().catch((error: unknown) => {
    status.textContent = printable(error instanceof Error ? error.message : String(error));
  });
  return {
    title: "Report",
    element,
    close: () => {
      isClosed = true;
      shown?.close?.();
    },
  };
}

async function viewOf(): Promise<View> {
  const route = parse(location.hash);
  switch (route.view) {
    case "overview":
    case "entities":
    case "identities":
    case "policies":
      return entities();
    case "entity":
    case "identity":
    case "policy":
      return entity(route.of);
    case "report":
      return report(route.of);
    case "reports":
      return reports();
    default:
      return page("No such page", h("p", {}, h("a", { href: link("entities") }, "Identities and policies")));
  }
}

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) return;
  let current: View | undefined;
  const askToSignIn = (): void => {
    current?.close?.();
    current = undefined;
    document.title = "Sign in – Access Advisor";
    app.replaceChildren(signInForm((arn) => void signedIn(arn)));
    document.documentElement.dataset["ready"] = "true";
  };
  let main: HTMLElement | undefined;
  const show = async (): Promise<void> => {
    try {
      const view = await viewOf();
      current?.close?.();
      current = view;
      document.title = printable(`${view.title} – Access Advisor`);
      main?.replaceChildren(view.element);
      main?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: "instant" });
      dispatchEvent(new Event("resize"));
    } catch (error) {
      if (isProblem(error, "NotSignedIn")) askToSignIn();
      else main?.replaceChildren(page("This page cannot be shown", h("p", { role: "alert" }, String(error))).element);
    }
  };
  const signedIn = async (arn: string): Promise<void> => {
    main = h("main", { id: "main" });
    const leave = (): void => {
      jobs.clear();
      signOut().then(askToSignIn, askToSignIn);
    };
    app.replaceChildren(
      h(
        "header",
        {},
        h("div", { class: "brand" }, h("strong", {}, "Access Advisor"), h("span", { class: "as-of" }, arn)),
        h("nav", { "aria-label": "Views" }, h("ul", {}, h("li", {}, h("a", { href: link("entities") }, "Identities and policies")), h("li", {}, h("a", { href: link("reports") }, "Reports")))),
        h("button", { type: "button", class: "sign-out", onclick: leave }, "Sign out"),
      ),
      main,
    );
    await show();
    document.documentElement.dataset["ready"] = "true";
  };
  addEventListener("hashchange", () => {
    if (main !== undefined && current !== undefined) void show();
  });
  const caller = await whoAmI();
  if (caller === null) askToSignIn();
  else await signedIn(caller);
}

void start();
