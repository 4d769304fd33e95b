// The reports that are gathered from what the jobs of who is signed in were about. They are asked for once, until they are stale.

import { Reports } from "./data";
import { gatheredReports, isProblem } from "./live";

export interface Gathered {
  /** null when no job is finished yet, or when there is a problem. */
  reports: Reports | null;
  /** How many entities are left out. */
  leftOut: number;
  problem: string | null;
}

let known: Promise<Gathered> | undefined;

export function gathered(): Promise<Gathered> {
  known ??= ask();
  return known;
}

/** Asks again the next time. */
export function forget(): void {
  known = undefined;
}

async function ask(): Promise<Gathered> {
  try {
    const { data, leftOut } = await gatheredReports();
    const reports = data === null ? null : await Reports.open((name) => data[name]);
    return { reports, leftOut, problem: null };
  } catch (error) {
    forget();
    if (isProblem(error, "NotSignedIn")) throw error;
    return { reports: null, leftOut: 0, problem: error instanceof Error ? error.message : String(error) };
  }
}
