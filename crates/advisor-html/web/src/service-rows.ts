// The rows of one report: services and their actions, as the file has them.

import { unzigzag, type ByteReader, type Entries } from "./bytes";
import type { StatementGrant } from "./statements";

export const STATES = ["used", "implied", "unused", "unobservable", "uncovered"] as const;
export type StateName = (typeof STATES)[number];

export const LEVELS: Record<string, string> = {
  L: "List",
  R: "Read",
  W: "Write",
  P: "Permissions management",
  T: "Tagging",
};

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

/** The granted actions of a service, which several reports share. */
export interface Block {
  positions: Uint16Array;
  claims: Uint32Array;
}

/** What rows of reports refer to. */
export interface SharedRows {
  texts: string[];
  claims: Claim[];
  actions: { names: string[]; levels: string }[];
  blocks: Entries<Block>;
  statements: Entries<StatementGrant>;
}

/** What else it takes to read the rows of a report. */
export interface ServiceContext {
  shared: SharedRows;
  /** The ARN that the report is on. */
  itself: string;
  /** The time of the reports, in seconds since 1970. */
  now: number;
}

interface SingleAction {
  position: number;
  granted: boolean;
  claim: Claim | null;
  last: Access | null;
}

const GRANTS: GrantState[] = ["granted", "ungranted", "unknown"];

/** The services with which a report begins: all of them, or those that are wanted. */
export function serviceRows(from: ByteReader, context: ServiceContext, wanted?: Set<number>): ServiceRow[] {
  const rows: ServiceRow[] = [];
  for (let left = from.number(); left > 0; left -= 1) {
    const service = from.number();
    if (wanted === undefined || wanted.has(service)) rows.push(serviceRow(service, from, context));
    else skipServiceRow(from);
  }
  return rows;
}

function serviceRow(service: number, from: ByteReader, { shared, itself, now }: ServiceContext): ServiceRow {
  const text = (): string => shared.texts[from.number()] ?? "";
  const claim = (): Claim | null => shared.claims[from.number() - 1] ?? null;
  const access = (): Access | null => {
    const code = from.number();
    if (code === 0) return null;
    const seconds = now - unzigzag(Math.floor((code - 1) / 2));
    const millis = hasMillis(code) ? from.number() : 0;
    return { time: seconds + millis / 1000, entity: text() || itself, region: text() };
  };
  const grant = GRANTS[from.number()] ?? "unknown";
  const ofService = claim();
  const entities = from.number();
  const actionCount = from.number();
  const actionsUsed = from.number();
  const last = access();
  const block = from.number() - 1;
  const single = Array.from({ length: from.number() }, (): SingleAction => {
    const code = from.number();
    return { position: code >>> 1, granted: code % 2 === 1, claim: claim(), last: access() };
  });
  const actions = (): ActionRow[] => actionRows(shared, service, shared.blocks.get(block), single);
  const known = from.number();
  const numbers = Array.from({ length: Math.max(0, known - 1) }, () => from.number());
  const statements = known === 0 ? null : numbers.flatMap((number) => shared.statements.get(number) ?? []);
  return { service, grant, claim: ofService, entities, actionCount, actionsUsed, last, statements, actions };
}

/** Passes over what [serviceRow] reads. */
function skipServiceRow(from: ByteReader): void {
  from.skip(5);
  skipAccess(from);
  from.skip(1);
  for (let left = from.number(); left > 0; left -= 1) {
    from.skip(2);
    skipAccess(from);
  }
  from.skip(Math.max(0, from.number() - 1));
}

function skipAccess(from: ByteReader): void {
  const code = from.number();
  if (code !== 0) from.skip(hasMillis(code) ? 3 : 2);
}

/** Whether milliseconds follow the seconds of an access. */
function hasMillis(code: number): boolean {
  return (code - 1) % 2 === 1;
}

export function readBlock(from: ByteReader): Block {
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
  return { positions, claims };
}

function actionRows(
  shared: SharedRows,
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
