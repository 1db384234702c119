/**
 * The request parser. Every case of the table runs whole, byte by byte, and split at every point: where a chunk ends
 * must never change what is parsed.
 */

import { describe, expect, test } from "bun:test";
import { PARSED_COMMAND, PARSED_NOTHING, Partial } from "../../src/resp/request-parser";
import { Random } from "../support/random";
import { CASES, LINE, type ParserCase, SET } from "./parser-cases";
import { argumentsOf, encode, latin1Bytes, newParser, parseChunks } from "./parser-driver";

for (const each of CASES) {
  test(JSON.stringify(each.name).slice(1, -1), () => {
    const bytes = latin1Bytes(each.input);
    check(each, [bytes]);
    check(
      each,
      [...bytes].map((byte) => Uint8Array.of(byte)),
    );
    for (let split = 0; split <= bytes.length; split++) check(each, [bytes.subarray(0, split), bytes.subarray(split)]);
  });
}

function check(each: ParserCase, chunks: Uint8Array[]): void {
  const outcome = parseChunks(newParser(each), chunks);
  const where = `in ${chunks.length} chunks, the first of ${chunks[0].length} bytes`;
  expect(outcome.commands, where).toEqual(each.commands ?? []);
  expect(outcome.error, where).toBe(each.error ?? "");
  expect(outcome.partial?.length ?? 0, where).toBe(each.left ?? 0);
}

describe("lines of more than 64 KB", () => {
  const limits: [string, string, string][] = [
    ["an inline request", LINE, "too big inline request"],
    ["a count", `*${LINE.slice(1)}`, "too big mbulk count string"],
    ["a bulk length", `$${LINE.slice(1)}`, "too big bulk count string"],
    ["an inline request with a NUL", `\x00${LINE.slice(1)}`, "too big inline request"],
  ];
  for (const [name, line, error] of limits) {
    test(name, () => {
      const prefix = line.startsWith("$") ? "*1\r\n" : "";
      const chunks = [latin1Bytes(prefix + line), latin1Bytes("x")];
      const parser = newParser();
      // 64 KB exactly may still go on.
      expect(parseChunks(parser, chunks.slice(0, 1)).error).toBe("");
      expect(parseChunks(parser, chunks).error).toBe(error);
      expect(parseChunks(parser, [Buffer.concat(chunks)]).error).toBe(error);
    });
  }

  test("64 KB with a line end is a command", () => {
    expect(parseChunks(newParser(), [latin1Bytes(`${LINE}\r\n`)]).commands).toEqual([[LINE]]);
  });
});

