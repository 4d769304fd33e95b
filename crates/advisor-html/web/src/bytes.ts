// Data of a report: base64 of gzip, in script elements that do not run, or in what a server sent.

/** Where the parts of the data are, by name. */
export type Source = (name: string) => string | null | undefined;

export const file: Source = (name) => document.getElementById(name)?.textContent;

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

function unpacked(source: Source, name: string): Response {
  const text = source(name);
  if (!text) throw new Error(`The report is not complete: it lacks the part "${name}".`);
  const packed = new Blob([fromBase64(text)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip")));
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

  /** A JSON value; undefined for none. */
  json<T>(): T | undefined {
    const length = this.number();
    const start = this.at;
    this.at += length;
    if (length === 0) return undefined;
    return JSON.parse(new TextDecoder().decode(this.bytes.subarray(start, this.at))) as T;
  }

  signed(): number {
    return unzigzag(this.number());
  }
}

/** 0, 1, 2, 3, ... to 0, -1, 1, -2, ... */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
