/** The request parser over whole chunks, as a socket delivers them, and over a large value in pieces. */

import { PARSED_COMMAND, type Partial, RequestParser } from "../../src/resp/request-parser";
import { type Argument, encodeCommand } from "../../test/support/resp-client";
import { type MicroCase, mix } from "./case";

const MAX_BULK = 512 * 1024 * 1024;
const PIECE = 64 * 1024;
const COMMANDS = 256;

const key = (i: number): string => `key:${String(i).padStart(12, "0")}`;

function chunkCase(name: string, bytes: Buffer, chunks: number, commands: number): MicroCase {
  const parser = new RequestParser({ maxBulk: MAX_BULK, authenticated: true });
  const run = (): number => {
    let sum = 0;
    for (let i = 0; i < chunks; i++) {
      parser.begin(bytes, 0, bytes.length);
      while (parser.next() === PARSED_COMMAND) sum = mix(sum, parser.argc + parser.ends[parser.argc - 1]);
      if (parser.suspend() !== null) throw new Error("the chunk ends in the middle of a command");
    }
    return sum;
  };
  return { name, operations: chunks * commands, bytes: chunks * bytes.length, run };
}

function pipeline(name: string, depth: number, command: (i: number) => Argument[]): MicroCase {
  const bytes = Buffer.concat(Array.from({ length: depth }, (_, i) => encodeCommand(command(i))));
  return chunkCase(`${name}, pipeline of ${depth}`, bytes, Math.max(1, COMMANDS / depth), depth);
}

function largeBulk(size: number): MicroCase {
  const parser = new RequestParser({ maxBulk: MAX_BULK, authenticated: true });
  const bytes = Buffer.from(encodeCommand(["SET", key(0), Buffer.alloc(size, "v")]));
  const run = (): number => {
    parser.begin(bytes.subarray(0, PIECE) as Buffer, 0, PIECE);
    parser.next();
    const partial = parser.suspend() as Partial;
    for (let at = PIECE; at < bytes.length; ) at += partial.fill(bytes.subarray(at, at + PIECE), 0);
    parser.restore(partial);
    if (parser.next() !== PARSED_COMMAND) throw new Error("the command did not arrive");
    return mix(parser.argc, parser.ends[2]);
  };
  return { name: `SET of ${size / 1024 ** 2} MB in pieces of 64 KB`, operations: 1, bytes: bytes.length, run };
}

export function* parserSuite(): Generator<MicroCase> {
  for (const depth of [1, 16, 64]) yield pipeline("GET", depth, (i) => ["GET", key(i)]);
  for (const size of [3, 100, 1024]) {
    for (const depth of [1, 64])
      yield pipeline(`SET of ${size} bytes`, depth, (i) => ["SET", key(i), "v".repeat(size)]);
  }
  yield pipeline("MSET of 10 keys", 16, (i) => ["MSET", ...Array.from({ length: 20 }, (_, j) => key(i + j))]);
  const inline = Array.from({ length: 64 }, (_, i) => `SET ${key(i)} "a value"\r\n`).join("");
  yield chunkCase("inline SET, pipeline of 64", Buffer.from(inline), 4, 64);
  yield largeBulk(1024 ** 2);
  yield largeBulk(16 * 1024 ** 2);
}
