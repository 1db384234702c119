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

function openDict(heap: Heap, layout: ElementLayout): Dict {
  const dict = new Dict(heap, hasher(), layout);
  dict.create();
  return dict;
}

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

/** Keys looked for before they come again: their elements, being anywhere, are out of the caches by then. */
const PICKS = 65_536;

/** `count` keys of 16 bytes, one behind the other. */
function keysOf(count: number, number: (i: number) => number): Buffer {
  const keys = Buffer.alloc(count * KEY_BYTES);
  for (let i = 0; i < count; i++) keys.write(`key:${String(number(i)).padStart(12, "0")}`, i * KEY_BYTES, "latin1");
  return keys;
}

/**
 * A dict whose elements are keys of 16 bytes. What is looked for lies in order in buffers of its own, as requests do: only
 * the dict and its elements are read at random places.
 */
class KeyDict implements ElementLayout {
  readonly heap = new Heap();
  readonly dict = openDict(this.heap, this);
  readonly present: Buffer;
  readonly missing: Buffer;

  constructor(size: number) {
    const random = new Random(SEED);
    const all = keysOf(size, (i) => i);
    for (let i = 0; i < size; i++) this.insert(all, i);
    this.present = keysOf(PICKS, () => random.integer(0, size - 1));
    this.missing = keysOf(PICKS, () => random.integer(size, size * 100));
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    return equalBytes(this.heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), buf, start, end - start);
  }

  /** Ref of key `i` of `keys`. */
  find(keys: Buffer, i: number): number {
    const at = i * KEY_BYTES;
    return this.dict.find(this.dict.hash(keys, at, at + KEY_BYTES), keys, at, at + KEY_BYTES);
  }

  insert(keys: Buffer, i: number): void {
    const at = i * KEY_BYTES;
    const ref = this.heap.allocate(KEY_BYTES);
    keys.copy(this.heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), at, at + KEY_BYTES);
    this.dict.insert(this.dict.hash(keys, at, at + KEY_BYTES), ref, false);
  }

  remove(keys: Buffer, i: number): void {
    const ref = this.find(keys, i);
    this.dict.removeFound();
    this.heap.free(ref);
  }
}

export function* dictSuite(sizes: Sizes): Generator<MicroCase> {
  for (const size of sizes.dict) {
    const keyed = new KeyDict(size);
    const label = `${size.toLocaleString("en-US")} elements`;
    const finds = (name: string, keys: Buffer): MicroCase => {
      let next = 0;
      const run = (): number => {
        let sum = 0;
        for (let i = 0; i < BATCH; i++) sum = mix(sum, keyed.find(keys, next++ & (PICKS - 1)));
        return sum;
      };
      return { name: `${name}, ${label}`, operations: BATCH, run };
    };
    yield finds("find", keyed.present);
    yield finds("find, missing", keyed.missing);
    const further = keysOf(BATCH, (i) => size * 1000 + i);
    yield {
      name: `insert and remove, ${label}`,
      operations: BATCH,
      run: () => {
        for (let i = 0; i < BATCH; i++) keyed.insert(further, i);
        for (let i = 0; i < BATCH; i++) keyed.remove(further, i);
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
