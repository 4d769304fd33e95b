// The document of a policy, with what of each statement is used.

import type { Report, Reports } from "./data";
import { h, printableJson } from "./dom";
import { jsonLines, statementName } from "./explanation";
import { count, number } from "./format";
import { copyButton, when } from "./parts";
import type { WrittenStatement } from "./statements";

interface Usage {
  granted: number;
  used: number;
  /** Seconds since 1970; -1 for never. */
  last: number;
  noun: "action" | "service";
}

/** What a statement grants, and what of it is used, in a report on the policy or on who has it. */
function usageOf(report: Report, document: number, statement: number, isActionLevel: boolean): Usage {
  const usage: Usage = { granted: 0, used: 0, last: -1, noun: isActionLevel ? "action" : "service" };
  const add = (last: number | undefined): void => {
    usage.granted += 1;
    if (last === undefined) return;
    usage.used += 1;
    usage.last = Math.max(usage.last, last);
  };
  for (const service of report.services) {
    const grants = (service.statements ?? []).filter((it) => it.effect === "grants" && it.document === document && it.statement === statement);
    if (grants.length === 0) continue;
    if (!isActionLevel) {
      add(service.last?.time);
      continue;
    }
    for (const action of service.actions()) {
      if (action.granted && grants.some((it) => it.actions?.has(action.position))) add(action.last?.time);
    }
  }
  return usage;
}

/** The document, statement by statement. `who` says whose use is shown; null of a permissions boundary, which grants nothing. */
export async function policyDocument(reports: Reports, report: Report, document: number, name: string, who: string | null): Promise<HTMLElement> {
  const { document: whole, statements } = await reports.policyDocument(document);
  return h(
    "div",
    { class: "policy-document" },
    h("p", { class: "head" }, count(statements.length, "statement"), copyButton("policy", () => printableJson(whole))),
    statements.map((statement, index) =>
      h(
        "section",
        { "aria-label": `Statement ${index}` },
        h("p", { class: "head" }, h("strong", {}, statement.Effect ?? ""), statementName(index, statement), usageText(reports, usageOf(report, document, index, reports.isActionLevel), statement, who)),
        h("pre", { tabindex: 0, "aria-label": `Statement ${index} of ${name}` }, jsonLines(statement)),
      ),
    ),
  );
}

function usageText(reports: Reports, { granted, used, last, noun }: Usage, statement: WrittenStatement, who: string | null): HTMLElement {
  const className = "usage";
  if (who === null) return h("span", { class: className }, `lets other policies grant ${count(granted, noun)}`);
  if (statement.Effect === "Deny") return h("span", { class: className }, "takes away");
  if (granted === 0) return h("span", { class: className }, `grants no known ${noun}`);
  if (used === 0) return h("span", { class: className }, granted === 1 ? `no known use of its only ${noun} by ${who}` : `no known use of its ${count(granted, noun)} by ${who}`);
  return h("span", { class: className }, `${number(used)} of ${count(granted, noun)} used by ${who}, last `, when(last, reports.index.now));
}

/** A policy that shows its document when it is opened. */
export function foldedDocument(reports: Reports, report: Report, document: number, name: string): HTMLElement {
  let isRead = false;
  const content = h("div", {});
  const details = h("details", { ontoggle: () => {
    if (isRead || !details.open) return;
    isRead = true;
    policyDocument(reports, report, document, name, "it").then((element) => content.replaceChildren(element), (error: unknown) => content.replaceChildren(h("p", { role: "alert" }, String(error))));
  } }, h("summary", {}, "Document"), content);
  return details;
}
