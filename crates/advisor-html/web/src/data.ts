// The reports of the file: the index, which is read at once, and the single reports, which are unpacked when they are shown.

import { ByteReader, Entries, file, sectionBytes, sectionJson, type Source } from "./bytes";
import { SectionCache } from "./section-cache";
import { readBlock, serviceRows, STATES, type Claim, type ServiceContext, type ServiceRow, type SharedRows } from "./service-rows";
import { Documents, statementGrant, type WrittenStatement } from "./statements";

export const KINDS = ["user", "role", "group", "policy"] as const;
export type Kind = (typeof KINDS)[number];

/** How much of a report is in the file. */
export const enum Kept {
  All = 0,
  Services = 1,
  Row = 2,
}

export interface ServiceSummary {
  namespace: string;
  name: string;
  granted: number;
  used: number;
  ungranted: number;
  last: number | null;
  actionsGranted: number;
  actionsUsed: number;
}

export interface RegionCoverage {
  Region: string;
  DaysRead: number;
  Gaps: string[];
}

export interface AccountCoverage {
  Account: string;
  DaysRead: number;
  Gaps: string[];
  Regions: RegionCoverage[];
}

export interface Coverage {
  Window: string;
  WindowDays?: number;
  DaysNeeded: number;
  Accounts: AccountCoverage[];
  MissingLogFiles?: { Count: number; First: string[] };
  HasUnknownSources: boolean;
}

export type Severity = "informational" | "low" | "medium" | "high" | "critical";

/** A finding without its actions, which are in the services of the report. */
export interface Finding {
  kind: string;
  severity: Severity;
  severityReason: string;
  subject: string;
  /** The reason of the rule that archives it. */
  archived: string | null;
  stateReason: string | null;
  unusedServices: number;
  unusedActions: number;
  /** Seconds since 1970, and the Region. */
  lastUse: { time: number; region: string } | null;
  grantedBy: { group: string | null; policy: string; statement: number; sid: string | null; actions: number; unlimited: boolean }[];
  moreStatements: number;
}

export interface StatementChange {
  Index: number;
  Sid?: string;
  RemovedServices?: string[];
  MoreRemovedServices?: number;
  RemovedActions?: string[];
  MoreRemovedActions?: number;
  Stays?: string;
  /** The statement that what is left of it is written with. */
  MergedInto?: number;
  /** Whether it is changed or removed: its text stands in the document of the policy. */
  Old?: boolean;
  New?: unknown;
}

export interface PolicyChange {
  PolicyName: string;
  PolicyType: string;
  Changes: boolean;
  /** Whether it would be attached to nothing. */
  LeftUnattached?: boolean;
  /** Why it could not be evaluated. */
  NotEvaluated?: string;
  Statements: StatementChange[];
}

/** What the policies would be without what is unused: as `rightsize --format json` prints it. */
export interface Rightsized {
  Refused?: string;
  /** What to do beside or instead of it. */
  Advice?: { Kind: string; Message: string }[];
  Kept: Record<string, number>;
  RemovedActions: number;
  /** Those that can lead to more permissions or to credentials, and the others that write. */
  RemovedPrivileges: number;
  RemovedWrites: number;
  PermissionsBoundary?: string;
  Policies: PolicyChange[];
  NewPolicies: { PolicyName: string; PolicyType: string; Replaces: string[]; Characters: number; PolicyDocument: unknown }[];
  Proof?: boolean;
}

/** What a report has beside its rows. */
interface Details {
  findings: Finding[];
  rightsized: Rightsized | null;
  /** Why the settings of findings leave it out. */
  excluded: string | null;
}

const NO_DETAILS: Details = { findings: [], rightsized: null, excluded: null };

interface EntityColumns {
  arn: string[];
  name: string[];
  path: string[];
  account: string[];
  kind: number[];
  created: (number | null)[];
  last: (number | null)[];
  services: number[];
  servicesUsed: number[];
  actions: number[];
  actionsUsed: number[];
  states: number[][];
  ungranted: number[];
  days: number[];
  notEvaluated: number[];
  undecided: number[];
  /** The active findings, each a kind and a severity in one number. */
  findings: number[][];
  /** What right-sizing advises, as positions in the index's list of names. */
  advice: number[][];
  /** How many actions right-sizing removes. */
  removed: number[];
  /** The groups of users, as positions in the index's list of ARNs. */
  groups: number[][];
  /** To how many a policy is attached; null when that is not known. */
  attached: (number | null)[];
  tags: string[][];
  /** The ARNs of permissions boundaries. */
  boundary: (string | null)[];
  kept: number[];
  section: number[];
  offset: number[];
}

