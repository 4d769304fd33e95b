// Charts, as SVG with a text for those who do not see them.

import { h, svg } from "./dom";
import { count, date, number, parseRun, percent, runText } from "./format";
import type { AccountCoverage, Coverage } from "./data";
import { STATES } from "./service-rows";

export interface Bar {
  label: string;
  href?: string;
  part: number;
  of: number;
  title?: string;
}

/** Rows of two bars on each other: of so many, so many. */
export function shareBars(bars: Bar[], labels: { part: string; of: string }): HTMLElement {
  const most = Math.max(1, ...bars.map((bar) => bar.of));
  const rows = bars.map((bar) => {
    const all = h("span", { class: "all" });
    all.style.width = `${(bar.of / most) * 100}%`;
    const part = h("span", { class: "part" });
    part.style.width = `${(bar.part / most) * 100}%`;
    const label = bar.href === undefined ? h("span", {}, bar.label) : h("a", { href: bar.href }, bar.label);
    return h(
      "li",
      { title: bar.title },
      h("span", { class: "label" }, label),
      h("span", { class: "bars", "aria-hidden": "true" }, all, part),
      h("span", { class: "value" }, number(bar.part), h("span", { class: "of" }, ` of ${number(bar.of)}`)),
    );
  });
  return h("div", {}, legend([[["part"], labels.part], [["all"], labels.of]]), h("ol", { class: "share-bars" }, rows));
}

/** A bar that is divided by state. */
export function stateStack(states: number[]): HTMLElement {
  const total = Math.max(1, states.reduce((sum, it) => sum + it, 0));
  const parts = STATES.map((state, index) => {
    const part = h("span", { class: `part ${state}`, title: `${state}: ${number(states[index] ?? 0)}` });
    part.style.width = `${((states[index] ?? 0) / total) * 100}%`;
    return part;
  });
  const words = STATES.map((state, index) => `${state} ${number(states[index] ?? 0)}`).join(", ");
  return h("span", { class: "stack", role: "img", "aria-label": words }, parts);
}

/** Columns with their numbers; each can be a link. */
export function columns(bars: { label: string; value: number; href: string; className?: string }[]): HTMLElement {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const total = bars.reduce((sum, bar) => sum + bar.value, 0);
  return h(
    "ol",
    { class: "columns" },
    bars.map((bar) => {
      const column = h("span", { class: `column ${bar.className ?? ""}`, "aria-hidden": "true" });
      column.style.height = `${(bar.value / most) * 100}%`;
      return h(
        "li",
        {},
        h(
          "a",
          { href: bar.href },
          h("span", { class: "value" }, number(bar.value), h("small", {}, percent(bar.value, total))),
          h("span", { class: "space" }, column),
          h("span", { class: "label" }, bar.label),
        ),
      );
    }),
  );
}

/** The hatching of days that were not read. */
function hatching(id: string): SVGElement {
  return svg(
    "defs",
    {},
    svg(
      "pattern",
      { id, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 4, height: 4, class: "hatch-ground" }),
      svg("rect", { width: 1.5, height: 4, class: "hatch-line" }),
    ),
  );
}

/** The days of the reports. Without a beginning, the last 400. */
export function windowOf(coverage: Coverage): [number, number] {
  const [first, last] = parseRun(coverage.Window, Number.NEGATIVE_INFINITY);
  return [Number.isFinite(first) ? first : last - 400, last];
}

function contains(runs: [number, number][], day: number): boolean {
  return runs.some(([first, last]) => first <= day && day <= last);
}

const DAY_SIZE = 15;
const WEEK_STEP = 18;
/** What stands above the days, and before them. */
const MONTHS_HEIGHT = 20;
const WEEKDAYS_WIDTH = 34;
/** More runs of days are counted. */
const MOST_RUNS = 100;

/** Weeks begin on Monday, and 1970-01-01 was a Thursday. */
function weekOf(day: number): number {
  return Math.floor((day + 3) / 7);
}

function weekdayOf(day: number): number {
  return (day + 3) % 7;
}

