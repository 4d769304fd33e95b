// The jobs of who is signed in at /ui: their list, and the report of each.

import type { Reports } from "./data";
import { h, printable } from "./dom";
import { instant, number } from "./format";
import { forgetBefore } from "./gathered";
import { identity } from "./identity";
import { all, call, messageOf, patiently, pause, startedJobs, type StartedJob } from "./live";
import { entityHref, exactly, nameOf, type View } from "./parts";
import { link } from "./route";
import { servedReport, unusedNote, type JobJson } from "./served-report";
import { VirtualTable } from "./virtual";

const POLL_MILLIS = 1_000;

const STATUSES: Record<string, string> = { COMPLETED: "finished", IN_PROGRESS: "in progress", FAILED: "failed", gone: "deleted" };

/** A table of jobs, as the rest of a view. It follows those that are in progress. */
export function jobTable(list: StartedJob[]): Required<Omit<View, "title">> {
  const now = Date.now() / 1000;
  const table = new VirtualTable<StartedJob>({
    label: "Your reports",
    className: "short",
    columns: [
      { title: "Report on", className: "name", cell: (job) => h("span", { class: "name" }, h("a", { href: link("report", job.JobId), title: job.Arn }, nameOf(job.Arn)), h("small", {}, job.Arn)) },
      { title: "Of", className: "by", below: "", cell: (job) => (job.Granularity === "ACTION_LEVEL" ? "services and actions" : "services") },
      { title: "Started, UTC", className: "last exact", cell: (job) => exactly({ time: job.Created }, now) },
      { title: "Status", className: "status", cell: (job) => STATUSES[job.Status] ?? job.Status },
    ],
  });
  const status = h("p", { role: "status", class: "note" });
  let isClosed = false;
  const follow = async (): Promise<void> => {
    let jobs = list;
    while (jobs.some((job) => job.Status === "IN_PROGRESS")) {
      await pause(POLL_MILLIS);
      if (isClosed) return;
      const answer = await patiently(startedJobs, (problem) => (status.textContent = printable(problem ?? "")), () => isClosed);
      if (answer === undefined) return;
      const known = new Map(answer.jobs.map((job) => [job.JobId, job]));
      const next = jobs.map((job) => known.get(job.JobId) ?? { ...job, Status: "gone" });
      if (next.every((job, at) => job.Status === jobs[at]?.Status)) continue;
      jobs = next;
      const focused = document.activeElement?.getAttribute("href");
      table.setRows(jobs);
      if (focused) table.element.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  };
  const shown = (): void => {
    table.setRows(list);
    follow().catch((error: unknown) => {
      status.textContent = printable(`The list is not followed any more: ${messageOf(error)}`);
    });
  };
  const close = (): void => {
    isClosed = true;
    table.close();
  };
  return { element: h("div", {}, status, table.element), shown, close };
}

/** The list of all jobs. */
export async function jobList(): Promise<View> {
  const title = "Your reports";
  const { jobs, isCut } = await startedJobs();
  const head = h("h1", { tabindex: -1 }, title);
  if (jobs.length === 0) return { title, element: h("div", {}, head, h("p", { class: "empty" }, "None yet: ", h("a", { href: link("entities") }, "choose an identity or a policy"), ".")) };
  const table = jobTable(jobs);
  const cut = isCut && h("p", { class: "left-out", role: "note" }, `Only the newest ${number(jobs.length)} are listed.`);
  return { ...table, title, element: h("div", {}, head, cut, table.element) };
}

/** Waits for a job, and shows its report. */
export function jobReport(id: string): View {
  const title = h("h1", { tabindex: -1 }, "Report");
  const status = h("p", { role: "status", class: "job-status" }, WAITING);
  const element = h("div", {}, title, status);
  let isClosed = false;
  let shown: View | undefined;
  const ask = <T>(what: () => Promise<T>): Promise<T | undefined> => patiently(what, (problem) => (status.textContent = printable(problem ?? WAITING)), () => isClosed);
  const watch = async (): Promise<void> => {
    const started = await ask(startedJobs);
    const arn = started?.jobs.find((job) => job.JobId === id)?.Arn ?? "";
    if (arn !== "") title.textContent = printable(nameOf(arn));
    let job: JobJson;
    for (;;) {
      const answer = await ask(() => call("GetServiceLastAccessedDetails", { JobId: id, MaxItems: "1" }));
      if (answer === undefined) return;
      job = answer as unknown as JobJson;
      if (job.JobStatus !== "IN_PROGRESS") break;
      await pause(POLL_MILLIS);
      if (isClosed) return;
    }
    if (job.JobStatus === "FAILED") {
      status.textContent = printable(`The report could not be made: ${job.Error?.Message ?? "no reason is given"}`);
      return;
    }
    const rows = await ask(() => all<never>("GetServiceLastAccessedDetails", "ServicesLastAccessed", { JobId: id }, Number.POSITIVE_INFINITY));
    if (rows === undefined) return;
    const reports = servedReport(arn || id, rows.first as unknown as JobJson, rows.items);
    // Those of now are not to be older than this one.
    forgetBefore(reports.index.now);
    const view = await identity(reports, arn || id);
    if (isClosed) {
      view.close?.();
      return;
    }
    view.element.prepend(asItWasMade(reports, arn));
    view.element.querySelector(".tiles")?.after(unusedNote(reports, await reports.report(0)) ?? "");
    shown = view;
    const hasFocus = element.contains(document.activeElement);
    element.replaceChildren(view.element);
    view.shown?.();
    if (hasFocus) element.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  };
  watch().catch((error: unknown) => {
    status.textContent = printable(messageOf(error));
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

const WAITING = "Waiting for the report ...";

/** A job is as it was made: what was imported later is in the gathered reports only. */
function asItWasMade(reports: Reports, arn: string): HTMLElement {
  return h(
    "p",
    { class: "gathered", role: "note" },
    `A report as it was made at ${instant(Math.floor(reports.index.now))}: later imports are not in it, nor what was used without a grant.`,
    arn !== "" && h("a", { href: entityHref(reports, 0) }, reports.index.hasStates ? "Now, with findings, days and right-sized policies" : "Now, with the days with attempts and the statements that grant it"),
  );
}
