// What an identity's policies would be without what is unused.

import type { PolicyChange, Report, Reports, Rightsized } from "./data";
import { h, printable, printableJson, type Child } from "./dom";
import { jsonLines } from "./explanation";
import { count, number } from "./format";
import { lossesOf, ownPolicy, type Losses } from "./losses";
import { copyButton, entityLink, nameOf } from "./parts";
import { statementLabel, type WrittenStatement } from "./statements";

/** Why actions stay. */
const KEPT_TEXTS: Record<string, string> = {
  Used: "used",
  Denied: "tried and always denied",
  Implied: "with implied use",
  Marked: "named by a keep rule",
  Unobservable: "unobservable",
  Uncovered: "uncovered",
  Whole: "in what stays whole",
};

/** Longer documents are not compared line by line. */
const MOST_LINES = 600;

export async function rightsizedPolicies(reports: Reports, row: number, report: Report, rightsized: Rightsized): Promise<HTMLElement> {
  const arn = reports.arn[row] ?? "";
  const hasGroups = report.policies.some((policy) => policy.group !== "");
  if (rightsized.Refused !== undefined) {
    return h("div", { class: "rightsized" }, h("p", {}, h("strong", {}, "Nothing is proposed: "), rightsized.Refused), advice(rightsized, arn));
  }
  const whole = wholeParts(rightsized);
  if (!rightsized.Policies.some((policy) => policy.Changes)) {
    return h("div", { class: "rightsized" }, h("p", {}, noneMade(rightsized, whole.length > 0, hasGroups)), await ofGroups(reports, report), advice(rightsized, arn), whole);
  }
  const changed = rightsized.Policies.filter((policy) => policy.Changes);
  const details = await Promise.all(changed.map(async (policy) => changes(policy, await today(reports, report, policy))));
  const losses = lossesOf(reports, report, rightsized);
  const kept = keptActions(rightsized);
  const allowed = rightsized.RemovedActions + kept;
  return h(
    "div",
    { class: "rightsized" },
    losses !== null && h("p", {}, lossText(reports, losses, rightsized)),
    h("p", {}, `Of the ${count(allowed, "action")} that its ${hasGroups ? "own " : ""}policies allow, ${number(rightsized.RemovedActions)} would be removed${removedText(rightsized)}${kept === 0 ? "" : ` and ${number(kept)} stay: ${keptText(rightsized)}`}.`, grantedText(allowed, reports.actions[row] ?? 0, hasGroups), proof(rightsized)),
    await ofGroups(reports, report),
    losses !== null && losses.lost.length > 0 && lostList(losses.lost),
    advice(rightsized, arn),
    rightsized.PermissionsBoundary !== undefined && h("p", {}, "The permissions boundary ", h("code", {}, rightsized.PermissionsBoundary), " is not evaluated: it may deny some of what stays."),
    rightsized.NewPolicies.map((policy) =>
      h(
        "details",
        { class: "printed" },
        h("summary", {}, h("strong", {}, policy.PolicyName), " ", h("small", {}, `${policy.PolicyType.toLowerCase()}, ${count(policy.Characters, "character")}, in place of ${policy.Replaces.map((it) => it.slice(it.indexOf("/") + 1)).join(", ")}`)),
        copyButton("policy", () => printableJson(policy.PolicyDocument)),
        h("pre", { tabindex: 0, "aria-label": `Policy ${policy.PolicyName}` }, jsonLines(policy.PolicyDocument)),
      ),
    ),
    h("h3", {}, "What changes"),
    details,
    whole,
  );
}

/** What of what is granted goes, before what the documents of policies lose: denies take some of that away already. */
function lossText(reports: Reports, { lost, byGroup, kept }: Losses, { RemovedActions }: Rightsized): Child[] {
  const denied = RemovedActions - lost.length - kept;
  const groups = [...byGroup].map(([group, actions]): Child[] => [` Still granted by group `, entityLink(reports, group, nameOf(group)), `: ${number(actions)}.`]);
  return [h("strong", {}, lost.length === 0 ? "Nothing that is granted would be removed by this alone" : `${count(lost.length, "granted action")} would be removed`), denied > 0 ? `; ${number(denied)} more that its policies allow ${denied === 1 ? "is" : "are"} denied anyway.` : ".", groups];
}

