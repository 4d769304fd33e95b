// A table of any length: only the rows near the window are in the document. Rows have one height, the --row of the style; the page
// scrolls.

import { h } from "./dom";

const MARGIN_ROWS = 12;
/** Of a table that is not on the page. */
const USUAL_HEIGHT = 44;
/** More rows are not printed: browsers take minutes for them. */
const MOST_PRINTED = 5_000;

export interface Column<T> {
  title: string;
  /** For the header's tooltip. */
  help?: string;
  className?: string;
  /** The key by which the column sorts. */
  sort?: string;
  cell: (row: T) => Node | string;
}

export interface TableOptions<T> {
  label: string;
  columns: Column<T>[];
  className?: string;
  rowClass?: (row: T) => string;
  rowLevel?: (row: T) => number;
  onSort?: (key: string) => void;
}

export class VirtualTable<T> {
  readonly element: HTMLElement;
  private rows: T[] = [];
  private readonly body = h("tbody");
  private readonly above = h("tr", { "aria-hidden": "true", class: "space" }, h("td"));
  private readonly below = h("tr", { "aria-hidden": "true", class: "space" }, h("td"));
  private readonly note = h("p", { class: "print-note" });
  private readonly shown = new Map<number, HTMLTableRowElement>();
  private readonly table: HTMLTableElement;
  private readonly heads: HTMLTableCellElement[];
  private isPrinting = false;
  private visibleColumns = 1;
  private frame = 0;
  private readonly cleanUp = new AbortController();

  constructor(private readonly options: TableOptions<T>) {
    this.heads = options.columns.map((column) => this.head(column));
    this.table = h(
      "table",
      { class: `virtual ${options.className ?? ""}`, "aria-label": options.label },
      h("thead", {}, h("tr", { "aria-rowindex": 1 }, this.heads)),
      this.body,
    );
    this.element = h("div", { class: "table-box" }, this.table, this.note);
    const { signal } = this.cleanUp;
    const later = (): void => {
      this.frame ||= requestAnimationFrame(() => {
        this.frame = 0;
        this.render();
      });
    };
    addEventListener("scroll", later, { passive: true, signal });
    addEventListener("resize", later, { passive: true, signal });
    const print = (isPrinting: boolean) => (): void => {
      this.isPrinting = isPrinting;
      this.render();
    };
    addEventListener("beforeprint", print(true), { signal });
    addEventListener("afterprint", print(false), { signal });
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Stops listening. */
  close(): void {
    this.cleanUp.abort();
    cancelAnimationFrame(this.frame);
  }

  setRows(rows: T[]): void {
    this.rows = rows;
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.shown.clear();
    this.body.replaceChildren(this.above, this.below);
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
    const rowHeight = this.rowHeight();
    const top = this.body.getBoundingClientRect().top;
    // On narrow screens, some columns are hidden.
    this.visibleColumns = Math.max(1, this.heads.filter((head) => head.offsetParent !== null).length);
    let first = Math.max(0, Math.floor(-top / rowHeight) - MARGIN_ROWS);
    let end = Math.min(this.rows.length, Math.ceil((innerHeight - top) / rowHeight) + MARGIN_ROWS);
    this.note.textContent = "";
    if (this.isPrinting) {
      first = 0;
      end = Math.min(this.rows.length, MOST_PRINTED);
      const left = this.rows.length - end;
      if (left > 0) this.note.textContent = `${left} more rows are not printed. Filter the table to print others.`;
    }
    if (end <= first) {
      first = Math.min(first, this.rows.length);
      end = first;
    }
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
    let outside = 0;
    for (const index of this.shown.keys()) if (index < first) outside += 1;
    const kept = [...this.shown.keys()].filter((index) => index >= end).length;
    this.setSpace(this.above, (first - outside) * rowHeight);
    this.setSpace(this.below, (this.rows.length - end - kept) * rowHeight);
  }

  private rowHeight(): number {
    return Number.parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || USUAL_HEIGHT;
  }

  private setSpace(space: HTMLElement, height: number): void {
    const cell = space.firstElementChild as HTMLTableCellElement;
    cell.colSpan = this.visibleColumns;
    cell.style.height = `${height}px`;
    space.hidden = height <= 0;
  }

  private head(column: Column<T>): HTMLTableCellElement {
    const attributes = { scope: "col", class: column.className, title: column.help };
    const { sort } = column;
    if (sort === undefined) return h("th", attributes, column.title);
    const button = h("button", { type: "button", class: "sort", onclick: () => this.options.onSort?.(sort) }, column.title);
    return h("th", attributes, button);
  }

  private row(index: number): HTMLTableRowElement {
    const row = this.rows[index] as T;
    const level = this.options.rowLevel?.(row);
    return h(
      "tr",
      { "aria-rowindex": index + 2, class: this.options.rowClass?.(row), "data-level": level },
      this.options.columns.map((column, at) =>
        h(at === 0 ? "th" : "td", { class: column.className, scope: at === 0 ? "row" : null }, column.cell(row)),
      ),
    );
  }

  /** The arrow keys, Home and End move from row to row. */
  private onKey(event: KeyboardEvent): void {
    const from = (event.target as Element).closest("tr");
    const index = Number(from?.getAttribute("aria-rowindex")) - 2;
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: this.rows.length - 1,
      PageDown: index + 10,
      PageUp: index - 10,
    }[event.key];
    if (target === undefined || Number.isNaN(index) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(Math.min(Math.max(target, 0), this.rows.length - 1));
  }

  private focus(index: number): void {
    const rowHeight = this.rowHeight();
    const top = this.body.getBoundingClientRect().top + index * rowHeight;
    const header = 140;
    if (top < header) scrollBy({ top: top - header, behavior: "instant" });
    else if (top + rowHeight > innerHeight) scrollBy({ top: top + rowHeight - innerHeight + 8, behavior: "instant" });
    this.render();
    this.shown.get(index)?.querySelector<HTMLElement>("a, button")?.focus({ preventScroll: true });
  }
}
