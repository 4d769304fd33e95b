// Opens the report, and shows the view that the address names.

import { coverage } from "./coverage";
import { Reports } from "./data";
import { h, printable } from "./dom";
import { count, instant, number } from "./format";
import { identities } from "./identities";
import { identity, missing } from "./identity";
import { overview } from "./overview";
import type { View } from "./parts";
import { link, parse, type Route } from "./route";
import { service, services } from "./services";

const TABS: { view: string; label: string; also: string[]; count?: (reports: Reports) => number }[] = [
  { view: "overview", label: "Overview", also: [] },
  { view: "identities", label: "Identities", also: ["identity"], count: (reports) => reports.rows("user", "role", "group").length },
  { view: "policies", label: "Policies", also: ["policy"], count: (reports) => reports.rows("policy").length },
  { view: "services", label: "Services", also: ["service"], count: (reports) => reports.index.services.length },
  { view: "coverage", label: "Coverage", also: [] },
];

async function viewOf(reports: Reports, route: Route): Promise<View> {
  switch (route.view) {
    case "overview":
      return overview(reports);
    case "identities":
      return identities(reports, ["user", "role", "group"], "Identities");
    case "policies":
      return identities(reports, ["policy"], "Managed policies");
    case "services":
      return services(reports);
    case "coverage":
      return coverage(reports);
    case "identity":
    case "policy":
      return identity(reports, route.of);
    case "service":
      return service(reports, route.of);
    default:
      return missing("No such page", "The address leads to nothing in this report.");
  }
}

function frame(reports: Reports): { element: HTMLElement[]; main: HTMLElement; tabs: Map<string, HTMLElement> } {
  const tabs = new Map<string, HTMLElement>();
  const items = TABS.map((tab) => {
    const anchor = h("a", { href: link(tab.view) }, tab.label, tab.count !== undefined && h("small", {}, number(tab.count(reports))));
    for (const view of [tab.view, ...tab.also]) tabs.set(view, anchor);
    return h("li", {}, anchor);
  });
  const { index } = reports;
  const accounts = index.coverage?.Accounts ?? [];
  const account = accounts.length === 1 ? `Account ${accounts[0]?.Account}` : `${number(accounts.length)} accounts`;
  const main = h("main", { id: "main" });
  const skip = h("a", { class: "skip", href: "#main", onclick: (event) => {
    event.preventDefault();
    main.querySelector<HTMLElement>("h1")?.focus();
  } }, "Skip to the content");
  const header = h(
    "header",
    {},
    h("div", { class: "brand" }, h("strong", {}, "Access Advisor"), h("span", { class: "as-of" }, account, " · as of ", h("time", { datetime: new Date(index.now * 1000).toISOString() }, instant(index.now)))),
    h("nav", { "aria-label": "Views" }, h("ul", {}, items)),
  );
  const footer = h(
    "footer",
    {},
    `access-advisor ${index.version} · catalog ${index.catalog.slice(0, 12)} · `,
    index.hasStates ? "full tracking" : "what AWS tracks",
    index.issues > 0 && ` · ${count(index.issues, "issue")} in the account data`,
  );
  return { element: [skip, header, main, footer], main, tabs };
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
      scrollTo({ top: 0, behavior: "instant" });
      // Screen readers begin where the new page does.
      if (!isFirst) main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    };
    await show(true);
    app.replaceChildren(...element);
    dispatchEvent(new Event("resize"));
    addEventListener("hashchange", () => void show(false));
    document.documentElement.dataset["ready"] = "true";
  } catch (error) {
    app.replaceChildren(h("h1", {}, "This report cannot be opened"), h("p", { role: "alert" }, String(error)));
  }
}

void start();
