/** What waits to be appended: the order of bytes, however they come, and what is left when a part of them was written. */

import { expect, test } from "bun:test";
import { AppendBuffer } from "../../../src/persist/aof/append-buffer";
import { SeededRandom } from "../../../src/util/random";

const content = (buffer: AppendBuffer): string => buffer.settled().toString("latin1", 0, buffer.length);

test("bytes stand in the order in which they came", () => {
  const random = new SeededRandom(7);
  const buffer = new AppendBuffer();
  let model = "";
  let chunk = Buffer.alloc(0);
  let position = 0;
  const steps: (() => void)[] = [
    // A command behind the last one in its chunk, or in a new chunk: then the old one is freed.
    () => {
      if (position + 40 > chunk.length || random.below(10) === 0) {
        buffer.settle();
        chunk.fill(0);
        chunk = Buffer.from(Array.from({ length: 400 }, () => 33 + random.below(90)));
        position = 0;
      }
      const end = position + random.below(40);
      buffer.addLasting(chunk, position, end);
      model += chunk.toString("latin1", position, end);
      position = end;
    },
    // One of the same chunk that is not its neighbour.
    () => {
      position += random.below(3);
    },
    () => {
      const bytes = Buffer.from(`<${random.below(1000)}>`);
      buffer.add(bytes, 0, bytes.length);
      model += bytes.toString();
      bytes.fill(0);
    },
    () => {
      buffer.addText("é\n");
      model += "é\n";
    },
    () => {
      const count = random.below(model.length + 1);
      buffer.take(count);
      model = model.slice(count);
    },
    () => expect(content(buffer)).toBe(model),
  ];
  for (let i = 0; i < 20_000; i++) {
    steps[random.below(20) < 14 ? 0 : random.below(steps.length)]();
    expect(buffer.length).toBe(model.length);
  }
  expect(content(buffer)).toBe(model);
  buffer.addLasting(chunk, 0, 5);
  buffer.clear();
  expect([buffer.length, content(buffer)]).toEqual([0, ""]);
});

test("neighbours in a chunk are copied together", () => {
  const buffer = new AppendBuffer();
  const chunk = Buffer.from("one two three");
  buffer.addLasting(chunk, 0, 4);
  buffer.addLasting(chunk, 4, 8);
  buffer.addLasting(chunk, 8, 13);
  // They are still where they were received.
  chunk.write("ONE");
  expect(content(buffer)).toBe("ONE two three");
  chunk.write("1");
  expect(content(buffer)).toBe("ONE two three");
});

test("a large buffer is let go when it is empty", () => {
  const buffer = new AppendBuffer();
  const usual = buffer.capacity;
  buffer.add(Buffer.alloc(3_000_000), 0, 3_000_000);
  buffer.shrink();
  expect(buffer.capacity).toBeGreaterThanOrEqual(3_000_000);
  buffer.take(3_000_000);
  buffer.shrink();
  expect(buffer.capacity).toBe(usual);
});
