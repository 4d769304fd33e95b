// Data of a report: base64 of gzip, in script elements that do not run, or in what a server sent.

/** Where the parts of the data are, by name. */
export type Source = (name: string) => string | null | undefined;

export const file: Source = (name) => document.getElementById(name)?.textContent;

/** Browsers have this since 2024 and 2025. */
const decodeBase64 = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (decodeBase64 !== undefined) return decodeBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

function unpacked(source: Source, name: string): Response {
  const text = source(name);
  if (!text) throw new Error(`The report is not complete: it lacks the part "${name}".`);
  // Not by a Blob, which browsers keep in another process.
  const packed = new Response(fromBase64(text)).body;
  if (packed === null) throw new Error("The browser does not read streams.");
  return new Response(packed.pipeThrough(new DecompressionStream("gzip")));
}

export async function sectionBytes(source: Source, name: string): Promise<Uint8Array> {
  return new Uint8Array(await unpacked(source, name).arrayBuffer());
}

export async function sectionJson<T>(source: Source, name: string): Promise<T> {
  return (await unpacked(source, name).json()) as T;
}

/** Reads the integers that the writer's `varint` wrote. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  number(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw new Error("The file is not complete: a report ends early.");
      this.at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }

  json<T>(): T {
    const length = this.number();
    const start = this.at;
    this.at += length;
    return JSON.parse(new TextDecoder().decode(this.bytes.subarray(start, this.at))) as T;
  }

  /** Passes over integers. */
  skip(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      for (;;) {
        const byte = this.bytes[this.at];
        if (byte === undefined) throw new Error("The file is not complete: a report ends early.");
        this.at += 1;
        if (byte < 0x80) break;
      }
    }
  }

  signed(): number {
    return unzigzag(this.number());
  }
}

/** 0, 1, 2, 3, ... to 0, -1, 1, -2, ... */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Values with their lengths before them. They are decoded when they are asked for. */
export class Entries<T> {
  private readonly offsets: number[] = [];
  private readonly decoded = new Map<number, T>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly decode: (from: ByteReader) => T,
  ) {
    const from = new ByteReader(bytes);
    while (!from.isAtEnd) {
      const length = from.number();
      this.offsets.push(from.at);
      from.at += length;
    }
  }

  get(number: number): T | undefined {
    const offset = this.offsets[number];
    if (offset === undefined) return undefined;
    let value = this.decoded.get(number);
    if (value === undefined) {
      value = this.decode(new ByteReader(this.bytes, offset));
      this.decoded.set(number, value);
    }
    return value;
  }
}
