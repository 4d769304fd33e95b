// Unpacked parts of the data, of which the newest are kept: visiting all of them takes little memory.

import { sectionBytes, type Source } from "./bytes";

const MOST_BYTES = 32 << 20;

interface Part {
  bytes: Promise<Uint8Array>;
  /** 0 until it is unpacked. */
  length: number;
}

export class SectionCache {
  private readonly parts = new Map<string, Part>();
  private length = 0;

  constructor(private readonly source: Source) {}

  read(name: string): Promise<Uint8Array> {
    const known = this.parts.get(name);
    if (known !== undefined) return known.bytes;
    const part: Part = { bytes: sectionBytes(this.source, name), length: 0 };
    this.parts.set(name, part);
    part.bytes.then(
      ({ length }) => {
        part.length = length;
        this.length += length;
        this.dropOldest(name);
      },
      () => this.parts.delete(name),
    );
    return part.bytes;
  }

  private dropOldest(newest: string): void {
    for (const [name, { length }] of this.parts) {
      if (this.length <= MOST_BYTES) break;
      if (name === newest || length === 0) continue;
      this.parts.delete(name);
      this.length -= length;
    }
  }
}
