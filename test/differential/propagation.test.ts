/**
 * What is propagated, beside what a real Redis writes into its append-only file (with `appendfsync always`). redbun runs in
 * process with a sink; both get the same steps, and the effects must be the same commands:
 *
 *   "SET k v EX 10"       a command, on the main connection
 *   "a> BLPOP l 0"        on a connection of that name, which is blocked by it
 *   "@20"                 20 ms pass; nothing expires unless somebody looks
 *
 * Redis 8.0 is the oracle, as it propagates what 7.2 does but for a few commands, whose cases say so.
 */

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WRITE } from "../../src/command/command-spec";
import { createCommandTable } from "../../src/server";
import { type Effects, ourEffects, parseStep, realEffects } from "../support/effects";
import { requireRedis } from "../support/server";

setDefaultTimeout(60_000);

interface Case {
  readonly steps: readonly string[];
  /** Why they differ, and what redbun propagates as 7.2 does. */
  readonly expected?: readonly string[];
  /** What chance chooses: each match counts as the same. */
  readonly mask?: RegExp;
}

/** The payload of DUMP, of a string in Redis 7.0. */
const DUMPED = String.raw`"\x00\x01v\n\x00\x91\b\xce\xb2\x198\x8a\xce"`;

/** Cases by family: an array of steps, or a case with more to say. Each propagates something. */
const CASES: Readonly<Record<string, readonly (readonly string[] | Case)[]>> = {
  strings: [
    ["SET k v", "GET k", "set k w", "SET k v NX", "SET k v XX", "SET k v GET", "SET k v XX GET", "SET k v get xx"],
    ["SET k v EX 100", "SET k v PX 100000 NX", "SET j v nx px 100000", "SET k v EX 100 XX GET", "SET k v KEEPTTL"],
    ["SET k v EXAT 33177117420", "SET k v PXAT 33177117420000", "SET k v GET PXAT 33177117420000"],
    ["SET k v pxat 33177117420000 GET", "SET k v GET KEEPTTL", "SET k v XX PXAT 33177117420001"],
    ["SETEX k 100 v", "PSETEX k 100000 v", "SETNX k v", "SETNX j v", "GETSET j w", "GETDEL j", "GETDEL j"],
    ["CONFIG SET lazyfree-lazy-user-del yes", "SET k v", "GETDEL k", "CONFIG SET lazyfree-lazy-user-del no"],
    ["SET k v", "GETEX k", "GETEX k EX 100", "GETEX k PX 100000", "GETEX k EXAT 33177117420", "GETEX k PERSIST"],
    ["SET k v", "GETEX k PERSIST", "GETEX k PXAT 33177117420000", "GETEX k PXAT 1", "GETEX k EX 10"],
    ["SET k v", "CONFIG SET lazyfree-lazy-expire yes", "GETEX k EXAT 1", "CONFIG SET lazyfree-lazy-expire no"],
    ["MSET a 1 b 2", "MSETNX a 1 c 2", "MSETNX c 1 d 2", "APPEND a x", "SETRANGE a 2 x", "SETRANGE a 2 ''"],
    ["INCR n", "DECR n", "INCRBY n 5", "DECRBY n 2", "INCRBY n 0", "SET s text", "INCR s"],
    ["INCRBYFLOAT n 1.5", "INCRBYFLOAT n 1e2", "SET n 3 EX 100", "INCRBYFLOAT n 3.0e-1"],
    ["LCS a b", "SUBSTR a 0 1", "SET a b"],
  ],
  keys: [
    [
      "SET k v",
      "EXPIRE k 100",
      "PEXPIRE k 100000",
      "EXPIREAT k 33177117420",
      "PEXPIREAT k 33177117420000",
      "PERSIST k",
    ],
    ["SET k v", "EXPIRE k 100 NX", "EXPIRE k 1000 GT", "EXPIRE k 10 GT", "pexpireat k 33177117420000 xx", "PERSIST k"],
    ["SET k v", "EXPIRE k -1", "SET k v", "PEXPIREAT k 1", "SET k v", "EXPIRE k 0 NX", "EXPIRE missing 100"],
    ["CONFIG SET lazyfree-lazy-expire yes", "SET k v", "EXPIRE k -1", "CONFIG SET lazyfree-lazy-expire no"],
    ["MSET a 1 b 2 c 3", "DEL a x", "DEL x", "UNLINK b x", "UNLINK x", "RENAME c d", "RENAMENX d e", "RENAMENX e e"],
    [
      "MSET a 1 b 2",
      "RENAME a b",
      "RENAMENX b b",
      "SET a 1",
      "RENAMENX a b",
      "COPY a c",
      "COPY a c",
      "COPY a c REPLACE",
    ],
    ["SET a 1", "COPY a b DB 2", "MOVE a 3", "MOVE a 3", "SELECT 3", "SET z 1", "MOVE a 0", "SWAPDB 0 1", "SWAPDB 5 6"],
    ["SET a 1", "FLUSHDB", "FLUSHDB", "FLUSHALL", "FLUSHALL ASYNC", "FLUSHDB SYNC", "SELECT 1", "FLUSHDB ASYNC"],
    ["RPUSH l 3 1 2", "SORT l", "SORT l STORE d", "SORT missing STORE d", "SORT missing STORE d", "SORT_RO l"],
    ["SET k v", "TOUCH k", "OBJECT ENCODING k", "DUMP k", "TTL k", "TYPE k"],
    [
      `RESTORE k 0 ${DUMPED}`,
      `restore k 100000 ${DUMPED} replace`,
      `RESTORE k 33177117420000 ${DUMPED} REPLACE ABSTTL`,
    ],
    [`RESTORE k 100000 ${DUMPED} IDLETIME 5`, `RESTORE k 1 ${DUMPED} ABSTTL REPLACE`, `RESTORE k 1 ${DUMPED} ABSTTL`],
  ],
  expired: [
    ["SET k v PX 10", "@30", "GET k", "GET k"],
    ["SET k v PX 10", "@30", "SET k w", "SET k v PX 10", "@30", "APPEND k x"],
    ["SET k v PX 10", "@30", "DEL k", "SET k v PX 10", "@30", "EXISTS k", "SET k v PX 10", "@30", "EXPIRE k 10"],
    ["MSET a 1 b 2", "PEXPIRE a 10", "PEXPIRE b 10", "@30", "MGET a b", "SET k v PX 10", "@30", "RENAME k l"],
    ["CONFIG SET lazyfree-lazy-expire yes", "SET k v PX 10", "@30", "GET k", "CONFIG SET lazyfree-lazy-expire no"],
    ["SET k v PX 10", "SET j v PX 10", "@30", "MULTI", "GET k", "SET l 1", "GET j", "EXEC"],
    ["SELECT 2", "SET k v PX 10", "SELECT 0", "SET k v", "@30", "SELECT 2", "COPY k j", "INCR k"],
    ["SADD s a b", "PEXPIRE s 10", "@30", "SPOP s", "SADD s a", "PEXPIRE s 10", "@30", "SADD s b c"],
    ["SET k v PX 10", "@30", "SCAN 0 COUNT 100"],
    ["SET k v PX 10", "@30", "RANDOMKEY"],
  ],
  transactions: [
    ["MULTI", "SET a 1", "EXEC", "MULTI", "SET a 1", "INCR a", "EXEC", "MULTI", "GET a", "EXEC", "MULTI", "EXEC"],
    ["MULTI", "SET a 1", "SELECT 2", "SET a 1", "EXEC", "SET b 1", "SELECT 0", "SET b 1"],
    ["MULTI", "SET a 1", "LPUSH a x", "INCRBYFLOAT a 1", "EXEC", "MULTI", "SET a 1", "DISCARD"],
    ["SADD s x", "MULTI", "SPOP s", "EXPIRE s 10", "SET k v EX 100", "EXPIRE k 200", "EXEC"],
    ["MULTI", "PUBLISH c m", "SET a 1", "PUBLISH c m", "EXEC", "PUBLISH c m", "WATCH a", "UNWATCH"],
    ["SET a 1", "WATCH a", "SET a 2", "MULTI", "SET a 3", "EXEC"],
  ],
  lists: [
    ["RPUSH l a b c d", "LPUSH l x", "LPUSHX l y", "RPUSHX l z", "LPUSHX missing y", "LPOP l", "RPOP l 2", "LPOP l 0"],
    ["RPUSH l a b c a", "LSET l 0 z", "LINSERT l BEFORE b x", "LINSERT l AFTER q x", "LREM l 1 a", "LREM l 1 q"],
    ["RPUSH l a b c a", "LTRIM l 1 2", "LTRIM l 0 -1", "LTRIM l 5 6", "RPUSH l a", "LPOP l 10", "LPOP l"],
    ["RPUSH l a b c", "LMOVE l m left right", "RPOPLPUSH l m", "RPOPLPUSH missing m", "lmove m m LEFT RIGHT"],
    [
      "RPUSH l a b c d e",
      "LMPOP 2 missing l LEFT",
      "LMPOP 1 l RIGHT COUNT 2",
      "LMPOP 1 l RIGHT COUNT 99",
      "LMPOP 1 l LEFT",
    ],
    [
      "RPUSH l a b c d e",
      "BLPOP x l 0",
      "BRPOP l 0",
      "BLMPOP 0 2 x l LEFT COUNT 2",
      "BLMPOP 0 1 l RIGHT",
      "BLPOP l 0.01",
    ],
    ["RPUSH l a b c d e", "BLMOVE l m left RIGHT 0", "BRPOPLPUSH l m 0", "BLMOVE l l LEFT LEFT 0"],
    ["a> BLPOP l 0", "b> BRPOP x l 0", "RPUSH l a b c", "LLEN l"],
    [
      "a> BLMOVE l m RIGHT left 0",
      "b> BRPOPLPUSH l m 0",
      "RPUSH l a b",
      "c> BLMPOP 0 2 x l left count 10",
      "RPUSH l a b c",
    ],
    [
      "a> BLPOP l 0",
      "MULTI",
      "RPUSH l a b",
      "RPUSH l c",
      "EXEC",
      "b> BLPOP m 0",
      "MULTI",
      "RPUSH m a",
      "DEL m",
      "EXEC",
    ],
    ["a> BLMOVE l m LEFT LEFT 0", "b> BLMOVE m n LEFT LEFT 0", "c> BLPOP n 0", "RPUSH l a", "LLEN n"],
    ["MULTI", "BLPOP l 0", "RPUSH l a b", "BLPOP l 0", "BLMOVE l m LEFT LEFT 0", "EXEC"],
  ],
  sets: [
    ["SADD s a b c", "SADD s a", "SREM s a x", "SREM s x", "SMOVE s t b", "SMOVE s t x", "SADD t c", "SMOVE s t c"],
    ["SADD a 1 2 3", "SADD b 2 3", "SINTERSTORE d a b", "SUNIONSTORE d a b", "SDIFFSTORE d a b", "SDIFFSTORE d b a"],
    ["SINTERSTORE d x y", "SADD d 1", "SINTERSTORE d x y", "SINTER a b", "SRANDMEMBER a"],
    ["SADD s a", "SPOP s", "SPOP s", "SADD s a b", "SPOP s 2", "SADD s a b", "SPOP s 5", "SPOP s 5", "SPOP s 0"],
    { steps: ["SADD s a b c d", "SPOP s", "SPOP s 2"], mask: /\b[abcd]\b/g },
    { steps: ["SADD s 1 2 3 4 5 6 7 8 9 10 11 12", "SPOP s 1", "SPOP s 9"], mask: /\b\d+\b/g },
    ["SADD s a", "CONFIG SET lazyfree-lazy-server-del yes", "SPOP s 1", "CONFIG SET lazyfree-lazy-server-del no"],
  ],
  "sorted sets": [
    [
      "ZADD z 1 a 2 b",
      "ZADD z 1 a",
      "ZADD z NX 1 a",
      "ZADD z XX 5 a",
      "ZADD z INCR 1.5 a",
      "ZINCRBY z 2 b",
      "ZREM z a x",
    ],
    ["ZADD z 1 a 2 b 3 c 4 d", "ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYSCORE z 2 2", "ZREMRANGEBYLEX z - +", "ZREM z a"],
    ["ZADD z 1 a 2 b 3 c 4 d", "ZPOPMIN z", "ZPOPMAX z 2", "ZPOPMIN z 0", "ZPOPMIN missing", "ZPOPMIN z 9"],
    ["ZADD z 1 a 2 b 3 c 4 d", "ZMPOP 2 x z MIN", "ZMPOP 1 z MAX COUNT 2", "ZMPOP 1 z MAX COUNT 9", "ZMPOP 1 z MIN"],
    ["ZADD z 1 a 2 b 3 c 4 d 5 e", "BZPOPMIN x z 0", "BZPOPMAX z 0", "BZMPOP 0 2 x z MIN COUNT 2", "BZMPOP 0 1 z max"],
    ["a> BZPOPMIN z 0", "b> BZPOPMAX z 0", "c> BZMPOP 0 2 x z max count 9", "ZADD z 1 a 2 b 3 c 4 d", "ZCARD z"],
    ["ZADD a 1 x 2 y", "ZADD b 1 y", "ZUNIONSTORE d 2 a b", "ZINTERSTORE d 2 a b WEIGHTS 2 3", "ZDIFFSTORE d 2 a b"],
    [
      "ZADD a 1 x 2 y",
      "ZRANGESTORE d a 0 -1",
      "ZRANGESTORE d missing 0 -1",
      "ZRANGESTORE d missing 0 -1",
      "ZUNION 1 a",
    ],
  ],
  geo: [
    ["GEOADD g 13.361389 38.115556 Palermo", "GEOADD g NX CH 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"],
    ["GEOADD g 13.361389 38.115556 a", "GEOADD g xx 13.361389 38.115556 a", "GEOADD g XX ch 14 38 a"],
    ["GEOADD g 13 38 a", "GEOSEARCHSTORE d g FROMLONLAT 13 38 BYRADIUS 10 km", "GEOSEARCH g FROMMEMBER a BYBOX 1 1 m"],
    ["GEOADD g 13 38 a", "GEORADIUS g 13 38 10 km STORE d", "GEORADIUSBYMEMBER g a 10 km STOREDIST d"],
    [
      "GEOADD g 13 38 a",
      "GEORADIUS g 13 38 10 km",
      "GEORADIUS missing 13 38 10 km STORE g",
      "GEORADIUS missing 1 3 1 m STORE g",
    ],
  ],
  "hashes, as 7.2": [
    [
      "HSET h a 1 b 2",
      "HSET h a 1",
      "HMSET h c 3",
      "HSETNX h a 1",
      "HSETNX h d 1",
      "HDEL h a x",
      "HDEL h x",
      "HDEL h b c d",
    ],
    ["HINCRBY h n 5", "HINCRBY h n 0", "HINCRBYFLOAT h n 1.5", "HINCRBYFLOAT h m 3.0e1", "HRANDFIELD h"],
  ],
  "expiry of fields": [
    ["HSET h a 1 b 2 c 3", "HEXPIRE h 100 FIELDS 1 a", "HPEXPIRE h 100000 NX FIELDS 2 a b", "HPERSIST h FIELDS 2 a c"],
    ["HSET h a 1 b 2 c 3", "HEXPIREAT h 33177117420 FIELDS 1 a", "HPEXPIREAT h 33177117420000 XX FIELDS 3 a b x"],
    ["HSET h a 1 b 2 c 3", "HEXPIRE h 0 FIELDS 2 a x", "HPEXPIREAT h 1 FIELDS 1 b", "HEXPIRE h 100 XX FIELDS 1 c"],
    ["HSET h a 1 b 2", "HEXPIRE h 0 FIELDS 2 a b", "HEXPIRE h 10 FIELDS 1 a", "HPERSIST h FIELDS 1 a"],
    {
      // Redis up to 8.0 propagates HSET, and so loses the expiry; later ones do as redbun.
      steps: ["HSET h a 1", "HPEXPIREAT h 33177117420000 FIELDS 1 a", "HINCRBYFLOAT h a 1.5"],
      expected: ["HSET h a 1", "HPEXPIREAT h 33177117420000 FIELDS 1 a", "HSETEX h KEEPTTL FIELDS 1 a 2.5"],
    },
    ["HSET h a 1 b 2", "HGETEX h FIELDS 1 a", "HGETEX h EX 100 FIELDS 2 a x", "HGETEX h PERSIST FIELDS 2 a b"],
    [
      "HSET h a 1 b 2",
      "HGETEX h PX 100000 FIELDS 1 a",
      "HGETEX h PXAT 33177117420000 FIELDS 1 a",
      "HGETEX h EXAT 1 FIELDS 1 a",
    ],
    ["HSET h a 1 b 2 c 3", "HGETEX h EXAT 1 FIELDS 3 a x b"],
    [
      "HSET h a 1 b 2 c 3",
      "HPEXPIRE h 10 FIELDS 1 a",
      "HEXPIRE h 100 FIELDS 1 b",
      "@30",
      "HPERSIST h FIELDS 1 b",
      "HSETNX h a 1",
    ],
    ["HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 2 a b", "@30", "HMGET h a b c", "EXISTS h"],
    ["HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 1 a", "@30", "HSETEX h FXX EX 10 FIELDS 1 a 1", "HGETDEL h FIELDS 2 a b"],
    ["HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 1 a", "@30", "HDEL h a", "HEXISTS h b", "HSETEX h KEEPTTL FIELDS 1 b 1"],
    ["HSETEX h FIELDS 2 a 1 b 2", "HSETEX h EX 100 FIELDS 1 a 1", "HSETEX h FXX PX 100000 FIELDS 2 a 1 b 2"],
    ["HSETEX h FNX EXAT 33177117420 FIELDS 1 a 1", "HSETEX h FNX FIELDS 1 a 2", "HSETEX h KEEPTTL FIELDS 1 a 2"],
    ["HSETEX h PXAT 33177117420000 FIELDS 1 a 1", "HSETEX h EXAT 1 FIELDS 1 a 1", "HSETEX h PXAT 1 FIELDS 2 b 1 c 2"],
    ["HSET h a 1 b 2 c 3", "HGETDEL h FIELDS 2 a x", "HGETDEL h FIELDS 1 x", "HGETDEL h FIELDS 2 b c"],
    ["HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 1 a", "@30", "HGET h a", "HSET h a 2", "HGETALL h"],
    ["HSET h a 1", "HPEXPIRE h 10 FIELDS 1 a", "@30", "HINCRBY h a 1", "HINCRBYFLOAT h a 1"],
  ],
  streams: [
    [
      "XADD s 1-1 a b",
      "XADD s 1-* a b",
      "XADD s * a b",
      "xadd s NOMKSTREAM 33177117420000-5 a b",
      "XADD x NOMKSTREAM * a b",
    ],
    [
      "XADD s MAXLEN 1 1-1 a b",
      "XADD s MAXLEN = 1 2-* a b",
      "XADD s MAXLEN ~ 1 3-1 a b",
      "XADD s maxlen ~ 1 LIMIT 1 * a b",
    ],
    ["XADD s MINID 1 1-1 a b", "XADD s MINID ~ 2 LIMIT 5 2-1 a b", "XADD s NOMKSTREAM MINID = 2 3-1 a b"],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XADD s 3-1 a b",
      "XTRIM s MAXLEN 2",
      "XTRIM s MAXLEN ~ 1",
      "XTRIM s MINID 3",
      "XTRIM s MAXLEN 9",
    ],
    [
      "CONFIG SET stream-node-max-entries 2",
      ...Array.from({ length: 9 }, (_, i) => `XADD s ${i + 1}-1 a b`),
      "XTRIM s MAXLEN ~ 5",
      "XTRIM s MAXLEN ~ 3 LIMIT 2",
      "XTRIM s MINID ~ 8",
      "XADD s MAXLEN ~ 2 99-1 a b",
      "XADD s MINID ~ 98 LIMIT 100 * a b",
      "CONFIG SET stream-node-max-entries 100",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XDEL s 1-1 9-9",
      "XDEL s 9-9",
      "XSETID s 5-5",
      "XSETID s 6 ENTRIESADDED 9 MAXDELETEDID 2",
    ],
    ["XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s h 0", "XGROUP SETID s h $", "XGROUP SETID s h 0 ENTRIESREAD 3"],
    ["XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 5", "XGROUP CREATECONSUMER s g c", "XGROUP CREATECONSUMER s g c"],
    [
      "XGROUP CREATE s g $ MKSTREAM",
      "XGROUP CREATECONSUMER s g c",
      "XGROUP DELCONSUMER s g c",
      "XGROUP DELCONSUMER s g c",
    ],
    ["XGROUP CREATE s g $ MKSTREAM", "XGROUP DESTROY s g", "XGROUP DESTROY s g"],
  ],
  groups: [
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XREADGROUP GROUP g c STREAMS s >",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
      "XREADGROUP GROUP g d STREAMS s 0",
      "XREADGROUP GROUP g c STREAMS s 0",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c NOACK STREAMS s >",
      "XADD s 3-1 a b",
      "XREADGROUP GROUP g c NOACK STREAMS s >",
    ],
    [
      "XADD s 1-1 a b",
      "XADD t 2-1 a b",
      "XGROUP CREATE s g 0",
      "XGROUP CREATE t g 0",
      "XREADGROUP GROUP g c STREAMS s t > >",
    ],
    ["XGROUP CREATE s g 0 MKSTREAM", "a> XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XADD s 1-1 a b", "XLEN s"],
    ["XADD s 1-1 a b", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XACK s g 1-1 2-2", "XACK s g 1-1"],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XCLAIM s g d 0 1-1",
      "XCLAIM s g d 0 1-1 2-1 JUSTID",
      "XCLAIM s g d 100000 1-1",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XCLAIM s g d 0 1-1",
      "XCLAIM s g d 0 1-1 FORCE TIME 5 RETRYCOUNT 7",
      "XCLAIM s g d 0 2-1 FORCE LASTID 2-1",
      "XCLAIM s g e 0 9-9 LASTID 5-5",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XDEL s 1-1",
      "XCLAIM s g d 0 1-1 2-1",
      "XCLAIM s g d 0 1-1",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c STREAMS s >",
      "XDEL s 1-1",
      "XAUTOCLAIM s g d 0 0",
      "XAUTOCLAIM s g d 0 0 COUNT 1 JUSTID",
      "XAUTOCLAIM s g e 100000 0",
    ],
    [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XGROUP CREATE s g 0 ENTRIESREAD 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
      "XREADGROUP GROUP g c STREAMS s >",
      "MULTI",
      "XREADGROUP GROUP g d STREAMS s >",
      "SET k v",
      "EXEC",
    ],
  ],
  "bits and HyperLogLogs": [
    ["PFADD h a b", "PFDEBUG ENCODING h", "PFDEBUG TODENSE h", "PFDEBUG TODENSE h", "PFADD j a", "PFDEBUG GETREG j"],
    [
      "SETBIT b 7 1",
      "SETBIT b 7 1",
      "BITFIELD b SET u8 0 255 GET u8 0",
      "BITFIELD b GET u8 0",
      "BITOP NOT d b",
      "BITOP AND d x y",
      "BITOP AND d x y",
    ],
    ["BITFIELD b OVERFLOW FAIL INCRBY u2 0 9", "BITFIELD b INCRBY u2 0 1", "BITFIELD_RO b GET u8 0"],
    [
      "PFADD h a b",
      "PFADD h a",
      "PFADD j",
      "PFADD j",
      "PFCOUNT h",
      "PFCOUNT h",
      "PFMERGE d h j",
      "PFMERGE d h",
      "PFCOUNT d h",
    ],
  ],
};

