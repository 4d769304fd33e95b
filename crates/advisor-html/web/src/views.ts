// The views of reports.

import { coverage } from "./coverage";
import type { Reports } from "./data";
import { identities } from "./identities";
import { identity, missing } from "./identity";
import { overview } from "./overview";
import type { View } from "./parts";
import type { Route } from "./route";
import { service, services } from "./services";

/** What the navigation has. */
export const TABS: { view: string; label: string; also: string[]; count?: (reports: Reports) => number }[] = [
  { view: "overview", label: "Overview", also: [] },
  { view: "identities", label: "Identities", also: ["identity"], count: (reports) => reports.rows("user", "role", "group").length },
  { view: "policies", label: "Policies", also: ["policy"], count: (reports) => reports.rows("policy").length },
  { view: "services", label: "Services", also: ["service"], count: (reports) => reports.index.services.length },
  { view: "coverage", label: "Coverage", also: [] },
];

/** The view that an address names. */
export async function viewOf(reports: Reports, route: Route): Promise<View> {
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
