/** Elements that are written as a whole, beside the same ones appended one by one. */

import { expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { Listpack } from "../../src/memory/listpack";
import { INTEGER_BYTES_MAX, ListpackWriter, TEXT_OVERHEAD_MAX } from "../../src/memory/listpack-writer";
import { Random } from "../support/random";

const contents = (pack: Listpack): Buffer => Buffer.from(pack.bytes.subarray(pack.start, pack.start + pack.byteLength));

test("the bytes are those of append", () => {
  const heap = new Heap();
  const [one, whole] = [new Listpack(heap), new Listpack(heap)];
  const writer = new ListpackWriter();
  const random = new Random(23);
  for (let round = 0; round < 300; round++) {
    one.create();
    whole.create();
    for (let batch = 0; batch < 3; batch++) {
      const texts = Array.from({ length: random.integer(0, 8) }, () =>
        random.chance(0.5) ? random.edgeInteger() : random.string(random.pick([0, 1, 63, 64, 127, 4095, 4096, 20_000])),
      );
      let most = INTEGER_BYTES_MAX;
      for (const text of texts) most += text.length + TEXT_OVERHEAD_MAX;
      whole.reserve(whole.byteLength + most);
      const block = whole.ref;
      writer.begin(whole.bytes, whole.endPosition);
      for (const text of texts) {
        const bytes = Buffer.from(text, "latin1");
        writer.text(bytes, 0, bytes.length);
        one.append(bytes, 0, bytes.length);
      }
      const number = random.pick([0, 127, 128, -1, 4096, 2 ** 40]);
      writer.integer(number);
      one.appendInteger(number);
      whole.extend(writer.at, writer.count);
      expect(writer.count).toBe(texts.length + 1);
      expect(whole.ref).toBe(block);
      expect(contents(whole)).toEqual(contents(one));
    }
    whole.fit(0);
    if (whole.byteLength <= 32_768) expect(heap.sizeOf(whole.ref)).toBe(Heap.roundUp(whole.byteLength));
    expect(contents(whole)).toEqual(contents(one));
    one.free();
    whole.free();
  }
});

test("elements beyond 65,534 are counted when asked", () => {
  const pack = new Listpack(new Heap());
  const writer = new ListpackWriter();
  pack.create();
  for (let i = 0; i < 7; i++) {
    pack.reserve(pack.byteLength + 10_000 * INTEGER_BYTES_MAX);
    writer.begin(pack.bytes, pack.endPosition);
    for (let j = 0; j < 10_000; j++) writer.integer(j);
    pack.extend(writer.at, writer.count);
    expect(pack.count).toBe((i + 1) * 10_000);
  }
});
