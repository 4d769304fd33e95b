// The pages at /ui of a server: sign in, start a report, watch it, and open it.

import { h, printable, type Child } from "./dom";
import { Filters, matchesEntity, wordsOf } from "./filters";
import { count, instant, number } from "./format";
import { gathered, forget } from "./gathered";
import { identity } from "./identity";
import { all, call, isProblem, signIn, signOut, startedJobs, whoAmI, type Credential, type StartedJob } from "./live";
import { exactly, nameOf, type View } from "./parts";
import { keepPlaces, place } from "./place";
import { openWhilePrinting } from "./printing";
import { link, parse } from "./route";
import { servedReport, type JobJson } from "./served-report";
import { TABS, viewOf } from "./views";
import { VirtualTable } from "./virtual";

/** More entities of a kind are not listed. */
const MOST_LISTED = 20_000;
const POLL_MILLIS = 1_000;

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

async function entities(problem: string | null = null): Promise<View> {
  const problems: string[] = problem === null ? [] : [`There is no overview: ${problem}`];
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
    columns: [
      { title: "Name", className: "name", cell: (row) => h("a", { href: link("entity", row.arn) }, row.name) },
      { title: "Kind", className: "kind", cell: (row) => row.kind },
      { title: "ARN", cell: (row) => h("code", { title: row.arn }, row.arn) },
    ],
  });
  const update = (): void => {
    const words = wordsOf(filters.get("q"));
    const kind = filters.get("kind");
    const shown = found.filter((it) => (kind === "" || it.kind === kind) && matchesEntity(it.arn, words));
    table.setRows(shown);
    filters.setCount(shown.length === found.length ? number(found.length) : `${number(shown.length)} of ${number(found.length)}`);
  };
  const notes = problems.map((text) => h("p", { class: "left-out", role: "note" }, text));
  const view = page("Identities and policies", notes, filters.element, table.element);
  return { ...view, shown: update, close: () => table.close() };
}

async function entity(arn: string): Promise<View> {
  const problem = h("p", { class: "problem", role: "alert" });
  const start = async (granularity: string): Promise<void> => {
    problem.textContent = "";
    try {
      const answer = await call("GenerateServiceLastAccessedDetails", { Arn: arn, Granularity: granularity });
      location.hash = link("report", String(answer["JobId"]));
    } catch (error) {
      problem.textContent = printable(error instanceof Error ? error.message : String(error));
    }
  };
  const button = (label: string, granularity: string): HTMLElement => h("button", { type: "button", class: "main-button", onclick: () => void start(granularity) }, label);
  const earlier = (await startedJobs()).jobs.filter((job) => job.Arn === arn);
  const table = jobTable(earlier);
  const view = page(
    nameOf(arn),
    h("p", { class: "arn" }, h("code", {}, arn)),
    h("p", { class: "buttons" }, button("Report on services", "SERVICE_LEVEL"), button("Report on services and actions", "ACTION_LEVEL")),
    problem,
    earlier.length > 0 && [h("h2", {}, "Your reports on it"), table.element],
  );
  return { ...table, ...view };
}

const STATUSES: Record<string, string> = { COMPLETED: "finished", IN_PROGRESS: "in progress", FAILED: "failed", gone: "deleted" };

