// The reports that are gathered from what the jobs of who is signed in were about. They are asked for once, until they are stale.

import { Reports } from "./data";
import { count } from "./format";
import { gatheredReports, isProblem, messageOf } from "./live";

export interface Gathered {
  /** null when no job is finished yet, or when there is a problem. */
  reports: Reports | null;
  /** How many entities are left out. */
  leftOut: number;
  /** Whether there are jobs that were not looked at. */
  hasOlderJobs: boolean;
  problem: string | null;
}

let known: Promise<Gathered> | undefined;
let making = 0;

export function gathered(): Promise<Gathered> {
  known ??= ask();
  return known;
}

/** Whether an answer is awaited. The server takes seconds for it. */
export function isMaking(): boolean {
  return making > 0;
}

/** Asks again the next time. */
export function forget(): void {
  known = undefined;
}

async function ask(): Promise<Gathered> {
  making += 1;
  try {
    const { data, leftOut, hasOlderJobs } = await gatheredReports();
    if (data === null && leftOut > 0) throw new Error(`There was not enough time for any of ${count(leftOut, "report")}.`);
    const reports = data === null ? null : await Reports.open((name) => data[name]);
    return { reports, leftOut, hasOlderJobs, problem: null };
  } catch (error) {
    forget();
    if (isProblem(error, "NotSignedIn")) throw error;
    return { reports: null, leftOut: 0, hasOlderJobs: false, problem: messageOf(error) };
  } finally {
    making -= 1;
  }
}
