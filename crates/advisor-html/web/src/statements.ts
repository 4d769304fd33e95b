// What statements of policies grant or deny, and the documents that they stand in. Reports share them.

import { sectionJson, type ByteReader, type Source } from "./bytes";

export const EFFECTS = ["grants", "removes-all", "removes-part", "conditional", "variable"] as const;
export type StatementEffect = (typeof EFFECTS)[number];

export const OUTCOMES = ["granted", "narrowed", "denied", "undecided"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What becomes of one string of a statement's `Resource`, or of its `NotResource`. */
export interface ResourceOutcome {
  index: number;
  outcome: Outcome;
  /** What denies take away. */
  except: string[];
  /** What remains matches a string of every list. */
  only: string[][];
}

/** A statement, and what it does to actions of one service. */
export interface StatementGrant {
  document: number;
  /** Its position in the document. */
  statement: number;
  effect: StatementEffect;
  /** Positions among the actions of the service; null when the service has no known actions. */
  actions: Set<number> | null;
  /** Empty when all of its resources are granted. */
  resources: ResourceOutcome[];
}

/** A statement as it is written. */
export interface WrittenStatement {
  Sid?: string;
  Effect?: string;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: unknown;
}

/** What a statement is called, as the command line does: they are counted from 0. */
export function statementLabel(index: number, sid: string | null | undefined): string {
  return `statement ${index}${sid ? ` (${sid})` : ""}`;
}

export function statementGrant(from: ByteReader, shared: string[]): StatementGrant {
  const list = <T>(read: () => T): T[] => Array.from({ length: from.number() }, read);
  const texts = (): string[] => list(() => shared[from.number()] ?? "");
  const document = from.number();
  const statement = from.number();
  const effect = EFFECTS[from.number()] ?? "variable";
  let position = 0;
  const actions = list(() => (position += from.number()));
  const resources = list((): ResourceOutcome => ({ index: from.number(), outcome: OUTCOMES[from.number()] ?? "undecided", except: texts(), only: list(texts) }));
  return { document, statement, effect, actions: actions.length === 0 ? null : new Set(actions), resources };
}

/** Policy documents, which are unpacked when one of them is shown. */
export class Documents {
  private readonly parts = new Map<number, Promise<string[]>>();

  /** `firsts` has the number of the first document of each part. */
  constructor(
    private readonly firsts: number[],
    private readonly source: Source,
  ) {}

  /** The text of a document. */
  async text(number: number): Promise<string> {
    const part = this.firsts.findLastIndex((first) => first <= number);
    let texts = this.parts.get(part);
    if (texts === undefined) {
      texts = sectionJson<string[]>(this.source, `documents-${part}`);
      this.parts.set(part, texts);
    }
    return (await texts)[number - (this.firsts[part] ?? 0)] ?? "";
  }

  async statements(number: number): Promise<{ document: unknown; statements: WrittenStatement[] }> {
    const document = JSON.parse(await this.text(number)) as { Statement?: WrittenStatement | WrittenStatement[] };
    return { document, statements: listOf(document.Statement) };
  }
}

/** A value of a policy that may be one or a list. */
export function listOf<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Whether a pattern with the wildcards `*` and `?` matches a name, in any case. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [wild, text] = [pattern.toLowerCase(), name.toLowerCase()];
  let [at, from] = [0, 0];
  let [star, resume] = [-1, 0];
  while (from < text.length) {
    if (wild[at] === "*") {
      [star, resume] = [at, from];
      at += 1;
    } else if (at < wild.length && (wild[at] === "?" || wild[at] === text[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      // The last star takes one more character.
      resume += 1;
      [at, from] = [star + 1, resume];
    } else {
      return false;
    }
  }
  while (wild[at] === "*") at += 1;
  return at === wild.length;
}
