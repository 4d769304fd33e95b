// The reports of the file: the index, which is read at once, and the single reports, which are unpacked when they are shown.

import { ByteReader, file, sectionBytes, sectionJson, unzigzag, type Source } from "./bytes";
import { Documents, Statements, type StatementGrant, type WrittenStatement } from "./statements";

export const STATES = ["used", "implied", "unused", "unobservable", "uncovered"] as const;
export type StateName = (typeof STATES)[number];

export const KINDS = ["user", "role", "group", "policy"] as const;
export type Kind = (typeof KINDS)[number];

/** How much of a report is in the file. */
export const enum Kept {
  All = 0,
  Services = 1,
  Row = 2,
}

export const LEVELS: Record<string, string> = {
  L: "List",
  R: "Read",
  W: "Write",
  P: "Permissions management",
  T: "Tagging",
};

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
  Records: { Region: string; Category: string; ResourceType?: string; Days: unknown; Gaps: string[] }[];
  MissingLogFiles?: { Count: number; First: string[] };
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
  /** Whether it is changed or removed: its text stands in the document of the policy. */
  Old?: boolean;
  New?: unknown;
}

export interface PolicyChange {
  PolicyName: string;
  PolicyType: string;
  Changes: boolean;
  Statements: StatementChange[];
}

/** What the policies would be without what is unused: as `rightsize --format json` prints it. */
export interface Rightsized {
  Refused?: string;
  Kept: Record<string, number>;
  RemovedActions: number;
  Policies: PolicyChange[];
  NewPolicies: { PolicyName: string; PolicyType: string; Replaces: string[]; Characters: number; PolicyDocument: unknown }[];
  Proof?: boolean;
}

/** What a report has beside its rows. */
interface More {
  findings?: Finding[];
  rightsized?: Rightsized;
}

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
  tags: string[][];
  kept: number[];
  section: number[];
  offset: number[];
}

interface IndexJson {
  version: string;
  title: string;
  now: number;
  granularity: string | null;
  hasStates: boolean;
  catalog: string;
  /** What the reports rest on; null where it is not known. */
  coverage: Coverage | null;
  limit: number;
  issues: number;
  /** The kinds and severities of findings, and the days that they are about; null when none were looked for. */
  findings: { kinds: string[]; severities: Severity[]; window: string | null } | null;
  services: ServiceSummary[];
  entities: EntityColumns;
}

export interface Access {
  /** Seconds since 1970, with a fraction. */
  time: number;
  /** The ARN of who made it. */
  entity: string;
  region: string;
}

export interface Claim {
  state: StateName;
  reason: string;
}

export type GrantState = "granted" | "ungranted" | "unknown";

export interface ActionRow {
  /** Among the actions of the service. */
  position: number;
  name: string;
  level: string;
  granted: boolean;
  claim: Claim | null;
  last: Access | null;
}

export interface ServiceRow {
  /** The position in the services of the index. */
  service: number;
  grant: GrantState;
  claim: Claim | null;
  entities: number;
  actionCount: number;
  actionsUsed: number;
  last: Access | null;
  /** The statements that grant its actions, and the denies that narrow them; null where that is not known. */
  statements: StatementGrant[] | null;
  actions: () => ActionRow[];
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
}

interface SharedJson {
  texts: string[];
  claims: [number, number][];
  actions: { names: string[]; levels: string }[];
  documents: number[];
}

/** The granted actions of a service, which several reports share. */
interface Block {
  positions: Uint16Array;
  claims: Uint32Array;
}

interface Shared {
  texts: string[];
  claims: Claim[];
  actions: { names: string[]; levels: string }[];
  blocks: Block[];
  statements: Statements;
  documents: Documents;
}

interface SingleAction {
  position: number;
  granted: boolean;
  claim: Claim | null;
  last: Access | null;
}

