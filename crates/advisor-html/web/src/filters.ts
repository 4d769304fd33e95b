// Controls that filter a table and stand in the address.

import { h } from "./dom";
import { parse, replaceQuery } from "./route";

export interface Choice {
  key: string;
  label: string;
  options: { value: string; label: string }[];
}

/** A search field and selections; calls `changed` when one of them is changed. */
export class Filters {
  readonly element: HTMLElement;
  readonly query: URLSearchParams;
  private readonly count = h("output", { class: "count", "aria-live": "polite" });

  constructor(choices: Choice[], searchLabel: string, extra: HTMLElement[], private readonly changed: () => void) {
    this.query = parse(location.hash).query;
    const search = h("input", {
      type: "search",
      placeholder: searchLabel,
      "aria-label": searchLabel,
      value: this.query.get("q") ?? "",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.set("q", search.value),
    });
    const selects = choices.map((choice) => this.select(choice));
    this.element = h(
      "form",
      { class: choices.length > 3 ? "filters many" : "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      search,
      h("span", { class: "selects" }, selects),
      h("span", { class: "actions" }, this.count, extra),
    );
  }

  get(key: string): string {
    return this.query.get(key) ?? "";
  }

  set(key: string, value: string): void {
    this.note(key, value);
    this.changed();
  }

  /** Changes the address only. */
  note(key: string, value: string): void {
    if (value === "") this.query.delete(key);
    else this.query.set(key, value);
    replaceQuery(this.query);
  }

  setCount(text: string): void {
    this.count.textContent = text;
  }

  private select({ key, label, options }: Choice): HTMLElement {
    const known = this.get(key);
    const select = h(
      "select",
      { onchange: () => this.set(key, select.value) },
      h("option", { value: "" }, `${label}: all`),
      options.map(({ value, label: text }) => h("option", { value, selected: value === known }, text)),
    );
    select.setAttribute("aria-label", label);
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
  return words.every((word) => (word.includes(":") || /^\d{12}$/.test(word) ? whole : resource).includes(word));
}

export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}
