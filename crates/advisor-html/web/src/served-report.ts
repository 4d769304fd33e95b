// The report of a job, as the API answers it, made into what the pages show.

import { reportsOf, type Report, type Reports } from "./data";
import { h } from "./dom";
import type { Access, ActionRow, Claim, ServiceRow, StateName } from "./service-rows";

interface ActionJson {
  ActionName: string;
  LastAccessedEntity?: string;
  LastAccessedTime?: string;
  LastAccessedRegion?: string;
  State?: StateName;
  StateReason?: string;
}

interface ServiceJson {
  ServiceName: string;
  ServiceNamespace: string;
  LastAuthenticated?: string;
  LastAuthenticatedEntity?: string;
  LastAuthenticatedRegion?: string;
  TotalAuthenticatedEntities?: number;
  State?: StateName;
  StateReason?: string;
  TrackedActionsLastAccessed?: ActionJson[];
}

export interface JobJson {
  JobStatus: string;
  JobType?: string;
  JobCreationDate?: string;
  Error?: { Message: string; Code: string };
  NotEvaluated?: { Name: string; Reason: string }[];
}

function access(time: string | undefined, entity: string | undefined, region: string | undefined): Access | null {
  return time === undefined ? null : { time: Date.parse(time) / 1000, entity: entity ?? "", region: region ?? "" };
}

function claim(row: { State?: StateName; StateReason?: string }): Claim | null {
  return row.State === undefined ? null : { state: row.State, reason: row.StateReason ?? "" };
}

function action(row: ActionJson): ActionRow {
  return { position: -1, name: row.ActionName, level: "", granted: true, claim: claim(row), last: access(row.LastAccessedTime, row.LastAccessedEntity, row.LastAccessedRegion) };
}

/** The report of a finished job on an entity, of which all pages were read. Jobs keep what is granted. */
export function servedReport(arn: string, job: JobJson, services: ServiceJson[]): Reports {
  const serviceRows = services.map((row, index): ServiceRow => {
    const actions = (row.TrackedActionsLastAccessed ?? []).map(action);
    return {
      service: index,
      grant: "granted",
      claim: claim(row),
      entities: row.TotalAuthenticatedEntities ?? 0,
      actionCount: actions.length,
      actionsUsed: actions.filter((it) => it.last !== null).length,
      last: access(row.LastAuthenticated, row.LastAuthenticatedEntity, row.LastAuthenticatedRegion),
      statements: null,
      actions: () => actions,
    };
  });
  const report: Report = {
    services: serviceRows,
    days: [],
    policies: [],
    related: [],
    notEvaluated: (job.NotEvaluated ?? []).map(({ Name, Reason }) => ({ name: Name, reason: Reason })),
    findings: [],
    rightsized: null,
    excluded: null,
  };
  const summaries = services.map((row) => ({ namespace: row.ServiceNamespace, name: row.ServiceName }));
  const now = Date.parse(job.JobCreationDate ?? "") / 1000;
  return reportsOf(arn, report, summaries, { now, granularity: job.JobType ?? null });
}

/** Why nothing of a report is called unused; null where something is, or where nothing is granted. */
export function unusedNote(reports: Reports, report: Report | null): HTMLElement | null {
  const granted = report?.services ?? [];
  if (granted.length === 0) return null;
  const why = reports.index.hasStates ? withStates(granted) : "Nothing here is called unused: with AWS's tracking, what was not read looks as if it was not used. A server with --tracking full tells them apart.";
  return why === null ? null : h("p", { class: "note unused-note" }, why);
}

function withStates(granted: ServiceRow[]): string | null {
  const claims = granted.flatMap((it) => [it, ...it.actions()].flatMap(({ claim }) => claim ?? []));
  if (claims.some(({ state }) => state === "unused")) return null;
  const reasons = new Map<string, number>();
  for (const { state, reason } of claims) if (state === "uncovered") reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const [most] = [...reasons].sort((left, right) => right[1] - left[1]);
  return most === undefined ? "Nothing here is called unused: all of it was used, may have been, or leaves nothing in the trail." : `Nothing here is called unused. Mostly: ${most[0]}.`;
}
