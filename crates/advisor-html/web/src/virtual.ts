// A table of any length: only the rows near the window are in the document. A row is as tall as its text; until it is shown, it counts
// with the --row of the style. The page scrolls, or the box that the table is in.

import { h } from "./dom";
import { number } from "./format";

const MARGIN_ROWS = 12;
/** Of a table that is not on the page. */
const USUAL_HEIGHT = 44;
/** More rows are not printed: the time that Chromium takes grows with the square of the pages, 3 s for these and 30 s for 3,000. */
const MOST_PRINTED = 1_000;

export interface Column<T> {
  title: string;
  /** For the header's tooltip. */
  help?: string;
  className?: string;
  /** The key by which the column sorts. */
  sort?: string;
  /** On narrow screens it stands below the others, after this word. */
  below?: string;
  cell: (row: T) => Node | string;
}

export interface TableOptions<T> {
  label: string;
  columns: Column<T>[];
  className?: string;
  rowClass?: (row: T) => string;
  onSort?: (key: string) => void;
  /** What stays the same of a row when it is set again: by it, its height is known. */
  keyOf?: (row: T) => unknown;
  /** Whether it scrolls in a box of its own: for tables with something after them. */
  isBoxed?: boolean;
}

/** Pages of which the heights of rows are known: with them, Back leads to the place that was left. */
const MOST_PAGES = 20;
const knownHeights = new Map<string, Map<unknown, number>>();
// Texts take other lines then.
addEventListener("resize", () => knownHeights.forEach((heights) => heights.clear()), { passive: true });

/** The heights of the rows of a table on the page that is in the address. */
function heightsOf(label: string): Map<unknown, number> {
  const key = `${location.hash.split("?")[0]} ${label}`;
  const known = knownHeights.get(key) ?? new Map<unknown, number>();
  knownHeights.delete(key);
  knownHeights.set(key, known);
  const [oldest] = knownHeights.keys();
  if (knownHeights.size > MOST_PAGES && oldest !== undefined) knownHeights.delete(oldest);
  return known;
}

export class VirtualTable<T> {
  readonly element: HTMLElement;
  private rows: T[] = [];
  private readonly body = h("tbody", { role: "rowgroup" });
  private readonly above = h("tr", { "aria-hidden": "true", class: "space" }, h("td"));
  private readonly below = h("tr", { "aria-hidden": "true", class: "space" }, h("td"));
  private readonly note = h("p", { class: "print-note" });
  private readonly shown = new Map<number, HTMLTableRowElement>();
  /** Of the rows that were shown already. */
  private readonly measured: Map<unknown, number>;
  /** Of each row: 0 where it was not measured. */
  private heights = new Float64Array(0);
  private readonly table: HTMLTableElement;
  private readonly box: HTMLElement;
  private readonly heads: HTMLTableCellElement[];
  /** The row that the Tab key leads to; the arrow keys lead from it to others. */
  private active = 0;
  private isPrinting = false;
  private frame = 0;
  private readonly cleanUp = new AbortController();

  constructor(private readonly options: TableOptions<T>) {
    this.measured = heightsOf(options.label);
    this.heads = options.columns.map((column) => this.head(column));
    // On narrow screens the style makes boxes of rows and cells, which have no roles of their own.
    this.table = h(
      "table",
      { class: `virtual ${options.className ?? ""}`, role: "table", "aria-label": options.label },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row", "aria-rowindex": 1 }, this.heads)),
      this.body,
    );
    this.box = h("div", { class: options.isBoxed === true ? "scroll-box" : null }, this.table);
    this.element = h("div", { class: "table-box" }, this.box, this.note);
    const { signal } = this.cleanUp;
    const later = (): void => {
      this.frame ||= requestAnimationFrame(() => {
        this.frame = 0;
        this.render();
      });
    };
    addEventListener("scroll", later, { passive: true, signal });
    const resized = (): void => {
      // Nothing is known of them any more: see `knownHeights`.
      this.heights.fill(0);
      later();
    };
    addEventListener("resize", resized, { passive: true, signal });
    this.box.addEventListener("scroll", later, { passive: true, signal });
    const print = (isPrinting: boolean) => (): void => {
      this.isPrinting = isPrinting;
      this.render();
    };
    addEventListener("beforeprint", print(true), { signal });
    addEventListener("afterprint", print(false), { signal });
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("focusin", (event) => {
      const index = indexOf(event.target as Element);
      if (!Number.isNaN(index)) this.activate(index);
    });
  }