/** What the numbers of findings mean, and what they rest on, which is absent where there is no report. */
interface FindingsIndex {
  kinds: string[];
  severities: Severity[];
  /** How many findings are archived, and how many identities and policies the settings exclude. */
  archived: number;
  excluded: number;
  window?: string;
  daysNeeded?: number;
  accounts?: number;
  /** Accounts of which fewer days of the window were read. */
  uncoveredAccounts?: number;
}

export interface IndexJson {
  version: string;
  title: string;
  now: number;
  granularity: string | null;
  hasStates: boolean;
  catalog: string;
  /** What the reports rest on; null where it is not known. */
  coverage: Coverage | null;
  limit: number;
  /** What could not be used of the account data as it is: how many, and the first of them. */
  issues: { count: number; first: string[] };
  /** null when none were looked for. */
  findings: FindingsIndex | null;
  /** The names of what right-sizing advises. */
  advice: string[];
  /** The ARNs of groups that have users. */
  groups: string[];
  services: ServiceSummary[];
  entities: EntityColumns;
}

export interface Report {
  services: ServiceRow[];
  /** Runs of UTC days, as days since 1970. */
  days: [number, number][];
  /** The policies that count, each with the number of its document, if that is in the file. */
  policies: { name: string; arn: string; group: string; document: number | null }[];
  /** Of a user its groups, of a group its members, of a policy those who have it. */
  related: string[];
  notEvaluated: { name: string; reason: string }[];
  findings: Finding[];
  rightsized: Rightsized | null;
  excluded: string | null;
}

interface SharedJson {
  texts: string[];
  claims: [number, number][];
  actions: { names: string[]; levels: string }[];
  documents: number[];
}

interface Shared extends SharedRows {
  claims: Claim[];
  documents: Documents;
}

function times(values: (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? -1);
}

/** All reports of the file. Rows are known by their position. */
export class Reports {
  readonly arn: string[];
  readonly name: string[];
  readonly path: string[];
  readonly account: string[];
  readonly kind: Uint8Array;
  /** Seconds since 1970; -1 for never. */
  readonly created: Float64Array;
  readonly last: Float64Array;
  readonly services: Uint32Array;
  readonly servicesUsed: Uint32Array;
  readonly actions: Uint32Array;
  readonly actionsUsed: Uint32Array;
  readonly states: Uint32Array[];
  readonly ungranted: Uint32Array;
  readonly days: Uint32Array;
  readonly notEvaluated: Uint32Array;
  readonly undecided: Uint32Array;
  readonly findings: number[][];
  private readonly advice: number[][];
  readonly removed: number[];
  private readonly groups: number[][];
  readonly attached: (number | null)[];
  readonly tags: string[][];
  readonly boundary: (string | null)[];
  readonly kept: Uint8Array;
  private readonly section: number[];
  private readonly offset: number[];
  private readonly rowByArn = new Map<string, number>();
  private readonly boundaries: Set<string | null>;
  private shared: Promise<Shared> | undefined;
  private readonly sections: SectionCache;

  constructor(
    readonly index: Omit<IndexJson, "entities">,
    entities: EntityColumns,
    /** Reports that are in memory already, by row. */
    private readonly ready: Report[] = [],
    private readonly source: Source = file,
  ) {
    this.sections = new SectionCache(source);
    this.arn = entities.arn;
    this.name = entities.name;
    this.path = entities.path;
    this.account = entities.account;
    this.kind = Uint8Array.from(entities.kind);
    this.created = times(entities.created);
    this.last = times(entities.last);
    this.services = Uint32Array.from(entities.services);
    this.servicesUsed = Uint32Array.from(entities.servicesUsed);
    this.actions = Uint32Array.from(entities.actions);
    this.actionsUsed = Uint32Array.from(entities.actionsUsed);
    this.states = entities.states.map((column) => Uint32Array.from(column));
    this.ungranted = Uint32Array.from(entities.ungranted);
    this.days = Uint32Array.from(entities.days);
    this.notEvaluated = Uint32Array.from(entities.notEvaluated);
    this.undecided = Uint32Array.from(entities.undecided);
    this.findings = entities.findings;
    this.advice = entities.advice;
    this.removed = entities.removed;
    this.groups = entities.groups;
    this.attached = entities.attached;
    this.tags = entities.tags;
    this.boundary = entities.boundary;
    this.kept = Uint8Array.from(entities.kept);
    this.section = entities.section;
    this.offset = entities.offset;
    this.arn.forEach((arn, row) => this.rowByArn.set(arn, row));
    this.boundaries = new Set(this.boundary);
  }

