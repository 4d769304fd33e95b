// The reports of the file: the index, which is read at once, and the single reports, which are unpacked when they are shown.

import { ByteReader, sectionBytes, sectionJson, unzigzag } from "./bytes";

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
  coverage: Coverage;
  limit: number;
  issues: number;
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
  actions: () => ActionRow[];
}

export interface Report {
  services: ServiceRow[];
  /** Runs of UTC days, as days since 1970. */
  days: [number, number][];
  policies: { name: string; arn: string; group: string }[];
  /** Of a user its groups, of a group its members, of a policy those who have it. */
  related: string[];
  notEvaluated: { name: string; reason: string }[];
}

interface SharedJson {
  texts: string[];
  claims: [number, number][];
  actions: { names: string[]; levels: string }[];
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
  readonly kept: Uint8Array;
  private readonly section: number[];
  private readonly offset: number[];
  private readonly rowByArn = new Map<string, number>();
  private shared: Promise<Shared> | undefined;
  private readonly sections = new Map<number, Promise<Uint8Array>>();

  private constructor(readonly index: Omit<IndexJson, "entities">, entities: EntityColumns) {
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
    this.kept = Uint8Array.from(entities.kept);
    this.section = entities.section;
    this.offset = entities.offset;
    this.arn.forEach((arn, row) => this.rowByArn.set(arn, row));
  }

  static async open(): Promise<Reports> {
    const { entities, ...index } = await sectionJson<IndexJson>("index");
    return new Reports(index, entities);
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
    if (this.kept[row] === Kept.Row) return null;
    const [shared, bytes] = await Promise.all([this.readShared(), this.readSection(this.section[row] ?? 0)]);
    return this.decode(row, new ByteReader(bytes, this.offset[row]), shared);
  }

  /** Visits the reports on rows, which are sorted, section by section. */
  async *each(rows: number[]): AsyncGenerator<[number, Report]> {
    const shared = await this.readShared();
    for (const row of rows) {
      if (this.kept[row] === Kept.Row) continue;
      const bytes = await this.readSection(this.section[row] ?? 0);
      yield [row, this.decode(row, new ByteReader(bytes, this.offset[row]), shared)];
    }
  }

  private readSection(section: number): Promise<Uint8Array> {
    let bytes = this.sections.get(section);
    if (bytes === undefined) {
      bytes = sectionBytes(`reports-${section}`);
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
    this.shared ??= Promise.all([sectionJson<SharedJson>("shared"), sectionBytes("blocks")]).then(
      ([json, bytes]) => ({
        texts: json.texts,
        claims: json.claims.map(([state, reason]) => ({
          state: STATES[state - 1] ?? "uncovered",
          reason: json.texts[reason] ?? "",
        })),
        actions: json.actions,
        blocks: readBlocks(new ByteReader(bytes)),
      }),
    );
    return this.shared;
  }

  private decode(row: number, from: ByteReader, shared: Shared): Report {
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

    const services = list((): ServiceRow => {
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
      return { service, grant, claim: ofService, entities, actionCount, actionsUsed, last, actions };
    });
    let day = 0;
    const days = list((): [number, number] => {
      const first = day + from.signed();
      day = first + from.signed();
      return [first, day];
    });
    const policies = list(() => ({ name: text(), arn: text(), group: text() }));
    const related = list(text);
    const notEvaluated = list(() => ({ name: text(), reason: text() }));
    return { services, days, policies, related, notEvaluated };
  }
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
