// Who has a managed policy, or is in a group.

import { csv, download } from "./csv";
import { Kept, type Reports } from "./data";
import { h } from "./dom";
import { Filters, matchesEntity, sortOf, wordsOf } from "./filters";
import { count, iso } from "./format";
import { entityLink, nameOf, whenCell } from "./parts";
import { VirtualTable } from "./virtual";

interface Holder {
  arn: string;
  /** In the reports; undefined for what they do not have. */
  row: number | undefined;
  kind: string;
  /** The ARN of the group through which it has a policy; empty for what has it itself. */
  group: string;
  isBoundary: boolean;
}

/** All of those who have a policy: attached, through a group, or as their permissions boundary. Of a group, its members. */
export class HolderTable {
  readonly element: HTMLElement;
  private readonly holders: Holder[];
  private readonly groups: Holder[];
  private readonly attached: number;
  private readonly isPolicy: boolean;
  private shownHolders: Holder[] = [];
  private readonly filters: Filters;
  private readonly table: VirtualTable<Holder>;
  private readonly note = h("p", { class: "note" });
  private readonly summary = h("p", {});
  private isClosed = false;

  constructor(
    private readonly reports: Reports,
    private readonly row: number,
    related: string[],
  ) {
    this.isPolicy = reports.kindOf(row) === "policy";
    const bounded = this.isPolicy ? reports.boundary.flatMap((arn, of) => (arn === reports.arn[row] ? [reports.arn[of] ?? ""] : [])) : [];
    this.holders = [...related.map((arn) => this.holder(arn, "", false)), ...bounded.map((arn) => this.holder(arn, "", true))];
    this.attached = related.length;
    this.groups = this.isPolicy ? this.holders.filter(({ kind }) => kind === "group") : [];
    const save = h("button", { type: "button", onclick: () => download(`${reports.name[row]}-${this.isPolicy ? "holders" : "members"}.csv`, csv(this.csvRows())) }, "Save list as CSV");
    const label = this.isPolicy ? "Who has it" : "Members";
    this.filters = new Filters([], this.isPolicy ? "Search who has it" : "Search members", [save], () => this.update(), "who");
    this.table = new VirtualTable<Holder>({
      label,
      isBoxed: true,
      className: "holders short",
      columns: [
        { title: "Name", className: "name", sort: "name", cell: ({ arn }) => entityLink(reports, arn) },
        { title: "Kind", className: "kind", sort: "kind", below: "", cell: ({ kind }) => kind },
        ...(this.isPolicy ? [{ title: "How", className: "how", below: "", sort: "how", cell: (it: Holder) => this.howCell(it) }] : []),
        { title: "Last use", className: "last", sort: "last", cell: (it) => whenCell(this.last(it), reports.index.now) },
      ],
      onSort: (key) => this.filters.set("whosort", this.sort() === key ? `-${key}` : key),
    });
    const isEmpty = this.holders.length === 0;
    this.element = h("section", { class: "card" }, h("h2", {}, label), this.summary, this.note, isEmpty ? null : [this.filters.element, this.table.element]);
    this.summary.textContent = this.summaryText();
  }

  shown(): void {
    this.update();
    void this.addMembers();
  }

  close(): void {
    this.isClosed = true;
    this.table.close();
  }

  private holder(arn: string, group: string, isBoundary: boolean): Holder {
    const row = this.reports.row(arn);
    return { arn, row, kind: row === undefined ? "" : this.reports.kindOf(row), group, isBoundary };
  }

  private summaryText(): string {
    const bounded = this.holders.length - this.attached;
    if (!this.isPolicy) return this.attached === 0 ? "It has no members." : "";
    const attached = this.attached === 0 ? "It is not attached to anything." : "";
    if (bounded === 0) return attached;
    return `${attached} It is the permissions boundary of ${count(bounded, "user or role", "users and roles")}: that grants them nothing, and is not evaluated.`.trim();
  }

  /** Adds the members of the groups that have the policy, once their reports are read. */
  private async addMembers(): Promise<void> {
    if (this.groups.length === 0) return;
    const leftOut = this.groups.filter(({ row }) => row === undefined || this.reports.kept[row] === Kept.Row).length;
    for (const { arn, row } of this.groups) {
      const report = row === undefined ? null : await this.reports.report(row);
      for (const member of report?.related ?? []) this.holders.push(this.holder(member, arn, false));
    }
    if (this.isClosed) return;
    this.note.textContent = leftOut === 0 ? "" : `The members of ${count(leftOut, "group")} are not listed: their reports were left out.`;
    this.update();
  }

  private sort(): string {
    return this.filters.get("whosort") || "name";
  }

  private last({ row }: Holder): number {
    return row === undefined ? -1 : (this.reports.last[row] ?? -1);
  }

  private howText({ group, isBoundary }: Holder): string {
    return isBoundary ? "permissions boundary" : group === "" ? "attached" : `by group ${nameOf(group)}`;
  }

  private howCell(holder: Holder): HTMLElement | string {
    return holder.group === "" ? this.howText(holder) : h("span", {}, "by group ", entityLink(this.reports, holder.group, nameOf(holder.group)));
  }

  private update(): void {
    const words = wordsOf(this.filters.get("who"));
    const { key, isDescending } = sortOf(this.sort());
    const sign = isDescending ? -1 : 1;
    const keyOf = { kind: (it: Holder) => it.kind, how: (it: Holder) => this.howText(it), last: (it: Holder) => this.last(it) }[key] ?? ((it: Holder) => nameOf(it.arn).toLowerCase());
    this.shownHolders = this.holders
      .filter(({ arn }) => matchesEntity(arn, words))
      .map((it): [string | number, Holder] => [keyOf(it), it])
      .sort(([left], [right]) => (left < right ? -sign : left > right ? sign : 0))
      .map(([, it]) => it);
    this.table.setSort(key, isDescending);
    this.table.setRows(this.shownHolders);
    this.filters.setShown(this.shownHolders.length, this.holders.length);
  }

  private *csvRows(): Generator<(string | number)[]> {
    const of = this.isPolicy ? "PolicyArn" : "GroupArn";
    yield ["Arn", "Kind", "Path", "Tags", of, ...(this.isPolicy ? ["How", "Group"] : []), "LastAccessed"];
    for (const holder of this.shownHolders) {
      const { arn, row, kind, group, isBoundary } = holder;
      const last = this.last(holder);
      const facts = row === undefined ? ["", ""] : [this.reports.path[row] ?? "", (this.reports.tags[row] ?? []).join("; ")];
      const how = isBoundary ? "boundary" : group === "" ? "attached" : "group";
      yield [arn, kind, ...facts, this.reports.arn[this.row] ?? "", ...(this.isPolicy ? [how, group] : []), last < 0 ? "" : iso(last)];
    }
  }
}
