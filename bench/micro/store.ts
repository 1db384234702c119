/** The store's parts: hash function, dict and heap. */

import { Dict, type ElementLayout } from "../../src/memory/dict";
import { KeyHasher } from "../../src/memory/hash";
import { Heap, SEGMENT_SHIFT } from "../../src/memory/heap";
import { equalBytes } from "../../src/util/bytes";
import { Random } from "../../test/support/random";
import { type MicroCase, mix, SEED, type Sizes } from "./case";

const KEY_BYTES = 16;
const BATCH = 1000;

const hasher = (): KeyHasher => new KeyHasher(0x01234567, 0x89abcdef | 0);

export function* hashSuite(): Generator<MicroCase> {
  const bytes = Buffer.from(new Random(SEED).bytes(4096));
  for (const size of [8, 16, 32, 64, 128, 256]) {
    const siphash = hasher();
    const run = (): number => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) sum = mix(sum, siphash.hash(bytes, i, i + size));
      return sum;
    };
    yield { name: `${size} bytes`, operations: BATCH, bytes: BATCH * size, run };
  }
}

/** A dict whose elements are keys of 16 bytes, and keys to look for, both in it and not. */
class KeyDict implements ElementLayout {
  readonly heap = new Heap();
  readonly dict = new Dict(this.heap, hasher(), this);
  /** Key i is at i * KEY_BYTES; the second half is not in the dict. */
  readonly keys: Buffer;
  private readonly order: Int32Array;
  private next = 0;

  constructor(readonly size: number) {
    this.keys = Buffer.alloc(size * 2 * KEY_BYTES);
    for (let i = 0; i < size * 2; i++) this.keys.write(`key:${String(i).padStart(12, "0")}`, i * KEY_BYTES, "latin1");
    const random = new Random(SEED);
    this.order = Int32Array.from({ length: size }, () => random.integer(0, size - 1));
    for (let i = 0; i < size; i++) this.insert(i);
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    return equalBytes(this.heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), buf, start, end - start);
  }

  /** Numbers of keys in random order; the second half when `missing`. */
  pick(missing: boolean): number {
    const i = this.order[this.next];
    this.next = this.next + 1 === this.size ? 0 : this.next + 1;
    return missing ? i + this.size : i;
  }

  find(i: number): number {
    const at = i * KEY_BYTES;
    return this.dict.find(this.dict.hash(this.keys, at, at + KEY_BYTES), this.keys, at, at + KEY_BYTES);
  }

  insert(i: number): void {
    const at = i * KEY_BYTES;
    const ref = this.heap.allocate(KEY_BYTES);
    this.keys.copy(this.heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), at, at + KEY_BYTES);
    this.dict.insert(this.dict.hash(this.keys, at, at + KEY_BYTES), ref, false);
  }

  remove(i: number): void {
    const ref = this.find(i);
    this.dict.removeFound();
    this.heap.free(ref);
  }
}

export function* dictSuite(sizes: Sizes): Generator<MicroCase> {
  for (const size of sizes.dict) {
    const keyed = new KeyDict(size);
    const label = `${size.toLocaleString("en-US")} elements`;
    const finds = (name: string, missing: boolean): MicroCase => ({
      name: `${name}, ${label}`,
      operations: BATCH,
      run: () => {
        let sum = 0;
        for (let i = 0; i < BATCH; i++) sum = mix(sum, keyed.find(keyed.pick(missing)));
        return sum;
      },
    });
    yield finds("find", false);
    yield finds("find, missing", true);
    yield {
      name: `insert and remove, ${label}`,
      operations: BATCH,
      run: () => {
        for (let i = size; i < size + BATCH; i++) keyed.insert(i);
        for (let i = size; i < size + BATCH; i++) keyed.remove(i);
        return mix(keyed.dict.size, keyed.dict.segments);
      },
    };
    let cursor = 0;
    yield {
      name: `scan, ${label}`,
      operations: BATCH,
      run: () => {
        let sum = 0;
        cursor = keyed.dict.scan(cursor, BATCH, (ref) => {
          sum = mix(sum, ref);
        });
        return mix(sum, cursor);
      },
    };
  }
}

export function* heapSuite(sizes: Sizes): Generator<MicroCase> {
  for (const size of [16, 32, 64, 256, 1024, 8192, 65_536]) {
    const live = Math.max(16, Math.min(sizes.blocks, Math.floor((64 * 1024 ** 2) / size)));
    yield exchange(`free and allocate ${size} bytes`, live, () => size);
  }
  const random = new Random(SEED);
  const mixed = Int32Array.from({ length: 4096 }, () => random.integer(8, random.chance(0.1) ? 4000 : 200));
  let next = 0;
  yield exchange("free and allocate 8 to 4,000 bytes", sizes.blocks, () => mixed[next++ & 4095]);
}

/** Gives random live blocks back and takes others in their place. */
function exchange(name: string, live: number, sizeOf: () => number): MicroCase {
  const heap = new Heap();
  const random = new Random(SEED);
  const blocks = Uint32Array.from({ length: live }, () => heap.allocate(sizeOf()));
  const picks = Int32Array.from({ length: 8192 }, () => random.integer(0, live - 1));
  let next = 0;
  const run = (): number => {
    let sum = 0;
    for (let i = 0; i < BATCH; i++) {
      const at = picks[next++ & 8191];
      heap.free(blocks[at]);
      blocks[at] = heap.allocate(sizeOf());
      sum = mix(sum, blocks[at]);
    }
    return mix(sum, heap.usedBytes);
  };
  return { name, operations: BATCH, run };
}