/** A table of jobs, as the rest of a view. It follows those that are in progress. */
function jobTable(list: StartedJob[]): Required<Omit<View, "title">> {
  const now = Date.now() / 1000;
  const table = new VirtualTable<StartedJob>({
    label: "Your reports",
    columns: [
      { title: "Report on", className: "name", cell: (job) => h("span", { class: "name" }, h("a", { href: link("report", job.JobId), title: job.Arn }, nameOf(job.Arn)), h("small", {}, job.Arn)) },
      { title: "Of", className: "by", cell: (job) => (job.Granularity === "ACTION_LEVEL" ? "services and actions" : "services") },
      { title: "Started, UTC", className: "last exact", cell: (job) => exactly({ time: job.Created }, now) },
      { title: "Status", className: "status", cell: (job) => STATUSES[job.Status] ?? job.Status },
    ],
  });
  let isClosed = false;
  const follow = async (): Promise<void> => {
    let jobs = list;
    while (jobs.some((job) => job.Status === "IN_PROGRESS")) {
      await new Promise((resume) => setTimeout(resume, POLL_MILLIS));
      if (isClosed) return;
      const now = new Map((await startedJobs()).jobs.map((job) => [job.JobId, job]));
      const next = jobs.map((job) => now.get(job.JobId) ?? { ...job, Status: "gone" });
      if (next.every((job, at) => job.Status === jobs[at]?.Status)) continue;
      jobs = next;
      const focused = document.activeElement?.getAttribute("href");
      table.setRows(jobs);
      if (focused) table.element.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  };
  const shown = (): void => {
    table.setRows(list);
    // What it cannot ask for is asked for again when the page is.
    follow().catch(() => undefined);
  };
  const close = (): void => {
    isClosed = true;
    table.close();
  };
  return { element: table.element, shown, close };
}

async function reports(): Promise<View> {
  const { jobs, isCut } = await startedJobs();
  if (jobs.length === 0) return page("Your reports", h("p", { class: "empty" }, "None yet: ", h("a", { href: link("entities") }, "choose an identity or a policy"), "."));
  const table = jobTable(jobs);
  const view = page("Your reports", isCut && h("p", { class: "left-out", role: "note" }, `Only the newest ${number(jobs.length)} are listed.`), table.element);
  return { ...table, ...view };
}

/** A view of the gathered reports; null when there are none, or not on what the address names. */
async function gatheredView(): Promise<View | null> {
  const route = parse(location.hash);
  const { reports: found, leftOut, hasOlderJobs } = await gathered();
  if (found === null) return null;
  const isOfOne = route.view === "identity" || route.view === "policy";
  if (isOfOne && found.row(route.of) === undefined) return null;
  const view = await viewOf(found, route);
  const refresh = (): void => {
    forget();
    dispatchEvent(new HashChangeEvent("hashchange"));
  };
  const note = h(
    "p",
    { class: "gathered", role: "note" },
    `Made at ${instant(found.index.now)} on the ${count(found.length, "identity or policy", "identities and policies")} of your finished reports.`,
    leftOut > 0 && h("strong", {}, `${count(leftOut, "older one")} left out: there was not enough time to make them.`),
    hasOlderJobs && h("strong", {}, "Your oldest jobs were not looked at."),
    h("button", { type: "button", onclick: refresh }, "Make again"),
    isOfOne && h("a", { href: link("entity", route.of) }, "Start a report"),
  );
  view.element.prepend(note);
  return view;
}

/** Waits for a job, and shows its report. */
function report(id: string): View {
  let arn = "";
  const title = h("h1", { tabindex: -1 }, "Report");
  const status = h("p", { role: "status", class: "job-status" }, "Waiting for the report ...");
  const element = h("div", {}, title, status);
  let isClosed = false;
  let shown: View | undefined;
  const watch = async (): Promise<void> => {
    arn = (await startedJobs()).jobs.find((job) => job.JobId === id)?.Arn ?? "";
    if (arn !== "") title.textContent = printable(nameOf(arn));
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
    // The gathered reports may be older than this one.
    forget();
    const { items, first } = await all<never>("GetServiceLastAccessedDetails", "ServicesLastAccessed", { JobId: id }, Number.POSITIVE_INFINITY);
    const view = await identity(servedReport(arn || id, first as unknown as JobJson, items), arn || id);
    if (isClosed) {
      view.close?.();
      return;
    }
    shown = view;
    const hasFocus = element.contains(document.activeElement);
    element.replaceChildren(view.element);
    view.shown?.();
    if (hasFocus) element.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
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

async function shownView(): Promise<View> {
  const route = parse(location.hash);
  switch (route.view) {
    case "entities":
      return entities();
    case "entity":
      return entity(route.of);
    case "report":
      return report(route.of);
    case "reports":
      return reports();
    case "overview":
      return (await gatheredView()) ?? entities((await gathered()).problem);
    case "identity":
    case "policy":
      return (await gatheredView()) ?? entity(route.of);
    case "identities":
    case "policies":
    case "services":
    case "service":
    case "coverage":
      return (await gatheredView()) ?? page("Nothing here yet", h("p", {}, "This needs a finished report: ", h("a", { href: link("entities") }, "choose an identity or a policy"), "."));
    default:
      return page("No such page", h("p", {}, h("a", { href: link("entities") }, "Identities and policies")));
  }
}

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) return;
  let current: View | undefined;
  let main: HTMLElement | undefined;
  let wanted = 0;
  const askToSignIn = (): void => {
    // Whoever signs in next sees nothing that was made for, or is on its way to, the caller before.
    forget();
    wanted += 1;
    main = undefined;
    current?.close?.();
    current = undefined;
    document.title = "Sign in – Access Advisor";
    app.replaceChildren(signInForm((arn) => void signedIn(arn)));
    app.querySelector("input")?.focus();
    document.documentElement.dataset["ready"] = "true";
  };
  const show = async (): Promise<void> => {
    wanted += 1;
    const mine = wanted;
    const top = place();
    try {
      main?.setAttribute("aria-busy", "true");
      const view = await shownView();
      if (mine !== wanted) {
        view.close?.();
        return;
      }
      main?.removeAttribute("aria-busy");
      current?.close?.();
      current = view;
      document.title = printable(`${view.title} – Access Advisor`);
      for (const tab of tabs.values()) tab.removeAttribute("aria-current");
      tabs.get(parse(location.hash).view)?.setAttribute("aria-current", "page");
      main?.replaceChildren(view.element);
      main?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
      view.shown?.();
      scrollTo({ top, behavior: "instant" });
    } catch (error) {
      main?.removeAttribute("aria-busy");
      if (isProblem(error, "NotSignedIn")) askToSignIn();
      else main?.replaceChildren(page("This page cannot be shown", h("p", { role: "alert" }, String(error))).element);
    }
  };
  const tabs = new Map<string, HTMLElement>();
  const signedIn = async (arn: string): Promise<void> => {
    main = h("main", { id: "main" });
    const leave = (): void => {
      signOut().then(askToSignIn, askToSignIn);
    };
    app.replaceChildren(
      h(
        "header",
        {},
        h("div", { class: "brand" }, h("strong", {}, "Access Advisor"), h("span", { class: "as-of" }, arn)),
        h("nav", { "aria-label": "Views" }, h("ul", {}, [...TABS, { view: "entities", label: "New report", also: ["entity"] }, { view: "reports", label: "Your reports", also: ["report"] }].map((tab) => {
          const anchor = h("a", { href: link(tab.view) }, tab.label);
          for (const view of [tab.view, ...tab.also]) tabs.set(view, anchor);
          return h("li", {}, anchor);
        }))),
        h("button", { type: "button", class: "sign-out", onclick: leave }, "Sign out"),
      ),
      main,
    );
    await show();
    document.documentElement.dataset["ready"] = "true";
  };
  keepPlaces();
  openWhilePrinting();
  addEventListener("hashchange", () => {
    if (main !== undefined) void show();
  });
  const caller = await whoAmI();
  if (caller === null) askToSignIn();
  else await signedIn(caller);
}

void start();