  /** Stops listening. */
  close(): void {
    this.cleanUp.abort();
    cancelAnimationFrame(this.frame);
  }

  setRows(rows: T[]): void {
    this.rows = rows;
    this.heights = Float64Array.from(rows, (row) => this.measured.get(this.keyOf(row)) ?? 0);
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.shown.clear();
    this.body.replaceChildren(this.above, this.below);
    this.activate(Math.min(this.active, Math.max(0, rows.length - 1)));
    this.render();
  }

  setSort(key: string, descending: boolean): void {
    this.options.columns.forEach((column, index) => {
      const head = this.heads[index];
      if (column.sort === key) head?.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head?.removeAttribute("aria-sort");
    });
  }

  render(): void {
    const { rowHeight } = this.sizes();
    const [first, end] = this.isPrinting ? [0, Math.min(this.rows.length, MOST_PRINTED)] : this.window(rowHeight);
    const unprinted = this.rows.length - end;
    this.note.textContent = this.isPrinting && unprinted > 0 ? `${number(unprinted)} more rows are not printed. Filter the table to print others, or save it as CSV.` : "";
    const focused = document.activeElement?.closest("tr");
    for (const [index, row] of this.shown) {
      // The row with the focus stays, so that the keyboard does not lose its place.
      if ((index < first || index >= end) && row !== focused) {
        row.remove();
        this.shown.delete(index);
      }
    }
    let next: Element = this.below;
    for (let index = end - 1; index >= first; index -= 1) {
      let row = this.shown.get(index);
      if (row === undefined) {
        row = this.row(index);
        this.shown.set(index, row);
        this.body.insertBefore(row, next);
      }
      next = row;
    }
    this.space(first, end, rowHeight);
    // To measure is to lay out: were the space not right by then, the browser would scroll to keep what is visible.
    if (!this.isPrinting && this.measure()) this.space(first, end, rowHeight);
    // The Tab key leads into the table wherever it was scrolled to.
    if (!this.shown.has(this.active)) this.activate(Math.min(first + MARGIN_ROWS, Math.max(first, end - 1)));
  }

  /** The rows that are near what is visible: the first of them, and the first after them. */
  private window(rowHeight: number): [number, number] {
    let top = this.body.getBoundingClientRect().top;
    const [from, to] = this.visible();
    const after = (limit: number, index: number): number => {
      while (index < this.rows.length && top < limit) {
        top += this.heights[index] || rowHeight;
        index += 1;
      }
      return index;
    };
    const first = after(from, 0);
    const end = after(to, first);
    return [Math.max(0, first - 1 - MARGIN_ROWS), Math.min(this.rows.length, end + MARGIN_ROWS)];
  }

  private keyOf(row: T): unknown {
    return this.options.keyOf === undefined ? row : this.options.keyOf(row);
  }

  /** Sets the space of the rows that are not in the document. */
  private space(first: number, end: number, rowHeight: number): void {
    let [above, below] = [this.sum(0, first, rowHeight), this.sum(end, this.rows.length, rowHeight)];
    for (const index of this.shown.keys()) {
      if (index < first) above -= this.heights[index] || rowHeight;
      if (index >= end) below -= this.heights[index] || rowHeight;
    }
    this.setSpace(this.above, above);
    this.setSpace(this.below, below);
  }

  /** Notes how tall the rows are that are in the document. Returns whether one is not as tall as it was taken to be. */
  private measure(): boolean {
    let isNew = false;
    for (const [index, row] of this.shown) {
      const { height } = row.getBoundingClientRect();
      if (height === 0) continue;
      isNew ||= this.heights[index] !== height;
      this.heights[index] = height;
      this.measured.set(this.keyOf(this.rows[index] as T), height);
    }
    return isNew;
  }

  /** How tall these rows are together. */
  private sum(first: number, end: number, rowHeight: number): number {
    let sum = 0;
    for (let index = first; index < end; index += 1) sum += this.heights[index] || rowHeight;
    return sum;
  }