/** Commands whose cases are somewhere else, and where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  migrate: "needs a second server: test/persist/migrate/migrate.test.ts",
};

/** Cases that need Redis 7.0, as Redis 8.0 answers otherwise. */
const SEVEN: ReadonlySet<string> = new Set(["hashes, as 7.2"]);

function toCase(entry: readonly string[] | Case): Case {
  return "steps" in entry ? entry : { steps: entry };
}

for (const [family, entries] of Object.entries(CASES)) {
  const peer = SEVEN.has(family) ? "redis7" : "redis8";
  describe(`propagation: ${family}`, () => {
    const register = requireRedis(peer) ? test : test.skip;
    const ours = ourEffects();
    let theirs: Effects | undefined;
    afterAll(async () => {
      await theirs?.stop();
    });
    for (const { steps, expected, mask } of entries.map(toCase)) {
      register(steps.join(", "), async () => {
        theirs ??= await realEffects(peer);
        const masked = (effects: readonly string[]) => effects.map((each) => each.replace(mask ?? /$^/, "?"));
        const wanted = expected ?? masked(await theirs.run(steps));
        expect(wanted).not.toEqual([]);
        expect(masked(await ours.run(steps))).toEqual(masked(wanted));
      });
    }
  });
}

describe("propagation: coverage", () => {
  test("every command that writes has a case", () => {
    const used = new Set<string>();
    for (const step of Object.values(CASES).flatMap((entries) => entries.flatMap((entry) => toCase(entry).steps))) {
      const words = parseStep(step).args.map((word) => word.toLowerCase());
      used.add(words[0]).add(`${words[0]}|${words[1]}`);
    }
    const commands = [...createCommandTable().entries()].flatMap(([, command]) => [
      command,
      ...(command.subcommands?.values() ?? []),
    ]);
    const writing = commands.filter((command) => (command.flags & WRITE) !== 0).map((command) => command.fullName);
    expect(writing).toContain("xgroup|create");
    expect(writing.filter((name) => !used.has(name) && !(name in ELSEWHERE)).sort()).toEqual([]);
  });
});
