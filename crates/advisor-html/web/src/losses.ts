// What right-sized policies take away of what is granted: policies allow more, of which denies take some away, and groups may grant
// the rest of it still.

import type { PolicyChange, Report, Reports, Rightsized } from "./data";
import { grantingStatements, namespacedName, policiesWith } from "./explanation";

export interface Losses {
  /** Actions that would not be granted any more. */
  lost: string[];
  /** By the ARN of a group, how many of the removed actions it still grants. */
  byGroup: Map<string, number>;
  /** How many removed actions a group still grants. */
  kept: number;
}

/** null where the report does not tell. */
export function lossesOf(reports: Reports, report: Report, rightsized: Rightsized): Losses | null {
  // Which actions keep rules name is not in the report.
  if (!reports.isActionLevel || (rightsized.Kept["Marked"] ?? 0) > 0) return null;
  const whole = wholeStatements(report, rightsized.Policies);
  const losses: Losses = { lost: [], byGroup: new Map(), kept: 0 };
  for (const service of report.services) {
    if (service.grant !== "granted") continue;
    if (service.statements === null) return null;
    for (const action of service.actions()) {
      if (!action.granted || action.claim?.state !== "unused") continue;
      const statements = grantingStatements(service, action);
      const policies = statements.flatMap(({ document, statement }) => policiesWith(report, document).map((policy) => ({ policy, isWhole: whole.has(`${document} ${statement}`) })));
      const own = policies.filter(({ policy }) => policy.group === "");
      if (own.length === 0 || own.some(({ isWhole }) => isWhole)) continue;
      const groups = new Set(policies.map(({ policy }) => policy.group).filter(Boolean));
      for (const group of groups) losses.byGroup.set(group, (losses.byGroup.get(group) ?? 0) + 1);
      if (groups.size > 0) losses.kept += 1;
      else losses.lost.push(namespacedName(reports, service, action));
    }
  }
  return losses;
}

/** The policy of today that a change is about. */
export function ownPolicy(report: Report, { PolicyName, PolicyType }: PolicyChange): Report["policies"][number] | undefined {
  return report.policies.find((it) => it.group === "" && it.name === PolicyName && (it.arn === "") === (PolicyType === "INLINE"));
}

/** The statements of its own policies that stay as they are, each as the numbers of its document and of itself. */
function wholeStatements(report: Report, changes: PolicyChange[]): Set<string> {
  const whole = new Set<string>();
  for (const change of changes) {
    const own = ownPolicy(report, change);
    for (const { Index, Stays } of change.Statements) if (Stays !== undefined && own !== undefined) whole.add(`${own.document} ${Index}`);
  }
  return whole;
}
