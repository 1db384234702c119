/** A file that ends too early, at each possible byte: what is whole is loaded, the rest is cut off, and writing goes on. */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestAll } from "../../../src/admin/debug/digest";
import { InProcess } from "../../support/in-process";
import { encodeCommand } from "../../support/resp-client";

const NAME = "appendonly.aof.1.incr.aof";

/** What a server appended, by unit: the file may be cut between these, and nowhere else. */
const UNITS: readonly (readonly string[])[] = [
  ["SELECT 0", "SET k v"],
  ["RPUSH l a b c"],
  ["MULTI", "INCR n", "SELECT 3", `SET m ${"x".repeat(40)}`, "HSET h f v", "EXEC"],
  ["ZADD z 1 a"],
  ["SELECT 0", "SET empty ''"],
  ["XADD s 1-1 f v"],
];

const encode = (command: string): Uint8Array =>
  encodeCommand(command.split(" ").map((word) => (word === "''" ? "" : word)));
const BYTES = Buffer.concat(UNITS.flat().map(encode));

/** Where the file may end, and the commands up to there. */
function boundaries(): { at: number; commands: string[] }[] {
  const found = [{ at: 0, commands: [] as string[] }];
  for (const unit of UNITS) {
    let { at, commands } = found[found.length - 1];
    for (const command of unit) {
      at += encode(command).length;
      commands = [...commands, command];
      // SELECT outside of a transaction is a command of its own.
      const isWhole = command === unit[unit.length - 1] || (unit[0] !== "MULTI" && command.startsWith("SELECT"));
      if (isWhole) found.push({ at, commands });
    }
  }
  return found;
}

function digestOf(commands: readonly string[]): string {
  const redbun = new InProcess();
  for (const command of commands) redbun.call(...command.split(" ").map((word) => (word === "''" ? "" : word)));
  return String(digestAll(redbun.keyspace));
}

/** Loads a folder with this increment. */
async function load(folder: string, bytes: Uint8Array, truncates: string) {
  rmSync(join(folder, "appendonlydir"), { recursive: true, force: true });
  mkdirSync(join(folder, "appendonlydir"));
  writeFileSync(join(folder, "appendonlydir", NAME), bytes);
  writeFileSync(join(folder, "appendonlydir", "appendonly.aof.manifest"), `file ${NAME} seq 1 type i\n`);
  const redbun = new InProcess({ dir: folder, appendonly: "yes", "aof-load-truncated": truncates });
  const result = await redbun.server.loadAof();
  return { redbun, result };
}

const fileIn = (folder: string): Buffer => readFileSync(join(folder, "appendonlydir", NAME));

describe("a torn tail", () => {
  const wanted = boundaries().map(({ at, commands }) => ({ at, digest: digestOf(commands) }));

  test(`at each of ${BYTES.length} bytes`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "redbun-torn-"));
    try {
      for (let length = 0; length <= BYTES.length; length++) {
        const { redbun, result } = await load(folder, BYTES.subarray(0, length), "yes");
        const { at, digest } = wanted.findLast((each) => each.at <= length) as (typeof wanted)[number];
        const seen = { length, result, kept: fileIn(folder).length, digest: String(digestAll(redbun.keyspace)) };
        expect(seen).toEqual({ length, result: length === 0 ? "empty" : "loaded", kept: at, digest });
        // It goes on at the end of what is whole, in the right database.
        expect(redbun.server.aof.open()).toBe(true);
        redbun.run("SELECT 5", "SET more 1");
        redbun.server.aof.out.flush(true);
        redbun.server.stop();
        const whole = Buffer.concat([BYTES.subarray(0, at), encode("SELECT 5"), encode("SET more 1")]);
        expect(fileIn(folder).equals(whole)).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("stops the start without aof-load-truncated, and is not touched", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redbun-torn-"));
    try {
      // Every few bytes, and where commands end.
      const lengths = Array.from(BYTES, (_, i) => i + 1).filter(
        (n) => n % 7 === 0 || wanted.some(({ at }) => at === n),
      );
      for (const length of lengths) {
        const { redbun, result } = await load(folder, BYTES.subarray(0, length), "no");
        const isWhole = wanted.some(({ at }) => at === length);
        expect([length, result]).toEqual([length, isWhole ? "loaded" : "failed"]);
        expect(fileIn(folder).equals(BYTES.subarray(0, length))).toBe(true);
        redbun.server.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("commands behind the beginning of one that is not whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "redbun-torn-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const command = (...args: string[]): Buffer => Buffer.from(encodeCommand(args));
  const first = command("SET", "k", "v");

  /** What becomes of a file that ends like this, and how long it is then. */
  async function outcome(bytes: Buffer): Promise<[string, number]> {
    const { redbun, result } = await load(folder, bytes, "yes");
    redbun.server.stop();
    return [String(result), fileIn(folder).length];
  }

  test("are a part of its last argument, wherever that is torn, if they do not reach the end", async () => {
    const inner = Buffer.concat([command("SET", "a", "1"), command("DEL", "b"), Buffer.from("and so on")]);
    const torn = command("SET", "dump", `text\r\n${inner.toString("latin1")}`);
    for (let length = 1; length < torn.length; length++) {
      const bytes = Buffer.concat([first, torn.subarray(0, length)]);
      // Cut right behind a command inside of the value it looks like damage, which is never cut off.
      const looksDamaged = /\r\n\*[^*]*\r\n(1|b)\r\n$/.test(bytes.toString("latin1", first.length + 30));
      const expected = looksDamaged ? ["failed", bytes.length] : ["loaded", first.length];
      expect([length, ...(await outcome(bytes))]).toEqual([length, ...expected]);
    }
  });

  test("are hidden by a damaged length if they do, and then nothing is cut off", async () => {
    const damaged = Buffer.from("*3\r\n$3\r\nSET\r\n$90000\r\nb\r\n$1\r\n2\r\n");
    const value = command("SET", "text", "a\r\n*9\r\n$9\r\nno command");
    for (const rest of [[value], [value, first], [first, value]]) {
      const bytes = Buffer.concat([first, damaged, ...rest]);
      expect(await outcome(bytes)).toEqual(["failed", bytes.length]);
    }
  });
});