const GRANTS: GrantState[] = ["granted", "ungranted", "unknown"];

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
  readonly tags: string[][];
  readonly kept: Uint8Array;
  private readonly section: number[];
  private readonly offset: number[];
  private readonly rowByArn = new Map<string, number>();
  private shared: Promise<Shared> | undefined;
  private readonly sections = new Map<number, Promise<Uint8Array>>();

  constructor(
    readonly index: Omit<IndexJson, "entities">,
    entities: EntityColumns,
    /** Reports that are in memory already, by row. */
    private readonly ready: Report[] = [],
    private readonly source: Source = file,
  ) {
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
    this.tags = entities.tags;
    this.kept = Uint8Array.from(entities.kept);
    this.section = entities.section;
    this.offset = entities.offset;
    this.arn.forEach((arn, row) => this.rowByArn.set(arn, row));
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
    const [shared, bytes] = await Promise.all([this.readShared(), this.readSection(this.section[row] ?? 0)]);
    return this.decode(row, new ByteReader(bytes, this.offset[row]), shared);
  }

  /** Visits the services in the reports on rows, which are sorted, section by section. */
  async *eachServices(rows: number[]): AsyncGenerator<[number, ServiceRow[]]> {
    const shared = await this.readShared();
    for (const row of rows) {
      if (this.kept[row] === Kept.Row) continue;
      const bytes = await this.readSection(this.section[row] ?? 0);
      yield [row, this.decodeServices(row, new ByteReader(bytes, this.offset[row]), shared)];
    }
  }

  /** A policy document, and its statements. */
  async policyDocument(number: number): Promise<{ document: unknown; statements: WrittenStatement[] }> {
    return (await this.readShared()).documents.statements(number);
  }

  private readSection(section: number): Promise<Uint8Array> {
    let bytes = this.sections.get(section);
    if (bytes === undefined) {
      bytes = sectionBytes(this.source, `reports-${section}`);
      // A few are kept, so that visiting all of them takes little memory.
      for (const known of this.sections.keys()) {
        if (this.sections.size < 8) break;
        this.sections.delete(known);
      }
      this.sections.set(section, bytes);
    }
    return bytes;
  }

  private readShared(): Promise<Shared> {
    this.shared ??= Promise.all([sectionJson<SharedJson>(this.source, "shared"), sectionBytes(this.source, "blocks"), sectionBytes(this.source, "statements")]).then(
      ([json, bytes, statements]) => ({
        texts: json.texts,
        claims: json.claims.map(([state, reason]) => ({
          state: STATES[state - 1] ?? "uncovered",
          reason: json.texts[reason] ?? "",
        })),
        actions: json.actions,
        blocks: readBlocks(new ByteReader(bytes)),
        statements: new Statements(statements, json.texts),
        documents: new Documents(json.documents, this.source),
      }),
    );
    return this.shared;
  }

  /** The services, with which a report begins. */
  private decodeServices(row: number, from: ByteReader, shared: Shared): ServiceRow[] {
    const text = (): string => shared.texts[from.number()] ?? "";
    const claim = (): Claim | null => shared.claims[from.number() - 1] ?? null;
    const itself = this.arn[row] ?? "";
    const now = this.index.now;
    const access = (): Access | null => {
      const code = from.number();
      if (code === 0) return null;
      const hasMillis = (code - 1) % 2 === 1;
      const seconds = now - unzigzag(Math.floor((code - 1) / 2));
      const millis = hasMillis ? from.number() : 0;
      return { time: seconds + millis / 1000, entity: text() || itself, region: text() };
    };
    const list = <T>(read: () => T): T[] => Array.from({ length: from.number() }, read);
    return list((): ServiceRow => {
      const service = from.number();
      const grant = GRANTS[from.number()] ?? "unknown";
      const ofService = claim();
      const entities = from.number();
      const actionCount = from.number();
      const actionsUsed = from.number();
      const last = access();
      const block = shared.blocks[from.number() - 1];
      const single = list((): SingleAction => {
        const code = from.number();
        return { position: code >>> 1, granted: code % 2 === 1, claim: claim(), last: access() };
      });
      const actions = (): ActionRow[] => actionRows(shared, service, block, single);
      const known = from.number();
      const numbers = Array.from({ length: Math.max(0, known - 1) }, () => from.number());
      const statements = known === 0 ? null : numbers.flatMap((number) => shared.statements.get(number) ?? []);
      return { service, grant, claim: ofService, entities, actionCount, actionsUsed, last, statements, actions };
    });
  }

  private decode(row: number, from: ByteReader, shared: Shared): Report {
    const text = (): string => shared.texts[from.number()] ?? "";
    const list = <T>(read: () => T): T[] => Array.from({ length: from.number() }, read);
    const services = this.decodeServices(row, from, shared);
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
    const more: More = from.json() ?? {};
    return { services, days, policies, related, notEvaluated, findings: more.findings ?? [], rightsized: more.rightsized ?? null };
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
  const hasStates = report.services.some((it) => it.claim !== null);
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
      issues: 0,
      findings: null,
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
      tags: [[]],
      kept: [Kept.All],
      section: [0],
      offset: [0],
    },
    [report],
  );
}

function readBlocks(from: ByteReader): Block[] {
  const blocks: Block[] = [];
  while (!from.isAtEnd) {
    const positions = new Uint16Array(from.number());
    const claims = new Uint32Array(positions.length);
    let position = 0;
    for (let index = 0; index < positions.length; index += 1) {
      position += from.number();
      positions[index] = position;
    }
    let index = 0;
    for (let runs = from.number(); runs > 0; runs -= 1) {
      const claim = from.number();
      const end = index + from.number();
      claims.fill(claim, index, end);
      index = end;
    }
    blocks.push({ positions, claims });
  }
  return blocks;
}

function actionRows(
  shared: Shared,
  service: number,
  block: Block | undefined,
  single: SingleAction[],
): ActionRow[] {
  const known = shared.actions[service] ?? { names: [], levels: "" };
  const bySinglePosition = new Map(single.filter((it) => it.granted).map((it) => [it.position, it]));
  const row = (position: number, action: Omit<SingleAction, "position">): ActionRow => ({
    position,
    name: known.names[position] ?? "",
    level: LEVELS[known.levels[position] ?? ""] ?? "",
    granted: action.granted,
    claim: action.claim,
    last: action.last,
  });
  const rows: ActionRow[] = [];
  block?.positions.forEach((position, index) => {
    const claim = shared.claims[(block.claims[index] ?? 0) - 1] ?? null;
    rows.push(row(position, bySinglePosition.get(position) ?? { granted: true, claim, last: null }));
  });
  for (const action of single) if (!action.granted) rows.push(row(action.position, action));
  return rows;
}
