// Opens the report, and shows the view that the address names.

import { Reports } from "./data";
import { h, printable } from "./dom";
import { footer } from "./footer";
import { instant, number } from "./format";
import { navigation, skipLink } from "./frame";
import { missing } from "./identity";
import type { View } from "./parts";
import { keepPlaces, place } from "./place";
import { openWhilePrinting } from "./printing";
import { parse } from "./route";
import { TABS, viewOf } from "./views";

function frame(reports: Reports): { element: HTMLElement[]; main: HTMLElement; tabs: Map<string, HTMLElement> } {
  const { items, tabs } = navigation(TABS, (tab) => tab.count !== undefined && h("small", {}, number(tab.count(reports))));
  const { index } = reports;
  const accounts = index.coverage?.Accounts ?? [];
  const account = accounts.length === 1 ? `Account ${accounts[0]?.Account}` : `${number(accounts.length)} accounts`;
  const main = h("main", { id: "main" });
  const skip = skipLink(main);
  const header = h(
    "header",
    {},
    h("div", { class: "brand" }, h("strong", {}, "Access Advisor"), h("span", { class: "as-of" }, account, " · as of ", h("time", { datetime: new Date(index.now * 1000).toISOString() }, instant(index.now)))),
    h("nav", { "aria-label": "Views" }, h("ul", {}, items)),
  );
  return { element: [skip, header, main, footer(index, index.issues.count)], main, tabs };
}

async function start(): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) return;
  try {
    const reports = await Reports.open();
    const { element, main, tabs } = frame(reports);
    let current: View | undefined;
    let wanted = 0;
    const show = async (isFirst: boolean): Promise<void> => {
      wanted += 1;
      const mine = wanted;
      const route = parse(location.hash);
      const top = place();
      const view = await viewOf(reports, route).catch((error: unknown) => missing("This page cannot be shown", String(error)));
      if (mine !== wanted) {
        view.close?.();
        return;
      }
      current?.close?.();
      current = view;
      for (const tab of tabs.values()) tab.removeAttribute("aria-current");
      tabs.get(route.view)?.setAttribute("aria-current", "page");
      document.title = printable(`${view.title} – ${reports.index.title}`);
      main.replaceChildren(view.element);
      if (isFirst) app.replaceChildren(...element);
      view.shown?.();
      scrollTo({ top, behavior: "instant" });
      // Screen readers begin where the new page does.
      if (!isFirst) main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    };
    keepPlaces();
    openWhilePrinting();
    await show(true);
    addEventListener("hashchange", () => void show(false));
    document.documentElement.dataset["ready"] = "true";
  } catch (error) {
    app.replaceChildren(h("h1", {}, "This report cannot be opened"), h("p", { role: "alert" }, String(error)));
  }
}

void start();
