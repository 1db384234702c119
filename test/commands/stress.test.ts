/**
 * Commands of all families mixed at random, with time passing and background work in between, against Maps of values
 * and expiries. At the end everything is removed, and the heap has to be as empty as it was.
 *
 * REDBUN_SEED chooses another course, REDBUN_STEPS a longer one.
 */

import { expect, test } from "bun:test";
import { Background } from "../../src/db/background";
import { Compaction } from "../../src/db/compaction";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";
import { type Reply, text } from "../support/reply";

const STEPS = Number(process.env.REDBUN_STEPS ?? 30_000);
const DATABASES = 3;
const KEYS = 250;

interface Value {
  bytes: string;
  /** ms since the epoch, or Infinity. */
  expireAt: number;
}

/** What a server of strings knows, as Maps. */
class Model {
  databases: Map<string, Value>[] = Array.from({ length: DATABASES }, () => new Map());
  selected = 0;

  constructor(private readonly now: () => number) {}

  get db(): Map<string, Value> {
    return this.databases[this.selected];
  }

  get(key: string, db = this.db): Value | undefined {
    const value = db.get(key);
    if (value === undefined || value.expireAt >= this.now()) return value;
    db.delete(key);
    return undefined;
  }

  bytes(key: string): string {
    return this.get(key)?.bytes ?? "";
  }

  set(key: string, bytes: string, expireAt = Number.POSITIVE_INFINITY, db = this.db): void {
    db.set(key, { bytes, expireAt });
  }

  /** Changes the bytes and keeps the expiry. */
  change(key: string, bytes: string): void {
    this.set(key, bytes, this.get(key)?.expireAt);
  }

  expireAll(): void {
    for (const db of this.databases) for (const key of [...db.keys()]) this.get(key, db);
  }
}

/** The two sides, and what the operations below need to compare them. */
class Course {
  readonly redbun = new InProcess();
  readonly model = new Model(() => this.redbun.clock.now());
  private readonly background: Background;
  private readonly compaction: Compaction;

  constructor() {
    const { keyspace, expireCycle } = this.redbun.server;
    this.compaction = new Compaction(keyspace, keyspace.heap);
    this.background = new Background(keyspace, expireCycle, this.compaction);
  }

  key(random: Random): string {
    const i = random.integer(0, KEYS - 1);
    if (i % 60 === 0) return `${"long".repeat(random.pick([70, 1100]))}:${i}`;
    return `key:${i}`;
  }

  value(random: Random): string {
    if (random.chance(0.2)) return String(random.integer(-1e6, 1e6));
    if (random.chance(0.01)) return "huge".repeat(random.integer(5000, 20_000));
    return random.string(random.pick([0, 1, 8, 43, 44, 45, 200, 253, 254, 300, 3900, 4100, 9000]));
  }

  /** Runs a command; returns the text of its reply, "(nil)", or the texts of an array. */
  call(...args: (string | number)[]): string | string[] {
    const reply = this.redbun.call(...args);
    return reply.type === "array" ? reply.items.map(textOf) : textOf(reply);
  }

  /** Expects that a command replies this. */
  expect(reply: string | number | string[], ...args: (string | number)[]): string {
    const got = this.call(...args);
    const wanted = Array.isArray(reply) ? reply : String(reply);
    // No diff of long values: the history shows what it was about.
    if (!Bun.deepEquals(got, wanted)) {
      throw new Error(`${shown(args)} replied ${shown([got].flat())} instead of ${shown([wanted].flat())}`);
    }
    return shown(args.slice(1));
  }

  /** One slice of background work, as cron would have it done. */
  work(): void {
    this.compaction.consider();
    this.background.wake();
    this.background.stop();
  }

  check(): void {
    const { keyspace } = this.redbun;
    const { model } = this;
    model.expireAll();
    const selected = model.selected;
    for (let id = 0; id < DATABASES; id++) {
      this.call("SELECT", id);
      const known = model.databases[id];
      expect([...this.call("KEYS", "*")].sort()).toEqual([...known.keys()].sort());
      for (const [key, { bytes, expireAt }] of known) {
        this.expect(bytes, "GET", key);
        this.expect(expireAt === Number.POSITIVE_INFINITY ? -1 : expireAt, "PEXPIRETIME", key);
      }
    }
    this.call("SELECT", selected);
    // What FLUSHALL ASYNC left behind is nobody's, and the last to go.
    expectNoLeak({ keyspace });
  }
}

