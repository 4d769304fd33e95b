// Numbers, days and times as people read them.

const NUMBER = new Intl.NumberFormat("en");
const DAY_SECONDS = 86_400;

export function number(value: number): string {
  return NUMBER.format(value);
}

export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${number(value)} ${value === 1 ? noun : plural}`;
}

export function percent(part: number, of: number): string {
  if (of === 0) return "";
  const rounded = Math.round((part / of) * 100);
  // Some is never none, and most is never all.
  if (rounded === 0 && part > 0) return "<1%";
  return rounded === 100 && part < of ? ">99%" : `${rounded}%`;
}

/** `2026-09-11 15:26:19 UTC`, with milliseconds only when they are not zero. */
export function instant(seconds: number): string {
  const text = new Date(Math.round(seconds * 1000)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.endsWith(".000Z") ? 19 : 23)} UTC`;
}

/** As the AWS CLI prints it: `2026-09-11T15:26:19+00:00`. */
export function iso(seconds: number): string {
  const text = new Date(Math.round(seconds * 1000)).toISOString();
  const millis = text.slice(20, 23);
  return `${text.slice(0, 19)}${millis === "000" ? "" : `.${millis}000`}+00:00`;
}

/** How long before `now`: `3 days ago`. */
export function ago(seconds: number, now: number): string {
  const passed = now - seconds;
  if (passed < 0) return "later";
  if (passed < 3600) return "just now";
  if (passed < DAY_SECONDS) return `${count(Math.floor(passed / 3600), "hour")} ago`;
  return `${count(Math.floor(passed / DAY_SECONDS), "day")} ago`;
}

export function dayOf(seconds: number): number {
  return Math.floor(seconds / DAY_SECONDS);
}

/** The date of a day number: `2026-09-11`. */
export function date(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

/** A run of days: `2026-01-01 to 2026-01-31`, or one date. */
export function runText(first: number, last: number): string {
  return first === last ? date(first) : `${date(first)} to ${date(last)}`;
}

/** The day number of a date. */
export function parseDate(text: string): number {
  return Math.floor(Date.parse(`${text}T00:00:00Z`) / 1000 / DAY_SECONDS);
}

/** A run of days as the JSON report has it: `2026-01-01/2026-01-31`, one date, or `../2026-01-31`. */
export function parseRun(text: string, open: number): [number, number] {
  const [first = "", last = first] = text.split("/");
  return [first === ".." ? open : parseDate(first), parseDate(last)];
}
