/**
 * Damaged payloads and files: whatever RESTORE and loading make of random damage, the server goes on, answers every
 * command on what it has accepted, and keeps its memory in order. More rounds: REDBUN_FUZZ_ROUNDS=100000.
 */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  RDB_HASH,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_ZIPLIST,
  RDB_SET,
  RDB_ZSET,
  RDB_ZSET_ZIPLIST,
} from "../../src/persist/rdb/rdb-format";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { ziplist, zipmap } from "../support/old-blocks";
import { Random } from "../support/random";
import { sealed } from "../support/rdb-payload";
import { OK, text } from "../support/reply";

const SEED = seedFromEnvironment(20_261_122);
const ROUNDS = Number(process.env.REDBUN_FUZZ_ROUNDS ?? 2000);

/** Values of all types, small and large. */
const VALUES: readonly (readonly string[])[] = [
  ["SET k text", "APPEND k more"],
  ["SET k 12345"],
  ["RPUSH k a 12 -70000 text 99999999999", "LSET k 0 first"],
  ["CONFIG SET list-max-listpack-size 3", "RPUSH k a b c d e f g", "CONFIG SET list-max-listpack-size -2"],
  ["SADD k 1 2 300000"],
  ["SADD k a b 3"],
  [`SADD k ${"m".repeat(70)} b 3`],
  ["HSET k f v g 12 h text"],
  [`HSET k f ${"v".repeat(70)} g 12`],
  ["HSET k f v g 12", "HPEXPIREAT k 9000000000000 FIELDS 1 g"],
  [`HSET k f ${"v".repeat(70)} g 12`, "HPEXPIREAT k 9000000000000 FIELDS 1 g"],
  ["ZADD k 1 a 2.5 b -inf c"],
  [`ZADD k 1 a 2.5 ${"b".repeat(70)} inf c`],
  ["XADD k 1-1 f v g w", "XADD k 1-2 f v g w", "XADD k 2-0 other x", "XDEL k 1-2"],
  ["XADD k 1-1 f v", "XADD k 2-1 f v", "XGROUP CREATE k g 0", "XREADGROUP GROUP g alice COUNT 1 STREAMS k >"],
  ["XADD k 1-1 f v", "XGROUP CREATE k g 0", "XGROUP CREATE k h $", "XREADGROUP GROUP g bob STREAMS k >"],
  [
    "CONFIG SET stream-node-max-entries 2",
    ...["1-1 f v", "1-2 f v", "2-300 f w", "70000-1 other x", "9000000000-0 f v"].map((entry) => `XADD k ${entry}`),
    "CONFIG SET stream-node-max-entries 100",
    "XGROUP CREATE k g 0",
    ...["alice COUNT 2", "bob COUNT 1", "eve COUNT 1"].map((reader) => `XREADGROUP GROUP g ${reader} STREAMS k >`),
  ],
];

/** Values as only old versions write them: a type, and blocks as strings, or elements one by one. */
const OLD_VALUES: readonly Buffer[] = [
  typed(RDB_LIST, 2, "a", "12"),
  typed(RDB_SET, 3, "a", "12", "b"),
  typed(RDB_ZSET, 2, "a", "1", "b", "2.5"),
  typed(RDB_HASH, 2, "f", "v", "g", "12"),
  typed(RDB_LIST_ZIPLIST, ziplist(["a", 12, -70000, "text"])),
  typed(RDB_LIST_QUICKLIST, 2, ziplist(["a", 12]), ziplist(["b"])),
  typed(RDB_HASH_ZIPLIST, ziplist(["f", "v", "g", 12])),
  typed(RDB_HASH_ZIPMAP, zipmap(["f", "v", "g", "12"], 1)),
  typed(RDB_ZSET_ZIPLIST, ziplist(["a", 1, "b", "2.5"])),
];

/** A type, and then counts and strings, all below 64. */
function typed(type: number, ...parts: readonly (number | string | Buffer)[]): Buffer {
  const bytes = parts.map((part) => {
    if (typeof part === "number") return Buffer.from([part]);
    return Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]);
  });
  return Buffer.concat([Buffer.from([type]), ...bytes]);
}