  /** What is visible of the place in which the rows scroll, from top to bottom. */
  private visible(): [number, number] {
    if (this.options.isBoxed !== true) return [0, innerHeight];
    const { top, bottom } = this.box.getBoundingClientRect();
    return [Math.max(0, top), Math.min(innerHeight, bottom)];
  }

  /** The height of rows that are not measured, and of what covers them at the top when they scroll. */
  private sizes(): { rowHeight: number; covered: number } {
    const style = getComputedStyle(this.table);
    const stuck = Number.parseFloat(style.getPropertyValue("--stuck")) || 0;
    return {
      rowHeight: Number.parseFloat(style.getPropertyValue("--row")) || USUAL_HEIGHT,
      covered: stuck + (this.table.tHead?.offsetHeight ?? 0),
    };
  }

  private setSpace(space: HTMLElement, height: number): void {
    const cell = space.firstElementChild as HTMLTableCellElement;
    cell.colSpan = this.options.columns.length;
    cell.style.height = `${height}px`;
    space.hidden = height <= 0;
  }

  private head(column: Column<T>): HTMLTableCellElement {
    const attributes = { scope: "col", role: "columnheader", class: classOf(column), title: column.help };
    const { sort } = column;
    if (sort === undefined) return h("th", attributes, column.title);
    const button = h("button", { type: "button", class: "sort", onclick: () => this.options.onSort?.(sort) }, column.title);
    // Chromium prints no buttons where the head of a table comes again on the next page.
    return h("th", { ...attributes, "data-title": column.title }, button);
  }

  private row(index: number): HTMLTableRowElement {
    const row = this.rows[index] as T;
    return h(
      "tr",
      { role: "row", tabindex: index === this.active ? 0 : -1, "aria-rowindex": index + 2, class: this.options.rowClass?.(row) },
      this.options.columns.map((column, at) =>
        h(
          at === 0 ? "th" : "td",
          { class: classOf(column), scope: at === 0 ? "row" : null, role: at === 0 ? "rowheader" : "cell", "data-label": column.below },
          column.cell(row),
        ),
      ),
    );
  }

  private activate(index: number): void {
    this.shown.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = index;
    this.shown.get(index)?.setAttribute("tabindex", "0");
  }

  /** The arrow keys, Page Up, Page Down, Home and End move from row to row; Enter follows the first link or button of a row. */
  private onKey(event: KeyboardEvent): void {
    const index = indexOf(event.target as Element);
    if (Number.isNaN(index) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "Enter" && event.target === this.shown.get(index)) {
      event.preventDefault();
      this.shown.get(index)?.querySelector<HTMLElement>("a, button")?.click();
      return;
    }
    const { rowHeight, covered } = this.sizes();
    const [from, to] = this.visible();
    const page = Math.max(1, Math.floor((to - from - covered) / rowHeight) - 1);
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: this.rows.length - 1,
      PageDown: index + page,
      PageUp: index - page,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.focus(Math.min(Math.max(target, 0), this.rows.length - 1));
  }

  private focus(index: number): void {
    const { rowHeight, covered } = this.sizes();
    const scroller = this.options.isBoxed === true ? this.box : window;
    // How tall rows are is known when they are shown: the first time may not lead to the place.
    for (let turn = 0; turn < 4; turn += 1) {
      const row = this.shown.get(index);
      const [from, to] = this.visible();
      const top = row?.getBoundingClientRect().top ?? this.body.getBoundingClientRect().top + this.sum(0, index, rowHeight);
      const bottom = top + (this.heights[index] || rowHeight);
      let by = 0;
      if (top < from + covered) by = top - from - covered;
      else if (bottom > to) by = Math.min(bottom - to + 8, top - from - covered);
      if (row !== undefined && Math.abs(by) < 1) break;
      scroller.scrollBy({ top: by, behavior: "instant" });
      this.render();
    }
    this.shown.get(index)?.focus({ preventScroll: true });
  }
}

function classOf<T>({ className, below }: Column<T>): string | null {
  return [className, below === undefined ? undefined : "below"].filter(Boolean).join(" ") || null;
}

/** The position of the row that an element is in; not a number outside of rows. */
function indexOf(element: Element): number {
  return Number(element.closest("tr")?.getAttribute("aria-rowindex") ?? Number.NaN) - 2;
}