describe("a large bulk string in pieces", () => {
  const size = 3_000_000;
  const value = Buffer.from(new Random(1).bytes(size));
  const header = latin1Bytes(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`);
  const whole = Buffer.concat([header, value, latin1Bytes("\r\n")]);

  test("is received into one buffer, of the right size from the start", () => {
    const parser = newParser();
    parser.begin(whole.subarray(0, 1000) as Buffer, 0, 1000);
    expect(parser.next()).toBe(PARSED_NOTHING);
    const partial = parser.suspend() as Partial;
    const { buffer } = partial;
    expect(buffer.length).toBe(whole.length);
    expect(partial.needed).toBe(whole.length - 1000);
    for (let at = 1000; at < whole.length; ) {
      expect(partial.needed).toBe(whole.length - at);
      at += partial.fill(whole.subarray(at, at + 65_536), 0);
      expect(partial.buffer).toBe(buffer);
    }
    expect(partial.needed).toBe(0);
    parser.restore(partial);
    expect(parser.next()).toBe(PARSED_COMMAND);
    // Arguments are offsets into that buffer: nothing was copied out of it.
    expect(parser.buf).toBe(buffer);
    expect(parser.argc).toBe(3);
    expect(Buffer.compare(parser.buf.subarray(parser.starts[2], parser.ends[2]), value)).toBe(0);
    expect(parser.next()).toBe(PARSED_NOTHING);
    expect(parser.suspend()).toBeNull();
  });

  test("whose header ends the first chunk gets its room with the first piece", () => {
    const parser = newParser();
    parser.begin(header, 0, header.length);
    parser.next();
    const partial = parser.suspend() as Partial;
    partial.fill(value, 0);
    expect(partial.buffer.length).toBe(whole.length);
  });

  test("takes nothing of the command that follows", () => {
    const parser = newParser();
    parser.begin(whole, 0, 1000);
    parser.next();
    const partial = parser.suspend() as Partial;
    const rest = Buffer.concat([whole.subarray(1000), latin1Bytes("PING\r\n")]);
    expect(partial.fill(rest, 0)).toBe(rest.length - 6);
  });

  test("is not parsed again: what lies before it may be gone", () => {
    const parser = newParser();
    parser.begin(whole, 0, 1000);
    parser.next();
    const partial = parser.suspend() as Partial;
    const firstBytes = partial.starts[0];
    partial.buffer.fill(0, 0, firstBytes);
    partial.fill(whole, 1000);
    parser.restore(partial);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser).slice(0, 2)).toEqual(["SET", "k"]);
  });
});

describe("a command of very many arguments in small pieces", () => {
  const count = 20_000;
  const args = Array.from({ length: count }, (_, i) => `argument:${i}`);
  const bytes = latin1Bytes(encode(args));

  test("arrives whole", () => {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 1000) chunks.push(bytes.subarray(at, at + 1000));
    expect(parseChunks(newParser(), chunks).commands).toEqual([args]);
  });

  test("copies neither its bytes nor its offsets for every piece", () => {
    const parser = newParser();
    parser.begin(bytes, 0, 1000);
    parser.next();
    let partial = parser.suspend() as Partial;
    const buffers = new Set<Buffer>();
    const offsets = new Set<Int32Array>();
    for (let at = 1000; at < bytes.length; ) {
      at += partial.fill(bytes.subarray(at, at + 1000), 0);
      buffers.add(partial.buffer);
      if (partial.needed > 0) continue;
      parser.restore(partial);
      if (parser.next() === PARSED_COMMAND) break;
      partial = parser.suspend() as Partial;
      if (partial.argc > 64) offsets.add(partial.starts);
    }
    expect(parser.argc).toBe(count);
    // Doubling: about log2 of the size, not one for each of the 300 pieces.
    expect(buffers.size).toBeLessThan(15);
    expect(offsets.size).toBeLessThan(15);
  });

  test("leaves no large arrays behind", () => {
    const parser = newParser();
    parseChunks(parser, [bytes]);
    parser.begin(bytes, 0, 0);
    expect(parser.starts.length).toBeLessThan(1000);
  });

  test("two connections that take turns do not disturb each other", () => {
    const parser = newParser();
    const partials: (Partial | null)[] = [null, null];
    const seen: string[][][] = [[], []];
    const inputs = [bytes, latin1Bytes(encode(args.map((arg) => arg.toUpperCase())))];
    for (let at = 0; at < bytes.length; at += 777) {
      for (const who of [0, 1]) {
        const chunk = inputs[who].subarray(at, at + 777);
        let taken = 0;
        while (taken < chunk.length) {
          const partial = partials[who];
          if (partial === null) {
            parser.begin(chunk as Buffer, taken, chunk.length);
            taken = chunk.length;
          } else {
            taken += partial.fill(chunk, taken);
            parser.restore(partial);
          }
          while (parser.next() === PARSED_COMMAND) seen[who].push(argumentsOf(parser));
          partials[who] = parser.suspend();
        }
      }
    }
    expect(seen[0]).toEqual([args]);
    expect(seen[1]).toEqual([args.map((arg) => arg.toUpperCase())]);
  });
});

describe("a command that is held back", () => {
  const commands = [["GET", "a"], SET, ["PING"]];
  const bytes = latin1Bytes(encode(...commands));
  for (const split of [0, 3, 20, 30, 50]) {
    test(`is parsed again after rewind, received after ${split} bytes`, () => {
      const parser = newParser();
      parser.begin(bytes, 0, split);
      const seen: string[][] = [];
      while (parser.next() === PARSED_COMMAND) seen.push(argumentsOf(parser));
      // A connection that is not served keeps what comes, unparsed.
      const kept = parser.suspend() ?? new Partial(Buffer.alloc(0));
      for (let at = split; at < bytes.length; ) at += kept.fill(bytes, at);
      parser.restore(kept);
      while (parser.next() === PARSED_COMMAND) {
        const first = argumentsOf(parser);
        parser.rewind();
        const held = parser.suspend() as Partial;
        // Somebody else uses the parser in between.
        parseChunks(parser, [latin1Bytes(encode(Array(100).fill("other")))]);
        parser.restore(held);
        expect(parser.next()).toBe(PARSED_COMMAND);
        expect(argumentsOf(parser)).toEqual(first);
        seen.push(first);
      }
      expect(seen).toEqual(commands);
    });
  }

  test("inline too", () => {
    const parser = newParser();
    parser.begin(latin1Bytes('SET k "a b"\r\nPING\r\n'), 0, 19);
    parser.next();
    parser.rewind();
    const held = parser.suspend() as Partial;
    expect(held.length).toBe(19);
    expect(held.needed).toBe(0);
    parser.restore(held);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser)).toEqual(["SET", "k", "a b"]);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser)).toEqual(["PING"]);
  });
});

test("only the given range of the buffer is read", () => {
  const parser = newParser();
  const bytes = latin1Bytes(`garbage${encode(SET)}PING\r\n`);
  parser.begin(bytes, 7, bytes.length - 2);
  expect(parser.next()).toBe(PARSED_COMMAND);
  expect(argumentsOf(parser)).toEqual(SET);
  expect(parser.next()).toBe(PARSED_NOTHING);
  expect(parser.remaining).toBe(4);
  expect(parser.rest().toString("latin1")).toBe("PING");
  expect(parser.suspend()?.length).toBe(4);
});

test("authentication in the middle of a pipeline lifts the limits for what follows", () => {
  const parser = newParser({ authenticated: false });
  const large = encode(Array(11).fill("a"));
  const bytes = latin1Bytes(`${encode(["AUTH", "x"])}${large}`);
  parser.begin(bytes, 0, bytes.length);
  expect(parser.next()).toBe(PARSED_COMMAND);
  parser.limits.authenticated = true;
  expect(parser.next()).toBe(PARSED_COMMAND);
  expect(parser.argc).toBe(11);
});

test("random pipelines in random pieces", () => {
  const random = new Random(20_240_607);
  const parser = newParser();
  for (let round = 0; round < 300; round++) {
    const commands = Array.from({ length: random.integer(1, 20) }, () =>
      Array.from({ length: random.integer(1, random.chance(0.1) ? 200 : 5) }, () =>
        latin1Of(random.bytes(random.integer(0, random.chance(0.1) ? 5000 : 30))),
      ),
    );
    const bytes = latin1Bytes(encode(...commands));
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = random.integer(1, random.chance(0.5) ? 10 : 3000);
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    const outcome = parseChunks(parser, chunks);
    expect(outcome.commands).toEqual(commands);
    expect(outcome.partial).toBeNull();
  }
});

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
