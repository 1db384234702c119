/**
 * Effects replayed: random commands of every family on one server, with time passing, its effects run on a fresh one, and
 * both hold the same data to the last byte: values, expiries of keys and of fields, groups of streams and what is pending
 * in them. No effect may be refused, and none may have an effect again.
 *
 * REDBUN_SEED chooses another course, REDBUN_STEPS a longer one.
 */

import { describe, expect, test } from "bun:test";
import { Digest, digestAll, digestValue } from "../../src/admin/debug/digest";
import { WRITE } from "../../src/command/command-spec";
import { ANY_DATABASE, type EffectSink } from "../../src/command/propagation";
import { PARSED_COMMAND, RequestParser } from "../../src/resp/request-parser";
import { parseCommand, showCommand } from "../differential/command";
import { SEEDS, VERBATIM } from "../fuzz/seeds";
import { InProcess, type InProcessClient } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { items, type Reply, show, text } from "../support/reply";

const STEPS = Number(process.env.REDBUN_STEPS ?? 6000);
const BLOCKED_MAX = 4;

/** A log of effects, as a file of them would be: SELECT where the database changes. */
class Log implements EffectSink {
  readonly chunks: Buffer[] = [];
  private db = -1;

  append(db: number, buf: Uint8Array, start: number, end: number): void {
    if (db !== ANY_DATABASE && db !== this.db) {
      this.db = db;
      this.chunks.push(Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${String(db).length}\r\n${db}\r\n`));
    }
    this.chunks.push(Buffer.from(buf.subarray(start, end)));
  }
}

// --- commands ------------------------------------------------------------------------------------------------------

/** What stands for one of several arguments, by the letter after "$". */
const PARTS: Readonly<Record<string, (random: Random, now: number) => string>> = {
  k: (random) => `string:${random.integer(0, 5)}`,
  l: (random) => `list:${random.integer(0, 3)}`,
  s: (random) => `set:${random.integer(0, 3)}`,
  z: (random) => `zset:${random.integer(0, 3)}`,
  h: (random) => `hash:${random.integer(0, 3)}`,
  x: (random) => `stream:${random.integer(0, 2)}`,
  g: (random) => random.pick(["g", "g2"]),
  c: (random) => random.pick(["alice", "bob"]),
  a: (random) => random.pick(["string", "list", "set", "zset", "hash", "stream"]) + `:${random.integer(0, 3)}`,
  f: (random) => `f${random.integer(0, 6)}`,
  v: (random) => random.pick([String(random.integer(-100, 100)), random.string(random.integer(0, 20)), "x".repeat(80)]),
  m: (random) => random.pick([String(random.integer(0, 20)), `m${random.integer(0, 20)}`]),
  n: (random) => String(random.integer(0, 4)),
  p: (random) => String(random.integer(1, 4)),
  i: (random) => String(random.integer(-5, 5)),
  r: (random) => (random.integer(-1000, 1000) / 8).toString(),
  // Times: ms and seconds from now, and ms since the epoch.
  t: (random) => String(random.integer(1, 300)),
  T: () => "1",
  M: (random, now) => String(now + random.integer(-20, 300)),
  E: (random) => random.pick(["LEFT", "RIGHT"]),
};

const TEMPLATES = `
SET $k $v | SET $k $v PX $t | SET $k $v EX $T NX GET | SET $k $v KEEPTTL | SET $k $v PXAT $M XX | SETEX $k $T $v | PSETEX $k $t $v
SETNX $k $v | GETSET $k $v | GETDEL $k | GETEX $k PX $t | GETEX $k PERSIST | GETEX $k PXAT $M | MSET $k $v $k $v | MSETNX $k $v $k $v
APPEND $k $v | SETRANGE $k $n $v | INCR $k | DECRBY $k $i | INCRBYFLOAT $k $r | SETBIT $k $n 1 | BITOP XOR $k $k $k
EXPIRE $a $T | PEXPIRE $a $t | PEXPIRE $a $t NX | PEXPIRE $a $t GT | PEXPIREAT $a $M LT | PERSIST $a | EXPIRE $a -1 | DEL $a | UNLINK $a $a
RENAME $k $k | RENAMENX $h $h | RENAME $x $x | COPY $a $a REPLACE | COPY $h $h DB 2 REPLACE | MOVE $a 2 | SWAPDB 0 2 | GET $k | GET $a
RPUSH $l $v $v $v | LPUSH $l $v | LPUSHX $l $v | LPOP $l | RPOP $l $n | LSET $l 0 $v | LINSERT $l BEFORE $v $v | LREM $l $i $v | LTRIM $l $i $i
LMOVE $l $l $E $E | RPOPLPUSH $l $l | LMPOP 2 $l $l $E COUNT $p | BLPOP $l $l 0 | BRPOP $l 0 | BLMOVE $l $l $E $E 0 | BRPOPLPUSH $l $l 0 | BLMPOP 0 2 $l $l $E COUNT $p
SORT $s ALPHA STORE $l | SORT $l ALPHA DESC STORE $l
SADD $s $m $m $m | SADD $s $m | SREM $s $m | SPOP $s | SPOP $s $p | SMOVE $s $s $m | SUNIONSTORE $s $s $s | SINTERSTORE $s $s $s | SDIFFSTORE $s $s $s
ZADD $z $r $m $r $m | ZADD $z GT CH $r $m | ZADD $z NX $r $m | ZADD $z INCR $r $m | ZINCRBY $z $r $m | ZREM $z $m | ZPOPMIN $z | ZPOPMAX $z $n
ZMPOP 2 $z $z MIN COUNT $p | BZPOPMIN $z $z 0 | BZPOPMAX $z 0 | BZMPOP 0 2 $z $z MAX COUNT $p | ZREMRANGEBYRANK $z 0 0 | ZREMRANGEBYSCORE $z -5 5
ZUNIONSTORE $z 2 $z $z WEIGHTS 1 0.5 | ZINTERSTORE $z 2 $z $z | ZDIFFSTORE $z 2 $z $z | ZRANGESTORE $z $z 0 3 | GEOADD $z $r 10.5 $m | GEOSEARCHSTORE $z $z FROMLONLAT 15 37 BYRADIUS 9000 km
HSET $h $f $v $f $v | HSET $h $f $v | HSETNX $h $f $v | HMSET $h $f $v | HDEL $h $f $f | HINCRBY $h $f $i | HINCRBYFLOAT $h $f $r | HGET $h $f | HMGET $h $f $f
HEXPIRE $h $T FIELDS 2 $f $f | HPEXPIRE $h $t FIELDS 1 $f | HPEXPIRE $h $t NX FIELDS 2 $f $f | HPEXPIREAT $h $M GT FIELDS 2 $f $f | HPERSIST $h FIELDS 3 $f $f $f
HGETEX $h PX $t FIELDS 2 $f $f | HGETEX $h PERSIST FIELDS 2 $f $f | HGETEX $h PXAT $M FIELDS 2 $f $f | HGETDEL $h FIELDS 2 $f $f | HRANDFIELD $h 3 | HSCAN $h 0 | HGETALL $h
HSETEX $h PX $t FIELDS 2 $f $v $f $v | HSETEX $h FNX PXAT $M FIELDS 1 $f $v | HSETEX $h FXX KEEPTTL FIELDS 1 $f $v | HSETEX $h FIELDS 1 $f $v
XADD $x * $f $v | XADD $x * $f $v | XADD $x NOMKSTREAM MAXLEN ~ $p LIMIT $p * $f $v | XADD $x MINID ~ $M * $f $v | XADD $x MAXLEN $p * $f $v | XTRIM $x MAXLEN ~ $p | XTRIM $x MINID $M | XTRIM $x MAXLEN $n
XDEL $x $M | XGROUP CREATE $x $g 0 MKSTREAM | XGROUP CREATE $x $g $ | XGROUP SETID $x $g 0 | XGROUP DESTROY $x $g | XGROUP CREATECONSUMER $x $g $c | XGROUP DELCONSUMER $x $g $c | XSETID $x $M
XREADGROUP GROUP $g $c STREAMS $x > | XREADGROUP GROUP $g $c COUNT $p STREAMS $x $x > > | XREADGROUP GROUP $g $c NOACK COUNT 1 STREAMS $x > | XREADGROUP GROUP $g $c STREAMS $x 0 | XREADGROUP GROUP $g $c BLOCK 0 STREAMS $x >
XAUTOCLAIM $x $g $c $n 0 COUNT $p | XAUTOCLAIM $x $g $c $n 0 JUSTID | XCLAIM $x $g $c $n $M FORCE | XACK $x $g $M
PFADD $k $m $m | PFCOUNT $k | PFMERGE $k $k $k | BITFIELD $k INCRBY u8 0 $i
MULTI | EXEC | EXEC | DISCARD | SELECT 0 | SELECT 0 | SELECT 2 | SCAN 0 COUNT 100 | RANDOMKEY | FLUSHDB`
  .split(/[|\n]/)
  .map((line) => line.trim())
  .filter((line) => line !== "");

/** Seeds of the fuzz run whose commands write. */
const WRITING_SEEDS = [...SEEDS, ...VERBATIM].map((line) => [...parseCommand(line).args]);

function fromTemplate(random: Random, now: number): string[] {
  return random
    .pick(TEMPLATES)
    .split(" ")
    .map((word) => (/^\$[a-zA-Z]$/.test(word) ? PARTS[word[1]](random, now) : word));
}

/** IDs of streams are of the time now: some are found that way. */
function lastIds(redbun: InProcess, key: string): string[] {
  const entries = redbun.call("XREVRANGE", key, "+", "-", "COUNT", 5);
  return entries.type === "array" ? items(entries).map((entry) => text(items(entry)[0])) : [];
}

// --- one course ----------------------------------------------------------------------------------------------------

class Course {
  readonly redbun = new InProcess({ "stream-node-max-entries": "3", "hash-max-listpack-entries": "4" });
  readonly log = new Log();
  private readonly waiting: InProcessClient[] = [];
  private readonly writing: readonly string[][];

  constructor(private readonly random: Random) {
    this.redbun.server.propagation.attach(this.log);
    const { commands } = this.redbun.server;
    this.writing = WRITING_SEEDS.filter(([name, word]) => {
      const command = commands.get(name.toLowerCase());
      const sub = command?.subcommands?.get(word?.toLowerCase() ?? "");
      return ((command?.flags ?? 0) | (sub?.flags ?? 0)) & WRITE;
    });
  }

  step(): void {
    const { random, redbun } = this;
    if (random.chance(0.15)) redbun.clock.advance(random.integer(1, 60));
    if (random.chance(0.02)) redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    const now = redbun.clock.now();
    const args = random.chance(0.15) ? [...random.pick(this.writing)] : fromTemplate(random, now);
    if (/^(XDEL|XACK|XCLAIM)$/.test(args[0])) this.aimAtStream(args);
    this.run(args);
  }

  private aimAtStream(args: string[]): void {
    const { random, redbun } = this;
    if (redbun.client.transaction !== null) return;
    const ids = lastIds(redbun, args[1]);
    if (ids.length > 0) args[args[0] === "XDEL" ? 2 : args[0] === "XACK" ? 3 : 5] = random.pick(ids);
  }

  /** On the main client; what may block on one of its own, which waits until something is there. */
  private run(args: readonly string[]): void {
    const { redbun, waiting } = this;
    const blocks = /^(B[LRZ]|XREADGROUP)/i.test(args[0]) && redbun.client.transaction === null;
    if (!blocks) {
      redbun.main.send(...args);
      redbun.main.received();
    } else {
      if (waiting.length === BLOCKED_MAX) redbun.server.gate.clientGone((waiting.shift() as InProcessClient).client);
      const client = redbun.connect();
      client.client.database = redbun.client.database;
      client.send(...args);
      if (client.client.wait !== null) waiting.push(client);
      else redbun.server.gate.clientGone(client.client);
    }
    for (let i = waiting.length - 1; i >= 0; i--) if (waiting[i].client.wait === null) waiting.splice(i, 1);
  }

  /** Ends a transaction that is open: it has no effects. */
  finish(): void {
    if (this.redbun.client.transaction !== null) this.redbun.run("DISCARD");
  }
}

/** Runs a log on a server, and returns the errors. */
function replay(log: Log, redbun: InProcess): string[] {
  const errors: string[] = [];
  const again = new Log();
  redbun.server.propagation.attach(again);
  redbun.server.propagation.mute(true);
  redbun.keyspace.expiry = "ignore";
  const bytes = Buffer.concat(log.chunks);
  const parser = new RequestParser({ maxBulk: 1e9, authenticated: true });
  parser.begin(bytes, 0, bytes.length);
  while (parser.next() === PARSED_COMMAND) {
    const args = Array.from({ length: parser.argc }, (_, i) =>
      bytes.toString("latin1", parser.starts[i], parser.ends[i]),
    );
    const reply = redbun.call(...args);
    if (hasError(reply)) errors.push(`${showCommand({ args })}: ${show(reply)}`);
  }
  expect(parser.remaining).toBe(0);
  redbun.server.propagation.mute(false);
  expect(again.chunks).toEqual([]);
  return errors;
}

function hasError(reply: Reply): boolean {
  return reply.type === "error" || (reply.type === "array" && reply.items.some(hasError));
}

// --- comparing -----------------------------------------------------------------------------------------------------

/** All that a server holds, as lines; what has expired and is still there, too. */
function contents(redbun: InProcess): string[] {
  const { keyspace } = redbun;
  const { entries } = keyspace;
  const { expiry } = keyspace;
  keyspace.expiry = "ignore";
  redbun.client.protocol = 2;
  const lines: string[] = [];
  for (const db of keyspace.databases) {
    redbun.run(`SELECT ${db.id}`);
    const refs: number[] = [];
    db.scan(0, Number.POSITIVE_INFINITY, (ref) => refs.push(ref));
    for (const ref of refs) {
      const digest = new Digest();
      digestValue(keyspace, ref, digest);
      entries.locateKey(ref);
      const key = Buffer.from(entries.bytes.subarray(entries.at, entries.at + entries.length)).toString("latin1");
      lines.push(`${db.id} ${key} ${digest} ${entries.expireAt(ref)} ${details(redbun, key)}`);
    }
  }
  redbun.run("SELECT 0");
  keyspace.expiry = expiry;
  return lines.sort();
}

/** What the digest of a key does not cover. */
function details(redbun: InProcess, key: string): string {
  const type = text(redbun.call("TYPE", key));
  if (type === "hash") {
    const fields = items(redbun.call("HKEYS", key)).map(text).sort();
    return show(redbun.call("HPEXPIRETIME", key, "FIELDS", fields.length, ...fields));
  }
  if (type !== "stream") return "";
  const info = show(redbun.call("XINFO", "STREAM", key)).replace(/"radix-tree-\w+", \(integer\) \d+/g, "");
  return [
    info.replace(/radix-tree-(keys|nodes)\D+\d+/g, ""),
    ...items(redbun.call("XINFO", "GROUPS", key)).map((group) => groupOf(redbun, key, group)),
  ].join(" ");
}

/** A group, and whose is what in it. Consumers without pending entries come and go unsaid, as in Redis. */
function groupOf(redbun: InProcess, key: string, group: Reply): string {
  const [, name, , , , pending, , last, , read] = items(group).map(show);
  const plain = text(items(group)[1]);
  const owned = items(redbun.call("XPENDING", key, plain, "-", "+", 1000)).map(
    (each) => show(items(each)[0]) + show(items(each)[1]),
  );
  return [name, pending, last, read, ...owned].join(" ");
}

describe("replay", () => {
  const seed = seedFromEnvironment(20_261_121);
  for (const offset of [0, 1, 2]) {
    test(`${STEPS} random commands, seed ${seed + offset}: the effects make the same data`, () => {
      const course = new Course(new Random(seed + offset));
      for (let i = 0; i < STEPS; i++) course.step();
      course.finish();
      const fresh = new InProcess({ "stream-node-max-entries": "3", "hash-max-listpack-entries": "4" });
      // Later than everything that expires.
      fresh.clock.setWall(course.redbun.clock.now() + 3_600_000);
      expect(replay(course.log, fresh)).toEqual([]);
      expect(course.log.chunks.length).toBeGreaterThan(STEPS / 10);
      const wanted = contents(course.redbun);
      expect(contents(fresh)).toEqual(wanted);
      expect(wanted.length).toBeGreaterThan(0);
      // As on the fresh server: with what has expired and is still there.
      course.redbun.keyspace.expiry = "ignore";
      expect(String(digestAll(fresh.keyspace))).toBe(String(digestAll(course.redbun.keyspace)));
    });
  }
});
