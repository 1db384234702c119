/** Elements that come into a dict many at a time: all of them, none twice, and nothing is left of a fill that fails. */

import { describe, expect, test } from "bun:test";
import { Dict } from "../../src/memory/dict";
import { DictBatch } from "../../src/memory/dict-batch";
import { KeyHasher } from "../../src/memory/hash";
import { Heap } from "../../src/memory/heap";
import { StringBlocks } from "../../src/memory/string-block";

/** A dict of texts, and how it is filled. */
function setUp() {
  const heap = new Heap();
  const hasher = new KeyHasher(1, 2);
  const blocks = new StringBlocks(heap);
  const dict = new Dict(heap, hasher, blocks);
  dict.create();
  const batch = new DictBatch(heap, dict, (hash, ref) => {
    blocks.locate(ref);
    return dict.insertNew(hash, ref, blocks.bytes, blocks.at, blocks.at + blocks.length);
  });
  const add = (text: string): void => {
    const bytes = Buffer.from(text, "latin1");
    batch.add(dict.hash(bytes, 0, bytes.length), blocks.create(bytes, 0, bytes.length));
  };
  const has = (text: string): boolean => {
    const bytes = Buffer.from(text, "latin1");
    return dict.find(dict.hash(bytes, 0, bytes.length), bytes, 0, bytes.length) !== 0;
  };
  const drop = (): void => {
    dict.clear((ref) => heap.free(ref));
    dict.destroy();
  };
  return { heap, dict, batch, add, has, drop };
}

describe("DictBatch", () => {
  for (const count of [0, 1, 63, 64, 65, 128, 5000]) {
    test(`${count} elements are all in the dict`, () => {
      const { heap, dict, batch, add, has, drop } = setUp();
      let i = 0;
      expect(batch.fill(count, () => add(`element ${i++}`))).toBe(true);
      expect(dict.size).toBe(count);
      for (let n = 0; n < count; n++) expect(has(`element ${n}`)).toBe(true);
      drop();
      expect(heap.usedBytes).toBe(0);
    });
  }

  for (const twice of [0, 5, 62, 63, 64, 100, 198]) {
    test(`element ${twice} that comes again is refused, and what was not placed is freed`, () => {
      const { heap, batch, add, drop } = setUp();
      let i = 0;
      expect(batch.fill(200, () => add(`element ${i++ === 199 ? twice : i - 1}`))).toBe(false);
      drop();
      expect(heap.usedBytes).toBe(0);
    });
  }

  test("what is not placed is freed when reading fails, and the next fill begins anew", () => {
    const { heap, dict, batch, add, drop } = setUp();
    let i = 0;
    const read = (): void => {
      if (i === 100) throw new Error("damaged");
      add(`element ${i++}`);
    };
    expect(() => batch.fill(200, read)).toThrow("damaged");
    expect(dict.size).toBe(64);
    expect(batch.fill(1, () => add("other"))).toBe(true);
    expect(dict.size).toBe(65);
    drop();
    expect(heap.usedBytes).toBe(0);
  });
});