/** All that is removed of what is granted, to open, print and copy. */
function lostList(lost: string[]): HTMLElement {
  const byService = new Map<string, string[]>();
  for (const it of lost) {
    const [namespace = "", name = ""] = it.split(":");
    byService.set(namespace, [...(byService.get(namespace) ?? []), name]);
  }
  return h(
    "details",
    { class: "printed lost" },
    h("summary", {}, h("strong", {}, lost.length === 1 ? "The removed action" : `The ${number(lost.length)} removed actions`)),
    copyButton("actions", () => lost.map(printable).join("\n")),
    // It scrolls: the keyboard must reach it.
    h("dl", { tabindex: 0 }, [...byService].map(([namespace, names]) => [h("dt", {}, `${namespace} (${number(names.length)})`), h("dd", {}, names.join(", "))])),
  );
}

/** What right-sizing does on the groups of a user. */
async function ofGroups(reports: Reports, report: Report): Promise<HTMLElement | false> {
  const groups = [...new Set(report.policies.map((policy) => policy.group).filter(Boolean))];
  if (groups.length === 0) return false;
  const items = await Promise.all(groups.map(async (arn) => h("li", {}, entityLink(reports, arn, nameOf(arn)), `: ${await groupOutcome(reports, arn)}`)));
  return h("div", {}, h("p", {}, "Policies of its groups are right-sized on the pages of the groups:"), h("ul", {}, items));
}

async function groupOutcome(reports: Reports, arn: string): Promise<string> {
  const row = reports.row(arn);
  const group = row === undefined ? null : ((await reports.report(row))?.rightsized ?? null);
  if (group === null) return "not in this report";
  if (group.Refused !== undefined) return `nothing is proposed: ${group.Refused}`;
  const allowed = group.RemovedActions + keptActions(group);
  if (group.RemovedActions > 0) return `${number(group.RemovedActions)} of ${count(allowed, "action")} that its policies allow would be removed`;
  const whole = staying(group).map(({ name, why }) => name + why);
  return whole.length === 0 ? "nothing of it can be removed" : `no smaller policy was made: ${whole.join("; ")}`;
}

/** Why there are other numbers of actions elsewhere: what an allow names is granted only where no deny takes it away. */
function grantedText(allowed: number, granted: number, hasGroups: boolean): string {
  if (granted === allowed) return "";
  if (hasGroups) return ` With the policies of its groups, and without what denies take away, ${number(granted)} are granted.`;
  return granted < allowed ? ` Denies take ${number(allowed - granted)} of them away: ${number(granted)} are granted.` : "";
}

function keptText({ Kept }: Rightsized): string {
  return Object.entries(Kept)
    .flatMap(([reason, actions]) => (actions === 0 ? [] : `${number(actions)} ${KEPT_TEXTS[reason] ?? reason}`))
    .join(", ");
}

/** Why there is no smaller policy. */
function noneMade(rightsized: Rightsized, isWhole: boolean, hasGroups: boolean): string {
  const its = hasGroups ? "its own policies" : "its policies";
  const allowed = keptActions(rightsized);
  if (isWhole) return `No smaller policy was made: what could go is in what stays whole, for the reasons below.`;
  if (allowed === 0) return `No smaller policy was made: ${its} allow no action.`;
  return `No smaller policy was made: of the ${count(allowed, "action")} that ${its} allow, none is proved unused: ${keptText(rightsized)}.`;
}

