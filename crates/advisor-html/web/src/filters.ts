// Controls that filter a table and stand in the address.

import { h, printable } from "./dom";
import { count, number } from "./format";
import { parse, replaceQuery } from "./route";

/** More suggestions of a field are not offered: browsers are slow with them. */
const MOST_SUGGESTIONS = 200;

export interface Choice {
  key: string;
  label: string;
  options: { value: string; label: string }[];
  /** Whether it is typed, with the options as suggestions: there may be thousands. */
  isTyped?: boolean;
}

/** A search field and other controls; calls `changed` when one of them is changed. */
/** What a `sort` in the address says: a key, after a minus in descending order. */
export function sortOf(text: string): { key: string; isDescending: boolean } {
  return { key: text.replace(/^-/, ""), isDescending: text.startsWith("-") };
}

export class Filters {
  readonly element: HTMLElement;
  private readonly count = h("output", { class: "count", "aria-live": "polite" });
  private readonly controls = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private readonly printed = h("p", { class: "note print-only" });
  private readonly reset = h("button", { type: "button", hidden: true, onclick: () => this.clear() }, "Reset filters");

  /** What stands in the address but has no choice here filters nothing. `search` is the key of the search field. */
  constructor(choices: Choice[], searchLabel: string, extra: HTMLElement[], private readonly changed: () => void, search = "q") {
    const field = this.field(search, searchLabel, "search");
    // A filter that an address brings along is shown, also where there is nothing to choose from.
    const shown = choices.filter(({ key, options }) => options.length > 0 || this.get(key) !== "");
    const controls = shown.map((choice) => (choice.isTyped === true ? this.typed(choice) : this.select(choice)));
    this.element = h(
      "form",
      { class: shown.length > 3 ? "filters many" : "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field,
      h("span", { class: "selects" }, controls),
      h("span", { class: "actions" }, this.count, this.reset, extra),
      this.printed,
    );
    this.showReset();
  }

  get(key: string): string {
    return parse(location.hash).query.get(key) ?? "";
  }

  set(key: string, value: string): void {
    this.note(key, value);
    this.showReset();
    this.changed();
  }

  /** Changes the address only. */
  note(key: string, value: string): void {
    const { query } = parse(location.hash);
    if (value === "") query.delete(key);
    else query.set(key, value);
    replaceQuery(query);
  }

  /** Says how many of so many are shown. */
  setShown(shown: number, all: number): void {
    this.setCount(shown === all ? number(all) : `${number(shown)} of ${number(all)}`);
  }

  setCount(text: string): void {
    this.count.textContent = text;
    const set = [...this.controls].flatMap(([key, control]) => (this.get(key) === "" ? [] : `${control.getAttribute("aria-label")}: ${this.get(key)}`));
    this.printed.textContent = set.length === 0 ? "" : printable(`${text}. ${set.join("; ")}`);
  }

  /** Whether anything is filtered. */
  get isActive(): boolean {
    return [...this.controls.keys()].some((key) => this.get(key) !== "");
  }

  private clear(): void {
    for (const [key, control] of this.controls) {
      control.value = "";
      this.note(key, "");
    }
    this.showReset();
    this.changed();
    // The button is hidden now: the focus goes where the next filter begins.
    this.element.querySelector("input")?.focus();
  }

  private showReset(): void {
    this.reset.hidden = !this.isActive;
  }

  private field(key: string, label: string, type: "search" | "text", list?: string): HTMLInputElement {
    const field = h("input", {
      type,
      list,
      placeholder: label,
      "aria-label": label,
      value: this.get(key),
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.set(key, field.value),
    });
    this.controls.set(key, field);
    return field;
  }

  private typed({ key, label, options }: Choice): HTMLElement[] {
    const id = `suggestions-${key}`;
    const suggestions = h("datalist", { id });
    const isCut = options.length > MOST_SUGGESTIONS;
    const field = this.field(key, isCut ? `${label}: type one of ${number(options.length)}` : `${label}: all`, "text", id);
    field.setAttribute("aria-label", label);
    const suggest = (): void => {
      const text = field.value.toLowerCase();
      const fitting = options.filter((it) => it.label.toLowerCase().includes(text));
      suggestions.replaceChildren(...fitting.slice(0, MOST_SUGGESTIONS).map(({ value }) => h("option", { value })));
      const cut = fitting.length > MOST_SUGGESTIONS ? `: ${MOST_SUGGESTIONS} are suggested, type to find others` : "";
      field.title = `${count(options.length, label.toLowerCase())}${cut}`;
    };
    suggest();
    field.addEventListener("input", suggest);
    return [field, suggestions];
  }

  private select({ key, label, options }: Choice): HTMLElement {
    const known = this.get(key);
    const all = known === "" || options.some(({ value }) => value === known) ? options : [...options, { value: known, label: known }];
    const select = h(
      "select",
      { onchange: () => this.set(key, select.value) },
      h("option", { value: "" }, `${label}: all`),
      all.map(({ value, label: text }) => h("option", { value, selected: value === known }, text)),
    );
    select.setAttribute("aria-label", label);
    this.controls.set(key, select);
    return select;
  }
}

/** Whether all words of a search are in a text, which is in lower case. */
export function matches(text: string, words: string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** Whether all words are in the name or path of an entity. The number of its account is in every ARN: only all of it counts. */
export function matchesEntity(arn: string, words: string[]): boolean {
  const whole = arn.toLowerCase();
  const resource = whole.split(":").slice(5).join(":");
  // The kind, such as `user`, tells nothing apart.
  const pathAndName = resource.slice(Math.max(0, resource.indexOf("/")));
  return words.every((word) => (word.includes(":") || /^\d{12}$/.test(word) ? whole : pathAndName).includes(word));
}

export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}
