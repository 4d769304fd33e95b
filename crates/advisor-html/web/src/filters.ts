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
    if (value === "") this.query.delete(key);
    else this.query.set(key, value);
    replaceQuery(this.query);
    this.changed();
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

export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}
