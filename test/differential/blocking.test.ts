/**
 * Blocked clients beside real Redis: who is served, in which order, by what, and how it ends. Redis 7.2 serves them by
 * running their commands again, as Redis 8.0 does; 7.0 differs in some corners.
 */

import { blocks, type Case, differential, matching, on, replyOf, type StepLike, sorted } from "./harness";

/** Somebody waits for z; then these commands run, and it is served (or not: it is woken by hand). */
function serves(name: string, commands: StepLike[], wakes: "served" | "left"): Case {
  return {
    name: `${name}: ${wakes}`,
    commands: [
      "ZADD source 1 a 2 b",
      blocks(on("a", "BZPOPMIN z 0")),
      ...commands,
      ...(wakes === "served" ? [] : [matching(/blocked_clients:1\r\n/, "INFO clients"), "DEL z", "ZADD z 9 last"]),
      replyOf("a"),
      sorted("KEYS *"),
    ],
    cleanup: ["SELECT 0"],
  };
}

const sources: Case[] = [
  serves("ZADD", ["ZADD z 1 x"], "served"),
  serves("ZADD of several", ["ZADD z 2 y 1 x"], "served"),
  serves("ZINCRBY", ["ZINCRBY z 1 x"], "served"),
  serves("ZUNIONSTORE", ["ZUNIONSTORE z 1 source"], "served"),
  serves("ZRANGESTORE", ["ZRANGESTORE z source 0 0"], "served"),
  serves("RENAME", ["RENAME source z"], "served"),
  serves("RENAMENX", ["RENAMENX source z"], "served"),
  serves("COPY", ["COPY source z"], "served"),
  serves("MOVE", ["SELECT 1", "ZADD z 1 x", "MOVE z 0"], "served"),
  serves("SWAPDB", ["SELECT 1", "ZADD z 1 x", "SWAPDB 0 1"], "served"),
  serves("EXEC", ["MULTI", "ZADD z 1 x", "ZADD z 0 y", "EXEC"], "served"),
  serves("EXEC, the last value counts", ["MULTI", "SET z x", "DEL z", "ZADD z 1 x", "EXEC"], "served"),
  serves("added and removed in EXEC", ["MULTI", "ZADD z 1 x", "DEL z", "EXEC"], "left"),
  serves("another type", ["SET z text"], "left"),
  serves("another type, in EXEC", ["MULTI", "ZADD z 1 x", "DEL z", "SADD z x", "EXEC"], "left"),
  serves("another key", ["ZADD y 1 x"], "left"),
  serves("another database", ["SELECT 1", "ZADD z 1 x", "SELECT 0"], "left"),
  serves("SWAPDB of others", ["SWAPDB 1 2"], "left"),
  serves("an empty result", ["ZUNIONSTORE z 1 missing"], "left"),
];

/** As serves, of a list. */
function servesList(name: string, commands: StepLike[], wakes: "served" | "left"): Case {
  return {
    name: `list, ${name}: ${wakes}`,
    commands: [
      "RPUSH source a b",
      blocks(on("a", "BLPOP l 0")),
      blocks(on("b", "BLMOVE l m LEFT RIGHT 0")),
      ...commands,
      ...(wakes === "served" ? [] : [matching(/blocked_clients:2\r\n/, "INFO clients"), "DEL l"]),
      "RPUSH l y z",
      replyOf("a"),
      replyOf("b"),
      sorted("KEYS *"),
    ],
  };
}

const lists: Case[] = [
  servesList("LPUSH", ["LPUSH l x"], "served"),
  servesList("LPUSHX", ["LPUSHX l x"], "left"),
  servesList("LMOVE", ["LMOVE source l LEFT LEFT"], "served"),
  servesList("RPOPLPUSH", ["RPOPLPUSH source l"], "served"),
  servesList("RENAME", ["RENAME source l"], "served"),
  servesList("COPY", ["COPY source l"], "served"),
  servesList("SWAPDB", ["SELECT 1", "RPUSH l x", "SWAPDB 0 1", "SELECT 0"], "served"),
  servesList("EXEC", ["MULTI", "RPUSH l x", "LSET l 0 w", "EXEC"], "served"),
  servesList("another type", ["ZADD l 1 x"], "left"),
  servesList("added and removed", ["MULTI", "RPUSH l x", "LPOP l", "EXEC"], "left"),
  [
    blocks(on("a", "BLMOVE k l LEFT RIGHT 0")),
    blocks(on("b", "BRPOPLPUSH l m 0")),
    blocks(on("c", "BLMPOP 0 2 x m LEFT COUNT 10")),
    "RPUSH k travels",
    replyOf("a"),
    replyOf("b"),
    replyOf("c"),
    "KEYS *",
  ],
  [
    blocks(on("a", "BLMOVE a b LEFT RIGHT 0")),
    blocks(on("b", "BLMOVE b a LEFT RIGHT 0")),
    "RPUSH a x",
    replyOf("a"),
    replyOf("b"),
    "LRANGE a 0 -1",
    "EXISTS b",
  ],
  [
    "SET dst string",
    blocks(on("a", "BLMOVE src dst LEFT RIGHT 0")),
    blocks(on("b", "BLPOP src 0")),
    "RPUSH src x",
    replyOf("a"),
    replyOf("b"),
  ],
  ["BLPOP l 0.01", "BRPOP l 0.01", "BLMOVE l m LEFT LEFT 0.01", "BRPOPLPUSH l m 0.01", "BLMPOP 0.01 1 l LEFT"],
  [
    "MULTI",
    "BLPOP l 0",
    "BRPOP l 0",
    "BLMOVE l m LEFT LEFT 0",
    "BRPOPLPUSH l m 0",
    "BLMPOP 0 1 l LEFT",
    "RPUSH l a b c d e",
    "BLPOP l 0",
    "BRPOP x l 0",
    "BLMOVE l m LEFT LEFT 0",
    "BRPOPLPUSH l m 0",
    "BLMPOP 0 1 l LEFT",
    "EXEC",
  ],
];