/** A calendar: a column per week, a row per weekday. */
export function calendar(active: [number, number][], gaps: string[] | undefined, [first, last]: [number, number]): HTMLElement {
  const open = gaps?.map((gap) => parseRun(gap, first));
  const weeks = weekOf(last) - weekOf(first) + 1;
  const xOf = (day: number): number => WEEKDAYS_WIDTH + (weekOf(day) - weekOf(first)) * WEEK_STEP;
  const yOf = (weekday: number): number => MONTHS_HEIGHT + weekday * WEEK_STEP;
  const cells: SVGElement[] = [];
  let [activeDays, unreadDays] = [0, 0];
  for (let day = first; day <= last; day += 1) {
    const isActive = contains(active, day);
    const isGap = open === undefined || contains(open, day);
    const state = isActive ? "active" : isGap ? "gap" : "quiet";
    const words = { active: "attempts", gap: "not read", quiet: "read, no attempt" }[state];
    if (isActive) activeDays += 1;
    else if (isGap) unreadDays += 1;
    cells.push(
      svg(
        "rect",
        { x: xOf(day), y: yOf(weekdayOf(day)), width: DAY_SIZE, height: DAY_SIZE, rx: 3, class: `day ${state}`, fill: state === "gap" ? "url(#hatch-calendar)" : null },
        svg("title", {}, `${date(day)}: ${words}`),
      ),
    );
  }
  const weekdays = ["Mon", "Wed", "Fri"].map((name, index) => svg("text", { x: 0, y: yOf(index * 2) + 12 }, name));
  const period = `${date(first)} to ${date(last)}`;
  const said = `${period}: attempts on ${count(activeDays, "day")}; ${count(unreadDays, "day")} without any were not read.`;
  const width = WEEKDAYS_WIDTH + weeks * WEEK_STEP;
  const height = yOf(7);
  const chart = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Calendar of ${said}`, class: "calendar" },
    hatching("hatch-calendar"),
    monthLabels(first, last, xOf, width),
    weekdays,
    cells,
  );
  const box = h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Calendar of days" }, chart);
  // Where it does not fit, the newest days are shown first, once it is on the page.
  new ResizeObserver((_, observer) => {
    box.scrollLeft = box.scrollWidth;
    observer.disconnect();
  }).observe(box);
  return h(
    "div",
    {},
    h("p", { class: "period" }, said),
    box,
    legend([[["day-active"], "attempts"], [["day-quiet"], "read, no attempt"], [["day-gap"], "not read"]]),
    activeDays > 0 && daysAsText(active.filter(([begin, end]) => begin <= last && end >= first)),
  );
}

/** The names of months, each above its first day; January and the first one have their year. */
function monthLabels(first: number, last: number, xOf: (day: number) => number, width: number): SVGElement[] {
  const firsts: number[] = [];
  for (let day = first; day <= last; day += 1) if (day === first || date(day).endsWith("-01")) firsts.push(day);
  const space = 62;
  // A month of which there is little has no room for its name.
  const shown = firsts.filter((day, index) => index > 0 || xOf(firsts[1] ?? last) - xOf(day) >= space || firsts.length === 1);
  return shown.map((day, index) => {
    const isAtEnd = xOf(day) + space > width;
    const name = index === 0 || date(day).slice(5, 7) === "01" ? monthName(day) : monthName(day).slice(0, 3);
    return svg("text", { x: isAtEnd ? width : xOf(day), y: 12, "text-anchor": isAtEnd ? "end" : null }, name);
  });
}

/** The days with attempts, for those who do not see the calendar and for copying. */
function daysAsText(runs: [number, number][]): HTMLElement {
  const texts = runs.slice(0, MOST_RUNS).map(([begin, end]) => runText(begin, end));
  const more = runs.length - texts.length;
  return h("details", { class: "days" }, h("summary", {}, "Days with attempts as text"), h("p", {}, texts.join(", "), more > 0 && `, and ${count(more, "more run")} of days`));
}

interface Band {
  label: string;
  value: string;
  title: string;
  /** Days that were read, of every day how many Regions. */
  regions: (day: number) => number;
}

/** A row per account or Region and a column per day: the more Regions were read, the darker. */
function heatMap(bands: Band[], most: number, [first, last]: [number, number]): HTMLElement {
  const days = last - first + 1;
  const height = 18;
  const rows = bands.map((band) => {
    const runs: SVGElement[] = [];
    let begin = first;
    for (let day = first; day <= last; day += 1) {
      const regions = band.regions(day);
      if (day === last || band.regions(day + 1) !== regions) {
        const level = regions === 0 ? "gap" : `level-${Math.max(1, Math.ceil((regions / most) * 4))}`;
        const read = regions === 0 ? "not read" : most === 1 ? "read" : `${count(regions, "Region")} read`;
        runs.push(
          svg(
            "rect",
            { x: begin - first, y: 0, width: day - begin + 1, height, class: `day ${level}`, fill: regions === 0 ? "url(#hatch-map)" : null },
            svg("title", {}, `${runText(begin, day)}: ${read}`),
          ),
        );
        begin = day + 1;
      }
    }
    return h(
      "tr",
      {},
      h("th", { scope: "row", title: band.title }, band.label),
      h(
        "td",
        { class: "map" },
        svg(
          "svg",
          { viewBox: `0 0 ${days} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${band.label}: ${band.value} read` },
          hatching("hatch-map"),
          runs,
        ),
      ),
      h("td", { class: "number" }, band.value),
    );
  });
  const axis = h("span", { class: "axis" }, h("span", {}, date(first)), ticks(first, last), h("span", {}, date(last)));
  return h(
    "table",
    { class: "heat-map" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), h("th", { scope: "col" }, axis), h("th", { scope: "col", class: "number" }, "days read"))),
    h("tbody", {}, rows),
  );
}

/** The names of some months between two days, far enough from each other and from the ends. */
function ticks(first: number, last: number): HTMLElement[] {
  const found: HTMLElement[] = [];
  let before = 0.08;
  for (let day = first; day <= last; day += 1) {
    const at = (day - first) / (last - first);
    if (!date(day).endsWith("-01") || at - before < 0.17 || at > 0.75) continue;
    before = at;
    const tick = h("span", { class: "tick" }, monthName(day));
    tick.style.left = `${at * 100}%`;
    found.push(tick);
  }
  return found;
}

function monthName(day: number): string {
  return new Date(`${date(day).slice(0, 7)}-01T00:00:00Z`).toLocaleDateString("en", { month: "short", year: "numeric", timeZone: "UTC" });
}

function mapLegend(): HTMLElement {
  return legend([
    [["level-1", "level-2", "level-3", "level-4"], "fewer to more Regions read"],
    [["day-gap"], "not read: nothing is known of these days"],
  ]);
}

/** What colours mean: keys, and the text of each. */
export function legend(entries: [string[], string][]): HTMLElement {
  return h("p", { class: "legend" }, entries.map(([keys, text]) => h("span", { class: "entry" }, keys.map((key) => h("span", { class: `key ${key}` })), text)));
}

function outside(gaps: string[], first: number): (day: number) => boolean {
  const runs = gaps.map((gap) => parseRun(gap, first));
  return (day) => !contains(runs, day);
}

/** By account and day. */
export function coverageMap(coverage: Coverage, most = 60): HTMLElement {
  if (coverage.Accounts.length === 0) return h("p", { class: "empty" }, "No account was read.");
  const window = windowOf(coverage);
  const band = (account: AccountCoverage): Band => {
    const isRead = outside(account.Gaps, window[0]);
    const regions = account.Regions.map((region) => outside(region.Gaps, window[0]));
    return {
      label: account.Account,
      value: number(account.DaysRead),
      title: `Account ${account.Account}`,
      // A day counts for the account when no log file of it is known to be missing.
      regions: (day) => (isRead(day) ? Math.max(1, regions.filter((read) => read(day)).length) : 0),
    };
  };
  const accounts = coverage.Accounts;
  const regions = Math.max(1, ...accounts.map((account) => account.Regions.length));
  const more = accounts.length - most;
  return h(
    "div",
    {},
    heatMap(accounts.slice(0, most).map(band), regions, window),
    mapLegend(),
    more > 0 && h("p", { class: "note" }, `${count(more, "more account")} on the page Coverage.`),
  );
}

/** By Region and day, of one account. */
export function regionMap(account: AccountCoverage, window: [number, number]): HTMLElement {
  const bands = account.Regions.map((region): Band => {
    const isRead = outside(region.Gaps, window[0]);
    return {
      label: region.Region,
      value: number(region.DaysRead),
      title: region.Region,
      regions: (day) => (isRead(day) ? 1 : 0),
    };
  });
  return heatMap(bands, 1, window);
}