/** A command that can be pasted: paths of ARNs may hold characters that a shell runs. */
function shellWord(text: string): string {
  const word = printable(text);
  return /^[\w+=,.@:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What the command line advises, too. */
function advice({ Advice = [] }: Rightsized, arn: string): HTMLElement[] {
  const nothingSeen = Advice.some(({ Kind }) => Kind === "DeleteRole" || Kind === "DetachPolicies");
  return [...(nothingSeen ? [h("p", {}, "Nothing that it grants was seen used.")] : []), ...Advice.map(({ Kind, Message }) => h("p", { class: "advice" }, Kind === "SafeWildcards" ? [h("code", {}, `access-advisor rightsize ${shellWord(arn)} --wildcards safe`), " makes shorter lists: they take fewer characters, and are less to compare."] : `${Message.charAt(0).toUpperCase()}${Message.slice(1)}.`))];
}

/** What is worth the most of what is removed. */
function removedText({ RemovedPrivileges, RemovedWrites }: Rightsized): string {
  const parts = [RemovedPrivileges > 0 ? count(RemovedPrivileges, "privilege") : "", RemovedWrites > 0 ? `${number(RemovedWrites)} ${RemovedPrivileges > 0 ? "others that write" : "that write"}` : ""].filter(Boolean);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** The policies and statements that stay as they are for a reason of their own. */
function staying({ Policies }: Rightsized): { name: string; why: string }[] {
  return Policies.flatMap(({ PolicyName: name, NotEvaluated, Statements }) =>
    NotEvaluated !== undefined ? [{ name, why: `: ${NotEvaluated}` }] : Statements.flatMap(({ Stays, Sid, Index }) => (Stays === undefined ? [] : [{ name, why: ` ${statementLabel(Index, Sid)}: ${Stays}` }])),
  );
}

function wholeParts(rightsized: Rightsized): HTMLElement[] {
  const items = staying(rightsized).map(({ name, why }) => h("li", {}, h("code", {}, name), why));
  return items.length === 0 ? [] : [h("h3", {}, "What stays whole"), h("ul", {}, items)];
}

/** How many actions stay, whatever for. */
function keptActions({ Kept }: Rightsized): number {
  return Object.values(Kept).reduce((sum, it) => sum + it, 0);
}

function proof({ Proof }: Rightsized): string {
  return Proof === undefined ? "" : " It is proved that everything that is needed stays granted, and that nothing new is granted.";
}

/** The statements of a policy of today. */
async function today(reports: Reports, report: Report, policy: PolicyChange): Promise<WrittenStatement[]> {
  const own = ownPolicy(report, policy);
  return own === undefined || own.document === null ? [] : (await reports.policyDocument(own.document)).statements;
}

function changes(policy: PolicyChange, old: WrittenStatement[]): HTMLElement {
  const statements = policy.Statements.filter((statement) => statement.Old !== undefined);
  return h(
    "details",
    { class: "printed" },
    h("summary", {}, h("strong", {}, policy.PolicyName), " ", h("small", {}, `${policy.PolicyType.toLowerCase()}, ${count(statements.length, "statement")} changed${policy.LeftUnattached ? "; attached to nothing then" : ""}`)),
    statements.map((statement) => {
      const further = (statement.MoreRemovedServices ?? 0) + (statement.MoreRemovedActions ?? 0);
      const removed = [...(statement.RemovedServices ?? []).map((it) => `all that it grants of ${it}`), ...(statement.RemovedActions ?? [])];
      const more = removed.length - Math.min(removed.length, 12) + further;
      const without = `without ${removed.slice(0, 12).join(", ")}${more > 0 ? ` and ${number(more)} more` : ""}`;
      const merged = statement.MergedInto === undefined ? "" : `what is left of it is written with statement ${statement.MergedInto}`;
      const outcome = statement.New !== undefined ? without : merged === "" ? "removed" : removed.length === 0 ? merged : `${without}; ${merged}`;
      return h(
        "div",
        {},
        h("p", {}, `S${statementLabel(statement.Index, statement.Sid).slice(1)}: ${outcome}`),
        h("pre", { class: "diff", tabindex: 0, "aria-label": `Change of statement ${statement.Index}` }, diff(pretty(old[statement.Index]), pretty(statement.New)).map(([sign, line]) => h("span", { class: `line ${{ "+": "added", "-": "removed", " ": "" }[sign]}` }, `${sign} ${line}`))),
      );
    }),
  );
}

function pretty(value: unknown): string[] {
  return value === undefined ? [] : printableJson(value).split("\n");
}

/** The shortest way from one list of lines to another. */
function diff(old: string[], now: string[]): ["+" | "-" | " ", string][] {
  const lines: ["+" | "-" | " ", string][] = [];
  if (old.length > MOST_LINES || now.length > MOST_LINES) {
    for (const line of old) lines.push(["-", line]);
    for (const line of now) lines.push(["+", line]);
    return lines;
  }
  // The length of the longest common part of what is left of each.
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const same = (common[(i + 1) * width + j + 1] ?? 0) + 1;
      common[i * width + j] = old[i] === now[j] ? same : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const skipOld = common[(i + 1) * width + j] ?? 0;
    const skipNow = common[i * width + j + 1] ?? 0;
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push([" ", old[i] ?? ""]);
      i += 1;
      j += 1;
    } else if (i < old.length && (j >= now.length || skipOld >= skipNow)) {
      lines.push(["-", old[i] ?? ""]);
      i += 1;
    } else {
      lines.push(["+", now[j] ?? ""]);
      j += 1;
    }
  }
  return lines;
}