const order: Case[] = [
  [
    blocks(on("a", "BZPOPMIN z 0")),
    blocks(on("b", "BZPOPMAX z 0")),
    blocks(on("c", "BZPOPMIN z 0")),
    "ZADD z 1 x 2 y 3 w 4 v",
    replyOf("a"),
    replyOf("b"),
    replyOf("c"),
    "ZRANGE z 0 -1",
  ],
  {
    name: "several keys: as if the command were sent now",
    // 7.0 serves the key that came first.
    oracle: "redis8",
    commands: [
      blocks(on("a", "BZPOPMIN x y 0")),
      blocks(on("b", "BZPOPMIN y x 0")),
      "MULTI",
      "ZADD y 1 1 2 2",
      "ZADD x 1 1",
      "EXEC",
      replyOf("a"),
      replyOf("b"),
      sorted("KEYS *"),
    ],
  },
  [blocks(on("a", "BZPOPMIN z z z 0")), "ZADD z 1 x 2 y", replyOf("a"), "ZRANGE z 0 -1"],
  [
    blocks(on("a", "BZMPOP 0 2 x y MAX COUNT 2")),
    blocks(on("b", "BZMPOP 0 1 y MIN")),
    "ZADD y 1 a 2 b 3 c 4 d",
    replyOf("a"),
    replyOf("b"),
    "ZRANGE y 0 -1",
  ],
  {
    name: "a pipeline goes on",
    commands: [blocks(on("a", "BZPOPMIN z 0")), "ZADD z 1 x", replyOf("a"), on("a", "PING"), on("a", "ZCARD z")],
  },
];

const ends: Case[] = [
  ["BZPOPMIN z 0.01", "BZPOPMAX z y 0.001", "BZMPOP 0.01 1 z MIN", "XREAD BLOCK 1 STREAMS s $"],
  ["MULTI", "BZPOPMIN z 0", "BZPOPMAX z 10", "BZMPOP 0 1 z MIN", "XREAD BLOCK 0 STREAMS s $", "EXEC"],
  ["MULTI", "ZADD z 1 x", "BZPOPMIN z 0", "BZPOPMIN z 0", "EXEC"],
  ...["-1", "-0.5", "x", '""', "nan", "0x", " 1", "1 ", "-inf", "-1e400"].map((time): Case => [`BZPOPMIN z ${time}`]),
  ...["1e400", "inf", "9223372036854775.807", "1e16", "9223372036854775", "0x1p60"].map(
    // 7.0 has overflows here.
    (time): Case => ({ oracle: "redis8", commands: [`BZPOPMIN z ${time}`] }),
  ),
  ["XREAD BLOCK x STREAMS s 0", "XREAD BLOCK -1 STREAMS s 0", "XREAD BLOCK 1.5 STREAMS s 0"],
  {
    oracle: "redis8",
    commands: ["XREAD BLOCK 9223372036854775807 STREAMS s 0", "XREAD BLOCK 9223372036854775808 STREAMS s 0"],
  },
  ["CLIENT UNBLOCK 0", "CLIENT UNBLOCK 999999 ERROR", "CLIENT UNBLOCK x", "CLIENT UNBLOCK 1 NOSUCH", "CLIENT UNBLOCK"],
  {
    name: "CLIENT KILL of who waits",
    commands: [
      on("a", "CLIENT SETNAME victim"),
      blocks(on("a", "BZPOPMIN z 0")),
      matching(/ flags=b .* argv-mem=\d\d .* cmd=bzpopmin /s, "CLIENT LIST"),
      "CLIENT KILL TYPE normal SKIPME yes",
      matching(/blocked_clients:0\r\n/, "INFO clients"),
      "ZADD z 1 x",
      "ZCARD z",
    ],
    protocols: [2],
  },
  {
    name: "a stream's group goes away",
    oracle: "redis8",
    commands: [
      "XGROUP CREATE s g $ MKSTREAM",
      blocks(on("a", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >")),
      "XADD s 1-1 f v",
      replyOf("a"),
      blocks(on("a", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >")),
      "XGROUP DESTROY s g",
      replyOf("a"),
    ],
  },
  ...["DEL s", "FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "SET s text", "RENAME s t", "PEXPIREAT s 1"].map(
    (command): Case => ({
      name: `a stream goes away while its group is read: ${command}`,
      oracle: "redis8",
      commands: [
        "XGROUP CREATE s g $ MKSTREAM",
        blocks(on("a", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >")),
        command,
        replyOf("a"),
      ],
    }),
  ),
  {
    name: "XREAD waits for what comes after $",
    commands: [
      "XADD s 1-1 f v",
      blocks(on("a", "XREAD BLOCK 0 STREAMS s $")),
      blocks(on("b", "XREAD BLOCK 0 STREAMS t s 0 2-2")),
      "XADD s 2-1 f w",
      replyOf("a"),
      "XADD s 3-1 f x",
      replyOf("b"),
    ],
  },
];

differential("blocking", { cases: [...sources, ...lists, ...order, ...ends] });
