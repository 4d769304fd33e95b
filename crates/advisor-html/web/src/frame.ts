// What stands around all views, in a file and at /ui.

import { h, type Child } from "./dom";
import { link } from "./route";

/** Leads past the navigation. */
export function skipLink(main: HTMLElement): HTMLElement {
  const focus = (event: Event): void => {
    event.preventDefault();
    main.querySelector<HTMLElement>("h1")?.focus();
  };
  return h("a", { class: "skip", href: "#main", onclick: focus }, "Skip to the content");
}

/** The links of the navigation, and which of them stands for a view. */
export function navigation<T extends { view: string; also: string[]; label: string }>(all: T[], after: (tab: T) => Child = () => null): { items: HTMLElement[]; tabs: Map<string, HTMLElement> } {
  const tabs = new Map<string, HTMLElement>();
  const items = all.map((tab) => {
    const anchor = h("a", { href: link(tab.view) }, tab.label, after(tab));
    for (const view of [tab.view, ...tab.also]) tabs.set(view, anchor);
    return h("li", {}, anchor);
  });
  return { items, tabs };
}