  static async open(source: Source = file): Promise<Reports> {
    const { entities, ...index } = await sectionJson<IndexJson>(source, "index");
    return new Reports(index, entities, [], source);
  }

  /** Whether they come from a server, and not from a file. */
  get isServed(): boolean {
    return this.source !== file;
  }

  get length(): number {
    return this.arn.length;
  }

  get isActionLevel(): boolean {
    return this.index.granularity === "ACTION_LEVEL";
  }

  row(arn: string): number | undefined {
    return this.rowByArn.get(arn);
  }

  /** The kind and severity of each active finding on a row. */
  findingsOn(row: number): { kind: string; severity: Severity }[] {
    const { findings } = this.index;
    if (findings === null) return [];
    const of = findings.severities.length;
    return (this.findings[row] ?? []).map((code) => ({
      kind: findings.kinds[Math.floor(code / of)] ?? "",
      severity: findings.severities[code % of] ?? "informational",
    }));
  }

  /** The names of what right-sizing advises on a row. */
  adviceOn(row: number): string[] {
    return (this.advice[row] ?? []).map((position) => this.index.advice[position] ?? "");
  }

  /** The ARNs of a user's groups. */
  groupsOf(row: number): string[] {
    return (this.groups[row] ?? []).map((position) => this.index.groups[position] ?? "");
  }

  /** Whether a policy is attached to nothing, and no permissions boundary either. */
  isUnattached(row: number): boolean {
    return this.attached[row] === 0 && !this.boundaries.has(this.arn[row] ?? null);
  }

  /** Whether a policy is a permissions boundary and attached to nothing: it grants nothing. */
  isOnlyBoundary(row: number): boolean {
    return this.attached[row] === 0 && this.boundaries.has(this.arn[row] ?? null);
  }

  /** Whether AWS maintains it: it cannot be changed. */
  isOfAws(row: number): boolean {
    return this.account[row] === "aws" || (this.path[row] ?? "").startsWith("/aws-service-role/");
  }

  kindOf(row: number): Kind {
    return KINDS[this.kind[row] ?? 3] ?? "policy";
  }

