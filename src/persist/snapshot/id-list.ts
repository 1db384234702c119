/**
 * A list of ascending stream IDs, to be written and read once: each as what differs from the one before, mostly in four
 * bytes.
 *
 *     mask        16 bits: which bytes of the ID differ
 *     bytes       those that do, exclusive or with the ID before
 */

import type { StreamId } from "../../util/stream-id";

const ID_BYTES = 16;
/** Mask and bytes of an ID at most. */
const ITEM_MAX = 2 + ID_BYTES;
/** Lists grow in chunks: the first is small, as there may be many lists. */
const FIRST_CHUNK = 64;
const CHUNK_MAX = 16 * 1024;

export class IdList {
  size = 0;
  private readonly chunks: Buffer[] = [];
  /** Where the next ID is written in the last chunk, or read in the first. */
  private at = 0;
  /** Bytes of each chunk that are used. */
  private readonly ends: number[] = [];
  private readonly last = Buffer.alloc(ID_BYTES);
  private isRead = false;

  push(id: StreamId): void {
    if (this.chunks.length === 0 || this.at + ITEM_MAX > this.chunks[this.chunks.length - 1].length) this.grow();
    const chunk = this.chunks[this.chunks.length - 1];
    const { last } = this;
    const maskAt = this.at;
    let mask = 0;
    let at = maskAt + 2;
    pack(id);
    for (let i = 0; i < ID_BYTES; i++) {
      if (last[i] === packed[i]) continue;
      mask |= 1 << i;
      chunk[at++] = last[i] ^ packed[i];
      last[i] = packed[i];
    }
    chunk[maskAt] = mask;
    chunk[maskAt + 1] = mask >>> 8;
    this.at = at;
    this.ends[this.ends.length - 1] = at;
    this.size++;
  }

  private grow(): void {
    this.chunks.push(Buffer.allocUnsafe(Math.min(CHUNK_MAX, FIRST_CHUNK << Math.min(8, 2 * this.chunks.length))));
    this.ends.push(0);
    this.at = 0;
  }

  /** Takes the next ID out of the list, whose size says how many there are; nothing can be added any more. */
  shift(id: StreamId): void {
    if (!this.isRead) this.rewind();
    if (this.at === this.ends[0]) {
      this.chunks.shift();
      this.ends.shift();
      this.at = 0;
    }
    const chunk = this.chunks[0];
    const { last } = this;
    const mask = chunk[this.at] | (chunk[this.at + 1] << 8);
    this.at += 2;
    for (let i = 0; i < ID_BYTES; i++) if ((mask & (1 << i)) !== 0) last[i] ^= chunk[this.at++];
    id.setBytes(last, 0);
    this.size--;
  }

  private rewind(): void {
    this.isRead = true;
    this.at = 0;
    this.last.fill(0);
  }
}

const packed = Buffer.alloc(ID_BYTES);

function pack(id: StreamId): void {
  packed.writeInt32BE(id.msHi, 0);
  packed.writeInt32BE(id.msLo, 4);
  packed.writeInt32BE(id.seqHi, 8);
  packed.writeInt32BE(id.seqLo, 12);
}
