// Calls of the server that the pages at /ui make, for who is signed in.

export interface Problem extends Error {
  code: string;
}

async function send(path: string, method: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) {
    throw Object.assign(new Error(String(answer["Message"])), { code: String(answer["Code"]) });
  }
  return answer;
}

export interface Credential {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken?: string;
}

/** The ARN of who is signed in; null for nobody. */
export async function whoAmI(): Promise<string | null> {
  return (await send("/ui/session", "GET"))["Arn"] as string | null;
}

export async function signIn(credential: Credential): Promise<string> {
  return String((await send("/ui/session", "POST", credential))["Arn"]);
}

export async function signOut(): Promise<void> {
  await send("/ui/session", "DELETE");
}

/** Runs an operation of the IAM API. */
export function call(operation: string, parameters: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return send("/ui/api", "POST", { Action: operation, ...parameters });
}

export interface StartedJob {
  JobId: string;
  Arn: string;
  Granularity: string;
  /** Seconds since 1970. */
  Created: number;
  Status: string;
}

/** The jobs of who is signed in, the newest first. */
export async function startedJobs(): Promise<{ jobs: StartedJob[]; isCut: boolean }> {
  const answer = await send("/ui/jobs", "POST", {});
  return { jobs: answer["Jobs"] as StartedJob[], isCut: answer["IsCut"] as boolean };
}

/** Live reports on what finished jobs were about; null without any. */
export async function gatheredReports(): Promise<{ leftOut: number; hasOlderJobs: boolean; data: Record<string, string> | null }> {
  const answer = await send("/ui/reports", "POST", {});
  return { leftOut: answer["LeftOut"] as number, hasOlderJobs: answer["HasOlderJobs"] as boolean, data: answer["Data"] as Record<string, string> | null };
}

/** The members of a list on all pages, up to `most`. */
export async function all<T>(operation: string, list: string, parameters: Record<string, string>, most: number): Promise<{ items: T[]; isCut: boolean; first: Record<string, unknown> }> {
  const items: T[] = [];
  let marker: string | undefined;
  let first: Record<string, unknown> = {};
  do {
    const page = await call(operation, { ...parameters, MaxItems: "1000", ...(marker === undefined ? {} : { Marker: marker }) });
    if (marker === undefined) first = page;
    items.push(...((page[list] ?? []) as T[]));
    marker = page["IsTruncated"] === true ? String(page["Marker"]) : undefined;
  } while (marker !== undefined && items.length < most);
  return { items, isCut: marker !== undefined, first };
}

export function isProblem(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