function textOf(reply: Reply): string {
  return reply.type.startsWith("null") ? "(nil)" : text(reply);
}

function shown(parts: readonly (string | number)[]): string {
  return parts.map((part) => (String(part).length > 40 ? `(${String(part).length} bytes)` : part)).join(" ");
}

function bitwise(a: string, b: string, operation: (a: number, b: number) => number): string {
  let result = "";
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    result += String.fromCharCode(operation(a.charCodeAt(i) || 0, b.charCodeAt(i) || 0) & 0xff);
  }
  return result;
}

function padded(bytes: string, length: number): string {
  return bytes.padEnd(length, "\0");
}

function onesIn(bytes: string): number {
  let ones = 0;
  for (let i = 0; i < bytes.length; i++) for (let byte = bytes.charCodeAt(i); byte > 0; byte >>= 1) ones += byte & 1;
  return ones;
}

function isInteger(bytes: string): boolean {
  return /^(0|-?[1-9][0-9]{0,14})$/.test(bytes);
}

test("all commands on strings, keys and bitmaps, with keys expiring, against Maps", () => {
  const course = new Course();
  const { redbun, model } = course;
  const emptyBytes = redbun.keyspace.heap.usedBytes;
  const key = (random: Random): string => course.key(random);
  const flag = (value: boolean): number => (value ? 1 : 0);
  const BITOPS = {
    AND: (a: number, b: number) => a & b,
    OR: (a: number, b: number) => a | b,
    XOR: (a: number, b: number) => a ^ b,
  };
  runOperations({
    seed: 20_26,
    steps: STEPS,
    checkEvery: 3000,
    operations: {
      set: [
        12,
        (random) => {
          const [k, v] = [key(random), course.value(random)];
          model.set(k, v);
          return course.expect("OK", "SET", k, v);
        },
      ],
      setWithOptions: [
        8,
        (random) => {
          const [k, v] = [key(random), course.value(random)];
          const old = model.get(k);
          const args = ["SET", k, v];
          const condition = random.pick(["", "NX", "XX"]);
          if (condition !== "") args.push(condition);
          const stays = condition === (old === undefined ? "XX" : "NX");
          const ms = random.integer(1, 4000);
          const expiry = random.pick(["", "PX", "PXAT", "KEEPTTL"]);
          let expireAt = Number.POSITIVE_INFINITY;
          if (expiry === "KEEPTTL") expireAt = old?.expireAt ?? expireAt;
          else if (expiry !== "") expireAt = redbun.clock.now() + ms;
          if (expiry !== "") args.push(expiry);
          if (expiry === "PX") args.push(String(ms));
          if (expiry === "PXAT") args.push(String(expireAt));
          const get = random.chance(0.3);
          if (get) args.push("GET");
          if (!stays) model.set(k, v, expireAt);
          if (get) return course.expect(old?.bytes ?? "(nil)", ...args);
          return course.expect(stays ? "(nil)" : "OK", ...args);
        },
      ],
      get: [
        6,
        (random) => {
          const k = key(random);
          return course.expect(model.get(k)?.bytes ?? "(nil)", "GET", k);
        },
      ],
      mget: [
        2,
        (random) => {
          const keys = Array.from({ length: random.integer(1, 20) }, () => key(random));
          return course.expect(
            keys.map((k) => model.get(k)?.bytes ?? "(nil)"),
            "MGET",
            ...keys,
          );
        },
      ],
      mset: [
        2,
        (random) => {
          const command = random.pick(["MSET", "MSETNX"]);
          const pairs = Array.from(
            { length: random.integer(1, 4) },
            () => [key(random), course.value(random)] as const,
          );
          const refused = command === "MSETNX" && pairs.some(([k]) => model.get(k) !== undefined);
          if (!refused) for (const [k, v] of pairs) model.set(k, v);
          return course.expect(command === "MSET" ? "OK" : flag(!refused), command, ...pairs.flat());
        },
      ],
      getdel: [
        2,
        (random) => {
          const k = key(random);
          const old = model.get(k);
          model.db.delete(k);
          return course.expect(old?.bytes ?? "(nil)", "GETDEL", k);
        },
      ],
      getex: [
        3,
        (random) => {
          const k = key(random);
          const value = model.get(k);
          const at = redbun.clock.now() + random.integer(-500, 4000);
          const persist = random.chance(0.3);
          const reply = value?.bytes ?? "(nil)";
          if (value !== undefined && !persist && at <= redbun.clock.now()) model.db.delete(k);
          else if (value !== undefined) value.expireAt = persist ? Number.POSITIVE_INFINITY : at;
          return persist ? course.expect(reply, "GETEX", k, "PERSIST") : course.expect(reply, "GETEX", k, "PXAT", at);
        },
      ],
      append: [
        5,
        (random) => {
          const [k, v] = [key(random), course.value(random)];
          model.change(k, model.bytes(k) + v);
          return course.expect(model.bytes(k).length, "APPEND", k, v);
        },
      ],
      setrange: [
        4,
        (random) => {
          const [k, v] = [key(random), course.value(random)];
          const offset = random.integer(0, random.pick([10, 300, 5000]));
          const old = model.bytes(k);
          if (v !== "") model.change(k, padded(old, offset).slice(0, offset) + v + old.slice(offset + v.length));
          return course.expect(model.bytes(k).length, "SETRANGE", k, offset, v);
        },
      ],
      getrange: [
        2,
        (random) => {
          const k = key(random);
          const [from, to] = [random.integer(0, 300), random.integer(0, 5000)];
          return course.expect(model.bytes(k).slice(from, to + 1), "GETRANGE", k, from, to);
        },
      ],
      incr: [
        5,
        (random) => {
          const [k, by] = [key(random), random.integer(-1000, 1000)];
          const old = model.get(k)?.bytes ?? "0";
          if (!isInteger(old)) return course.expect("ERR value is not an integer or out of range", "INCRBY", k, by);
          model.change(k, String(Number(old) + by));
          return course.expect(model.bytes(k), "INCRBY", k, by);
        },
      ],
      setbit: [
        4,
        (random) => {
          const k = key(random);
          const offset = random.integer(0, random.pick([63, 3000, 60_000]));
          const bit = random.integer(0, 1);
          const byte = offset >> 3;
          const mask = 0x80 >> (offset & 7);
          const bytes = padded(model.bytes(k), byte + 1);
          const old = bytes.charCodeAt(byte);
          const changed = bit === 1 ? old | mask : old & ~mask;
          model.change(k, bytes.slice(0, byte) + String.fromCharCode(changed) + bytes.slice(byte + 1));
          return course.expect(flag((old & mask) !== 0), "SETBIT", k, offset, bit);
        },
      ],
      bitcount: [
        2,
        (random) => {
          const k = key(random);
          return course.expect(onesIn(model.bytes(k)), "BITCOUNT", k);
        },
      ],
      bitop: [
        3,
        (random) => {
          const [to, a, b] = [key(random), key(random), key(random)];
          const name = random.pick(Object.keys(BITOPS)) as keyof typeof BITOPS;
          const result = bitwise(model.bytes(a), model.bytes(b), BITOPS[name]);
          if (result === "") model.db.delete(to);
          else model.set(to, result);
          return course.expect(result.length, "BITOP", name, to, a, b);
        },
      ],
      bitfield: [
        2,
        (random) => {
          const [k, at, v] = [key(random), random.integer(0, 600), random.integer(0, 255)];
          const bytes = padded(model.bytes(k), at + 1);
          model.change(k, bytes.slice(0, at) + String.fromCharCode(v) + bytes.slice(at + 1));
          return course.expect([String(bytes.charCodeAt(at))], "BITFIELD", k, "SET", "u8", at * 8, v);
        },
      ],
      del: [
        6,
        (random) => {
          const keys = Array.from({ length: random.integer(1, 5) }, () => key(random));
          const removed = keys.filter((k) => model.get(k) !== undefined && model.db.delete(k)).length;
          return course.expect(removed, random.pick(["DEL", "UNLINK"]), ...keys);
        },
      ],
      exists: [
        2,
        (random) => {
          const keys = Array.from({ length: random.integer(1, 5) }, () => key(random));
          const found = keys.filter((k) => model.get(k) !== undefined).length;
          return course.expect(found, random.pick(["EXISTS", "TOUCH"]), ...keys);
        },
      ],
      expire: [
        6,
        (random) => {
          const k = key(random);
          const at = redbun.clock.now() + random.integer(-200, 5000);
          const value = model.get(k);
          if (value !== undefined && at <= redbun.clock.now()) model.db.delete(k);
          else if (value !== undefined) value.expireAt = at;
          return course.expect(flag(value !== undefined), "PEXPIREAT", k, at);
        },
      ],
      persist: [
        2,
        (random) => {
          const k = key(random);
          const value = model.get(k);
          const expires = value !== undefined && value.expireAt !== Number.POSITIVE_INFINITY;
          if (expires) value.expireAt = Number.POSITIVE_INFINITY;
          return course.expect(flag(expires), "PERSIST", k);
        },
      ],
      rename: [
        4,
        (random) => {
          const [from, to] = [key(random), key(random)];
          const value = model.get(from);
          const nx = random.chance(0.4);
          const command = nx ? "RENAMENX" : "RENAME";
          if (value === undefined) return course.expect("ERR no such key", command, from, to);
          const refused = nx && model.get(to) !== undefined;
          if (!refused && from !== to) {
            model.db.delete(from);
            model.db.set(to, value);
          }
          return course.expect(nx ? flag(!refused) : "OK", command, from, to);
        },
      ],
      copy: [
        4,
        (random) => {
          const [from, to] = [key(random), key(random)];
          const id = random.integer(0, DATABASES - 1);
          const replace = random.chance(0.6);
          if (id === model.selected && from === to) return undefined;
          const value = model.get(from);
          const target = model.databases[id];
          const copies = value !== undefined && (replace || model.get(to, target) === undefined);
          if (copies) target.set(to, { ...value });
          return course.expect(flag(copies), "COPY", from, to, "DB", id, ...(replace ? ["REPLACE"] : []));
        },
      ],
      move: [
        2,
        (random) => {
          const k = key(random);
          const id = (model.selected + random.integer(1, DATABASES - 1)) % DATABASES;
          const value = model.get(k);
          const target = model.databases[id];
          const moves = value !== undefined && model.get(k, target) === undefined;
          if (moves) {
            model.db.delete(k);
            target.set(k, value);
          }
          return course.expect(flag(moves), "MOVE", k, id);
        },
      ],
      hyperloglog: [
        1,
        (random) => {
          // A HyperLogLog is a string like others: it comes and goes.
          const [k, other] = [`hll:${random.integer(0, 5)}`, `hll:${random.integer(0, 5)}`];
          for (const name of [k, other]) model.db.delete(name);
          course.call("DEL", k, other);
          course.call("PFADD", k, ...Array.from({ length: random.integer(1, 40) }, () => random.string(8)));
          course.call("PFMERGE", other, k);
          const count = String(course.call("PFCOUNT", k));
          for (const name of [k, other]) model.set(name, String(course.call("GET", name)));
          return course.expect(count, "PFCOUNT", k, other);
        },
      ],
      select: [
        3,
        (random) => {
          model.selected = random.integer(0, DATABASES - 1);
          return course.expect("OK", "SELECT", model.selected);
        },
      ],
      swapdb: [
        0.5,
        (random) => {
          const [a, b] = [random.integer(0, DATABASES - 1), random.integer(0, DATABASES - 1)];
          const { databases } = model;
          [databases[a], databases[b]] = [databases[b], databases[a]];
          return course.expect("OK", "SWAPDB", a, b);
        },
      ],
      flush: [
        0.05,
        (random) => {
          const all = random.chance(0.3);
          for (const db of all ? model.databases : [model.db]) db.clear();
          return course.expect("OK", all ? "FLUSHALL" : "FLUSHDB", random.pick(["SYNC", "ASYNC"]));
        },
      ],
      scan: [
        0.5,
        () => {
          model.expireAll();
          const seen: string[] = [];
          let cursor = "0";
          do {
            const reply = redbun.call("SCAN", cursor, "COUNT", 20);
            if (reply.type !== "array" || reply.items[1].type !== "array") throw new Error("SCAN replies an array");
            cursor = text(reply.items[0]);
            seen.push(...reply.items[1].items.map(text));
          } while (cursor !== "0");
          expect(seen.sort()).toEqual([...model.db.keys()].sort());
          return undefined;
        },
      ],
      randomkey: [
        0.5,
        () => {
          model.expireAll();
          const k = String(course.call("RANDOMKEY"));
          if (model.db.size === 0 ? k !== "(nil)" : !model.db.has(k))
            throw new Error(`RANDOMKEY replied ${shown([k])}`);
          return k;
        },
      ],
      wait: [
        3,
        (random) => {
          redbun.clock.advance(random.integer(0, 200));
          return undefined;
        },
      ],
      background: [
        1,
        () => {
          course.work();
          return undefined;
        },
      ],
    },
    check: () => course.check(),
  });
  course.call("FLUSHALL", "ASYNC");
  redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
  expect(redbun.keyspace.heap.usedBytes).toBe(emptyBytes);
});
