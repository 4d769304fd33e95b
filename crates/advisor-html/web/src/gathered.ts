// The reports on what who is signed in may see. They are asked for once, until they are stale.

import { Reports } from "./data";
import { count } from "./format";
import { gatheredReports, isProblem, messageOf } from "./live";

export interface Gathered {
  /** null when the account has nothing to report on, or when there is a problem. */
  reports: Reports | null;
  /** On how many there was no time for a report, and to how many the caller has no right. */
  leftOut: number;
  denied: number;
  problem: string | null;
}

let known: Promise<Gathered> | undefined;
let latest: Reports | null = null;
let making = 0;

export function gathered(): Promise<Gathered> {
  if (known !== undefined) return known;
  const asked = ask();
  known = asked;
  asked.then(
    ({ reports }) => {
      if (known === asked) latest = reports;
    },
    () => undefined,
  );
  return asked;
}

/** Those that are there already. */
export function latestReports(): Reports | null {
  return latest;
}

/** Whether an answer is awaited. The server takes seconds for it. */
export function isMaking(): boolean {
  return making > 0;
}

/** Asks again the next time. */
export function forget(): void {
  known = undefined;
  latest = null;
}

/** The same, unless they are newer than this, in seconds since 1970. */
export function forgetBefore(seconds: number): void {
  if (latest === null || !(latest.index.now > seconds)) forget();
}

async function ask(): Promise<Gathered> {
  making += 1;
  try {
    const { data, leftOut, denied } = await gatheredReports();
    if (data === null && leftOut > 0) throw new Error(`There was not enough time for any of ${count(leftOut, "report")}.`);
    const reports = data === null ? null : await Reports.open((name) => data[name]);
    return { reports, leftOut, denied, problem: null };
  } catch (error) {
    forget();
    if (isProblem(error, "NotSignedIn")) throw error;
    return { reports: null, leftOut: 0, denied: 0, problem: messageOf(error) };
  } finally {
    making -= 1;
  }
}
