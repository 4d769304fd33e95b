// Calls of the server that the pages at /ui make, for who is signed in.

interface Problem extends Error {
  code: string;
  /** Whether the same request may succeed later. */
  isPassing: boolean;
}

/** The first wait before a request is made again; each further one is twice as long, up to the last. */
const FIRST_WAIT_MILLIS = 1_000;
const LAST_WAIT_MILLIS = 30_000;

let session = 0;
let onEnd: () => void = () => undefined;

/** Calls `ended` whenever the server says that nobody is signed in, whatever was asked for. */
export function whenSessionEnds(ended: () => void): void {
  onEnd = ended;
}

/** A session starts or ends: what was asked for before says nothing about the session now. */
export function changeSession(): void {
  session += 1;
}

function problem(message: string, code: string, isPassing: boolean): Problem {
  return Object.assign(new Error(message), { code, isPassing });
}

async function send(path: string, method: string, body?: unknown): Promise<Record<string, unknown>> {
  const mine = session;
  const request = {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, request);
    text = await response.text();
  } catch {
    throw problem("The connection to the server is lost.", "ConnectionLost", true);
  }
  const answer = parsed(text);
  // A proxy answers for a server that does not.
  if (answer === null) throw problem(`What was asked for was answered with status ${response.status}, and not by access-advisor.`, "NotAnAnswer", response.status >= 500);
  if (response.ok) return answer;
  const code = String(answer["Code"]);
  if (code === "NotSignedIn" && mine === session) onEnd();
  throw problem(String(answer["Message"]), code, response.status >= 500 || code === "Throttling");
}

/** A JSON object; null for anything else. */
function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Asks again and again, after longer and longer waits, until there is an answer or a problem that does not pass.
 * `tell` gets the problem while there is one, and then null. Ends with undefined once `isOver` says so.
 */
export async function patiently<T>(ask: () => Promise<T>, tell: (problem: string | null) => void, isOver: () => boolean): Promise<T | undefined> {
  for (let wait = FIRST_WAIT_MILLIS; ; wait = Math.min(2 * wait, LAST_WAIT_MILLIS)) {
    try {
      const answer = await ask();
      if (isOver()) return undefined;
      tell(null);
      return answer;
    } catch (error) {
      if (isOver()) return undefined;
      if (!(error instanceof Error && "isPassing" in error && error.isPassing === true)) throw error;
      tell(`${error.message} Trying again ...`);
    }
    await pause(wait);
    if (isOver()) return undefined;
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds));
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

/** The other tabs with these pages: the browser has one session for all. */
const tabs = new BroadcastChannel("access-advisor-session");

/** Tells the other tabs who is signed in now; null for nobody. */
export function tellTabs(arn: string | null): void {
  tabs.postMessage(arn);
}

/** Calls `changed` whenever somebody signs in or out in another tab. */
export function whenTabsTell(changed: (arn: string | null) => void): void {
  tabs.onmessage = ({ data }: MessageEvent<unknown>) => changed(typeof data === "string" ? data : null);
}

/** Runs an operation of the IAM API. */
export function call(operation: string, parameters: Record<string, string>): Promise<Record<string, unknown>> {
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

/** Live reports on what the account has; null without any. */
export async function gatheredReports(): Promise<{ leftOut: number; denied: number; data: Record<string, string> | null }> {
  const answer = await send("/ui/reports", "POST", {});
  return { leftOut: answer["LeftOut"] as number, denied: answer["Denied"] as number, data: answer["Data"] as Record<string, string> | null };
}

/** The server, and the operations that who is signed in would be denied. */
export interface About {
  version: string;
  catalog: string;
  hasStates: boolean;
  denied: Set<string>;
}

export async function about(): Promise<About> {
  const answer = await send("/ui/about", "POST", {});
  return { version: String(answer["Version"]), catalog: String(answer["Catalog"]), hasStates: answer["HasStates"] === true, denied: new Set(answer["Denied"] as string[]) };
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
