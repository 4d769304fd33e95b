// The end of every page: what made it, and what it could not use.

import type { IndexJson } from "./data";
import { h } from "./dom";
import { count } from "./format";
import { link } from "./route";

/** `issues` is null where it is not known. */
export function footer({ version, catalog, hasStates }: Pick<IndexJson, "version" | "catalog" | "hasStates">, issues: number | null): HTMLElement {
  return h(
    "footer",
    {},
    `access-advisor ${version} · catalog ${catalog.slice(0, 12)} · `,
    hasStates ? "full tracking" : "what AWS tracks",
    issues !== null && issues > 0 && [" · ", h("a", { href: link("coverage") }, `${count(issues, "issue")} in the account data`)],
  );
}