/** What is done to what was accepted: reading and writing from both ends and in the middle. */
const COMMANDS = [
  "TYPE k|OBJECT ENCODING k|DEBUG DIGEST-VALUE k|MEMORY USAGE k SAMPLES 0|DUMP k|COPY k copy REPLACE|SORT k ALPHA",
  "GET k|STRLEN k|APPEND k x|GETRANGE k 0 -1|SETRANGE k 3 y|INCR k|SETBIT k 7 1|BITCOUNT k|PFCOUNT k",
  "LRANGE k 0 -1|LLEN k|LINDEX k -1|LINSERT k BEFORE a z|LPOP k|RPOP k 2|LPUSH k new|LREM k 0 a|LSET k 0 q|LPOS k b",
  "SMEMBERS k|SCARD k|SADD k new 17|SREM k a 1|SPOP k|SRANDMEMBER k -5|SSCAN k 0|SISMEMBER k 300000|SMOVE k other 2",
  "HGETALL k|HLEN k|HGET k g|HSET k new 1 f other|HDEL k f|HINCRBY k g 1|HSCAN k 0|HRANDFIELD k -3 WITHVALUES",
  "HPEXPIRE k 100000 FIELDS 1 f|HPTTL k FIELDS 2 f g|HPERSIST k FIELDS 1 g|HPEXPIRE k 0 FIELDS 1 f",
  "ZRANGE k 0 -1 WITHSCORES|ZCARD k|ZADD k 5 new|ZINCRBY k 1 a|ZREM k b|ZRANK k a|ZPOPMIN k|ZCOUNT k -inf inf|ZSCAN k 0",
  "ZRANGEBYSCORE k -5 5|ZREMRANGEBYRANK k 0 0|ZRANDMEMBER k -3|ZRANGEBYLEX k - +|ZSCORE k a",
  "XRANGE k - +|XREVRANGE k + -|XLEN k|XADD k * f v|XDEL k 1-1|XTRIM k MAXLEN 1|XINFO STREAM k FULL|XINFO GROUPS k",
  "XREADGROUP GROUP g alice STREAMS k >|XREADGROUP GROUP g alice STREAMS k 0|XPENDING k g|XPENDING k g - + 10",
  "XACK k g 1-1|XCLAIM k g eve 0 1-1 2-1|XAUTOCLAIM k g eve 0 0|XGROUP DELCONSUMER k g alice|XGROUP DESTROY k g|XSETID k 9-9",
].flatMap((line) => line.split("|"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-dump-fuzz-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (): InProcess =>
  new InProcess({ dir: folder, "enable-debug-command": "yes", rdbcompression: "no", rdbchecksum: "no" });

/** A few random changes: bytes, lengths that are nearly right, pieces that are left out, come twice or from elsewhere. */
function damage(random: Random, body: Buffer, other: Buffer): Buffer {
  let bytes = Buffer.from(body);
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, Math.max(0, bytes.length - 1));
    const piece = bytes.subarray(at, at + random.integer(1, 12));
    const kind = random.integer(0, 6);
    if (kind <= 2) bytes[at] = random.integer(0, 255);
    else if (kind === 3) bytes[at] += random.pick([1, 255]);
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + piece.length)]);
    else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random.integer(0, other.length - 1))]);
  }
  return bytes;
}

function use(random: Random, redbun: InProcess): void {
  for (let i = 0; i < 25; i++) redbun.run(random.pick(COMMANDS));
}

for (const sanitize of ["no", "yes", "clients"]) {
  test(`damaged payloads, sanitize-dump-payload ${sanitize} (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const redbun = start();
    const bodies = OLD_VALUES.concat(
      VALUES.map((commands) => {
        redbun.run(...commands);
        const body = Buffer.from(text(redbun.run("DUMP k")), "latin1").subarray(0, -10);
        redbun.run("DEL k");
        return body;
      }),
    );
    redbun.run(`CONFIG SET sanitize-dump-payload ${sanitize}`);
    for (const body of bodies) expect(redbun.call("RESTORE", "k", "0", sealed(body), "REPLACE")).toEqual(OK);
    redbun.run("FLUSHALL");
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const body = damage(random, random.pick(bodies), random.pick(bodies));
      const reply = redbun.call("RESTORE", "k", "0", sealed(body));
      if (reply.type === "error") {
        expect(reply.value).toBe("ERR Bad data format");
        continue;
      }
      accepted++;
      use(random, redbun);
      redbun.run("FLUSHALL");
      if (accepted % 50 === 0) expectNoLeak(redbun);
    }
    expectNoLeak(redbun);
    expect(accepted).toBeGreaterThan(ROUNDS / 50);
  });
}

test(`damaged files, the checksum aside (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const redbun = start();
  for (const [i, commands] of VALUES.entries()) redbun.run(...commands, `RENAME k key:${i}`);
  redbun.run("SELECT 3", "SET other v PX 100000", "SELECT 0", "SAVE");
  const path = join(folder, "dump.rdb");
  const whole = readFileSync(path);
  let loaded = 0;
  for (let round = 0; round < ROUNDS / 4; round++) {
    writeFileSync(path, damage(random, whole, whole));
    redbun.run("FLUSHALL");
    const result = redbun.server.persistence.loadNow({ replace: false, keepExpired: true });
    expect(["loaded", "damaged", "refused"]).toContain(result);
    if (result === "loaded") loaded++;
    for (let i = 0; i < VALUES.length; i++) {
      if (text(redbun.run(`RENAME key:${i} k`)) === "OK" && random.chance(0.2)) use(random, redbun);
      redbun.run("DEL k copy other");
    }
    if (round % 50 === 0) expectNoLeak(redbun);
  }
  redbun.run("FLUSHALL");
  expectNoLeak(redbun);
  expect(loaded).toBeGreaterThan(ROUNDS / 100);
});
