// The report of a job, as the API answers it, made into what the pages show.

import { reportsOf, type Report, type Reports } from "./data";
import type { Access, ActionRow, Claim, GrantState, ServiceRow, StateName } from "./service-rows";

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
  JobCompletionDate?: string;
  Error?: { Message: string; Code: string };
  UngrantedServicesUsed?: ServiceJson[];
  UngrantedActionsUsed?: (ActionJson & { ServiceNamespace: string })[];
  UnknownEventSources?: ServiceJson[];
  NotEvaluated?: { Name: string; Reason: string }[];
}

function access(time: string | undefined, entity: string | undefined, region: string | undefined): Access | null {
  return time === undefined ? null : { time: Date.parse(time) / 1000, entity: entity ?? "", region: region ?? "" };
}

function claim(row: { State?: StateName; StateReason?: string }): Claim | null {
  return row.State === undefined ? null : { state: row.State, reason: row.StateReason ?? "" };
}

function action(row: ActionJson, granted: boolean): ActionRow {
  return { position: -1, name: row.ActionName, level: "", granted, claim: claim(row), last: access(row.LastAccessedTime, row.LastAccessedEntity, row.LastAccessedRegion) };
}

/** The report of a finished job on an entity, of which all pages were read. */
export function servedReport(arn: string, job: JobJson, services: ServiceJson[]): Reports {
  const rows: [ServiceJson, GrantState][] = [
    ...services.map((row): [ServiceJson, GrantState] => [row, "granted"]),
    ...(job.UngrantedServicesUsed ?? []).map((row): [ServiceJson, GrantState] => [row, "ungranted"]),
    ...(job.UnknownEventSources ?? []).map((row): [ServiceJson, GrantState] => [row, "unknown"]),
  ];
  const serviceRows = rows.map(([row, grant], index): ServiceRow => {
    const ungranted = grant === "granted" ? (job.UngrantedActionsUsed ?? []).filter((it) => it.ServiceNamespace === row.ServiceNamespace) : [];
    const granted = (row.TrackedActionsLastAccessed ?? []).map((it) => action(it, grant === "granted"));
    return {
      service: index,
      grant,
      claim: claim(row),
      entities: row.TotalAuthenticatedEntities ?? 0,
      actionCount: grant === "granted" ? granted.length : 0,
      actionsUsed: granted.filter((it) => it.last !== null && it.granted).length,
      last: access(row.LastAuthenticated, row.LastAuthenticatedEntity, row.LastAuthenticatedRegion),
      statements: null,
      actions: () => [...granted, ...ungranted.map((it) => action(it, false))],
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
  };
  const summaries = rows.map(([row]) => ({ namespace: row.ServiceNamespace, name: row.ServiceName }));
  const now = Date.parse(job.JobCreationDate ?? "") / 1000;
  return reportsOf(arn, report, summaries, { now, granularity: job.JobType ?? null });
}