  /** The rows of these kinds, in order. */
  rows(...kinds: Kind[]): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.length; row += 1) if (kinds.includes(this.kindOf(row))) rows.push(row);
    return rows;
  }

  async report(row: number): Promise<Report | null> {
    const ready = this.ready[row];
    if (ready !== undefined) return ready;
    if (this.kept[row] === Kept.Row) return null;
    const [shared, bytes] = await Promise.all([this.readShared(), this.sections.read(`reports-${this.section[row]}`)]);
    return this.decode(row, new ByteReader(bytes, this.offset[row]), shared);
  }

  /** Visits the rows of services in the reports on these rows, which are sorted. */
  async *eachOfServices(services: Set<number>, rows: number[]): AsyncGenerator<{ row: number; found: ServiceRow[] }> {
    const shared = await this.readShared();
    const last = this.section.reduce((most, it) => Math.max(most, it), 0);
    for (const row of rows) {
      if (this.kept[row] === Kept.Row) continue;
      const section = this.section[row] ?? 0;
      const bytes = await this.sections.read(`reports-${section}`);
      // The next one is unpacked meanwhile.
      if (section < last) void this.sections.read(`reports-${section + 1}`);
      yield { row, found: serviceRows(new ByteReader(bytes, this.offset[row]), this.serviceContext(row, shared), services) };
    }
  }

  /** A policy document, and its statements. */
  async policyDocument(number: number): Promise<{ document: unknown; statements: WrittenStatement[] }> {
    return (await this.readShared()).documents.statements(number);
  }

  private serviceContext(row: number, shared: Shared): ServiceContext {
    return { shared, itself: this.arn[row] ?? "", now: this.index.now };
  }

  private readShared(): Promise<Shared> {
    this.shared ??= Promise.all([sectionJson<SharedJson>(this.source, "shared"), sectionBytes(this.source, "blocks"), sectionBytes(this.source, "statements")]).then(
      ([{ texts, claims, actions, documents }, blocks, statements]) => ({
        texts,
        claims: claims.map(([state, reason]) => ({ state: STATES[state - 1] ?? "uncovered", reason: texts[reason] ?? "" })),
        actions,
        blocks: new Entries(blocks, readBlock),
        statements: new Entries(statements, (from) => statementGrant(from, texts)),
        documents: new Documents(documents, this.source),
      }),
    );
    return this.shared;
  }

  private async decode(row: number, from: ByteReader, shared: Shared): Promise<Report> {
    const text = (): string => shared.texts[from.number()] ?? "";
    const list = <T>(read: () => T): T[] => Array.from({ length: from.number() }, read);
    const services = serviceRows(from, this.serviceContext(row, shared));
    let day = 0;
    const days = list((): [number, number] => {
      const first = day + from.signed();
      day = first + from.signed();
      return [first, day];
    });
    const policies = list(() => {
      const [name, arn, group] = [text(), text(), text()];
      const document = from.number();
      return { name, arn, group, document: document === 0 ? null : document - 1 };
    });
    const related = list(text);
    const notEvaluated = list(() => ({ name: text(), reason: text() }));
    const section = from.number();
    const { findings, rightsized, excluded } = section === 0 ? NO_DETAILS : new ByteReader(await this.sections.read(`details-${section - 1}`), from.number()).json<Details>();
    return { services, days, policies, related, notEvaluated, findings, rightsized, excluded };
  }
}

/** One report that did not come in a file: without a coverage and without other entities. */
export function reportsOf(
  arn: string,
  report: Report,
  services: { namespace: string; name: string }[],
  job: { now: number; granularity: string | null },
): Reports {
  const granted = report.services.filter((it) => it.grant === "granted");
  const hasStates = report.services.every((it) => it.claim !== null);
  const isActionLevel = job.granularity === "ACTION_LEVEL";
  const sum = (of: (service: ServiceRow) => number): number => granted.reduce((total, it) => total + of(it), 0);
  const claims = isActionLevel ? granted.flatMap((it) => it.actions().filter((action) => action.granted)) : granted;
  const last = report.services.flatMap((it) => (it.last === null ? [] : [Math.floor(it.last.time)]));
  const [, , , , account = "", resource = ""] = arn.split(":");
  const path = resource.split("/");
  const kind = KINDS.findIndex((it) => it === path[0]);
  const summary = ({ namespace, name }: { namespace: string; name: string }): ServiceSummary => ({
    namespace,
    name,
    granted: 1,
    used: 0,
    ungranted: 0,
    last: null,
    actionsGranted: 0,
    actionsUsed: 0,
  });
  return new Reports(
    {
      version: "",
      title: path.at(-1) ?? arn,
      now: job.now,
      granularity: job.granularity,
      hasStates,
      catalog: "",
      coverage: null,
      limit: 0,
      issues: { count: 0, first: [] },
      findings: null,
      advice: [],
      groups: [],
      services: services.map(summary),
    },
    {
      arn: [arn],
      name: [path.at(-1) ?? arn],
      path: [`/${path.slice(1, -1).join("/")}`],
      account: [account],
      kind: [kind < 0 ? 3 : kind],
      created: [null],
      last: [last.length === 0 ? null : Math.max(...last)],
      services: [granted.length],
      servicesUsed: [granted.filter((it) => it.last !== null).length],
      actions: [sum((it) => it.actionCount)],
      actionsUsed: [sum((it) => it.actionsUsed)],
      states: STATES.map((state) => [claims.filter((it) => it.claim?.state === state).length]),
      ungranted: [
        report.services.length - granted.length + sum((it) => it.actions().filter((action) => !action.granted).length),
      ],
      days: [0],
      notEvaluated: [report.notEvaluated.length],
      undecided: [0],
      findings: [[]],
      advice: [[]],
      removed: [0],
      groups: [[]],
      attached: [null],
      tags: [[]],
      boundary: [null],
      kept: [Kept.All],
      section: [0],
      offset: [0],
    },
    [report],
  );
}
