/**
 * Hash commands that set, read and delete fields. Counters are in hash-counter, HRANDFIELD and HSCAN in hash-scan, the
 * expiry of fields in hash-expire and hash-getex. The data is in hash.ts.
 *
 * What a command propagates, where that is not the command itself, is said at its handler. A command that meets a field
 * whose time has passed propagates HDEL of that field besides.
 */

import { Digest } from "../../admin/debug/digest";
import { registerValueTools } from "../../admin/debug/value-tools";
import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, READONLY, WRITE } from "../../command/command-spec";
import { TYPE_HASH } from "../../db/entry";
import { wrongArity } from "../../resp/errors";
import { collectionForWrite } from "../collection";
import type { Hashes } from "./hash";
import {
  announce,
  announceExpired,
  announceSet,
  findAlive,
  openForRead,
  openHash,
  openOrCreate,
  putPair,
  removeIfEmpty,
  replyValue,
} from "./hash-call";
import { hashCounterCommands } from "./hash-counter.commands";
import { hashCommand } from "./hash-definition.commands";
import { hashExpireCommands } from "./hash-expire.commands";
import { NO_FIELD_EXPIRY } from "./hash-field";
import { hashGetexCommands } from "./hash-getex.commands";
import { hashScanCommands } from "./hash-scan.commands";
import { eachField, eachFieldAsCopy, FIELDS, FIELDS_AND_VALUES, VALUES } from "./hash-traversal";
import { hashType } from "./hash-type";

// --- setting -------------------------------------------------------------------------------------------------------

/** HSET key field value [field value ...] */
function hset(c: Call): void {
  const created = setFields(c);
  if (!c.failed) c.reply.integer(created);
}

/** HMSET key field value [field value ...] */
function hmset(c: Call): void {
  setFields(c);
  if (!c.failed) c.reply.ok();
}

/** Sets the fields that the arguments give. Returns how many are new. */
function setFields(c: Call): number {
  if (c.argc % 2 === 1) c.fail(wrongArity(c.command.fullName));
  const ref = c.failed ? 0 : collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return 0;
  const hashes = openOrCreate(c, ref, 2);
  let created = 0;
  let i = 2;
  try {
    // As Redis 7.2 does: so many pairs are hardly of few fields.
    if ((c.argc - 2) / 2 > hashes.maxEntries) hashes.toTable();
    for (; i < c.argc; i += 2) {
      if (putPair(c, hashes, i)) created++;
    }
  } finally {
    announceSet(c, hashes, (i - 2) / 2);
  }
  return created;
}

/** HSETNX key field value. Effect: HSET. */
function hsetnx(c: Call): void {
  let ref = collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return;
  if (ref !== 0) {
    const hashes = openHash(c, ref);
    if (findAlive(c, hashes, 2, 2)) {
      c.reply.integer(0);
      return;
    }
    if (announceExpired(c, hashes)) ref = c.write(1);
  }
  const hashes = openOrCreate(c, ref, 2);
  let created = 0;
  try {
    putPair(c, hashes, 2);
    created = 1;
  } finally {
    announceSet(c, hashes, created);
  }
  c.reply.integer(1);
}

/** HDEL key field [field ...]. A field whose time has passed, and that is still there, counts. */
function hdel(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return;
  let removed = 0;
  if (ref !== 0) {
    const hashes = openHash(c, ref);
    for (let i = 2; i < c.argc && hashes.size > 0; i++) {
      if (!hashes.find(c.buf, c.starts[i], c.ends[i])) continue;
      hashes.removeFound();
      removed++;
    }
    announce(c, removed, "hdel");
    removeIfEmpty(c, hashes);
  }
  c.reply.integer(removed);
}

// --- reading one field or some -------------------------------------------------------------------------------------

/** HGET key field */
function hget(c: Call): void {
  const hashes = openForRead(c);
  if (c.failed) return;
  if (hashes === null) {
    c.reply.null();
    return;
  }
  if (findAlive(c, hashes, 2)) {
    replyValue(c, hashes);
    return;
  }
  c.reply.null();
  announceExpired(c, hashes);
}

/** HMGET key field [field ...] */
function hmget(c: Call): void {
  const hashes = openForRead(c);
  if (c.failed) return;
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    if (hashes !== null && findAlive(c, hashes, i)) replyValue(c, hashes);
    else c.reply.null();
  }
  if (hashes !== null) announceExpired(c, hashes);
}

/** HEXISTS key field */
function hexists(c: Call): void {
  const hashes = openForRead(c);
  if (c.failed) return;
  c.reply.integer(hashes !== null && findAlive(c, hashes, 2) ? 1 : 0);
  if (hashes !== null) announceExpired(c, hashes);
}

/** HSTRLEN key field */
function hstrlen(c: Call): void {
  const hashes = openForRead(c);
  if (c.failed) return;
  let length = 0;
  if (hashes !== null && findAlive(c, hashes, 2)) {
    hashes.locateValue();
    length = hashes.length;
  }
  c.reply.integer(length);
  if (hashes !== null) announceExpired(c, hashes);
}

/** HLEN key: with the fields whose time has passed and that are still there. */
function hlen(c: Call): void {
  const hashes = openForRead(c);
  if (!c.failed) c.reply.integer(hashes === null ? 0 : hashes.size);
}

// --- reading all fields --------------------------------------------------------------------------------------------

/** HGETALL key */
function hgetall(c: Call): void {
  replyFields(c, FIELDS_AND_VALUES);
}

/** HKEYS key */
function hkeys(c: Call): void {
  replyFields(c, FIELDS);
}

/** HVALS key */
function hvals(c: Call): void {
  replyFields(c, VALUES);
}

function replyFields(c: Call, parts: number): void {
  const { reply } = c;
  const hashes = openForRead(c);
  if (c.failed) return;
  if (hashes?.mayHoldDead) {
    replyLiving(c, hashes, parts);
    return;
  }
  const size = hashes === null ? 0 : hashes.size;
  if (parts === FIELDS_AND_VALUES) reply.map(size);
  else reply.array(size);
  if (hashes !== null) eachField(hashes, parts, (bytes, at, length) => reply.bulk(bytes, at, length));
}

/** Of fields some of which may be dead: how many are alive is known at the end. */
function replyLiving(c: Call, hashes: Hashes, parts: number): void {
  const { reply } = c;
  const start = reply.begin();
  let texts = 0;
  eachField(hashes, parts, (bytes, at, length) => {
    reply.bulk(bytes, at, length);
    texts++;
  });
  if (parts === FIELDS_AND_VALUES) reply.endMap(start, texts / 2);
  else reply.endArray(start, texts);
}

// --- table ---------------------------------------------------------------------------------------------------------

const UNORDERED = ["nondeterministic_output_order"];

const commands: CommandDefinition[] = [
  hashCommand("hset", -4, WRITE | DENYOOM | FAST, "RW update", hset),
  hashCommand("hsetnx", 4, WRITE | DENYOOM | FAST, "RW insert", hsetnx),
  hashCommand("hmset", -4, WRITE | DENYOOM | FAST, "RW update", hmset),
  hashCommand("hdel", -3, WRITE | FAST, "RW delete", hdel),
  hashCommand("hget", 3, READONLY | FAST, "RO access", hget),
  hashCommand("hmget", -3, READONLY | FAST, "RO access", hmget),
  hashCommand("hexists", 3, READONLY | FAST, "RO", hexists),
  hashCommand("hstrlen", 3, READONLY | FAST, "RO", hstrlen),
  hashCommand("hlen", 2, READONLY | FAST, "RO", hlen),
  { ...hashCommand("hgetall", 2, READONLY, "RO access", hgetall), tips: UNORDERED },
  { ...hashCommand("hkeys", 2, READONLY, "RO access", hkeys), tips: UNORDERED },
  { ...hashCommand("hvals", 2, READONLY, "RO access", hvals), tips: UNORDERED },
];

export const hashCommands: CommandDefinition[] = [
  ...commands,
  ...hashCounterCommands,
  ...hashScanCommands,
  ...hashExpireCommands,
  ...hashGetexCommands,
];

/** What Redis adds to the digest of a field that expires. */
const FIELD_EXPIRES = Buffer.from("!!hexpire!!", "latin1");

registerValueTools(TYPE_HASH, {
  size: (keyspace, ref, samples) => hashType(keyspace).bytes(ref, samples),
  digest(keyspace, ref, digest) {
    const { hashes } = hashType(keyspace);
    hashes.open(ref);
    eachFieldAsCopy(hashes, (field, value, expireAt) => {
      const each = new Digest();
      each.mix(field);
      each.mix(value);
      if (expireAt !== NO_FIELD_EXPIRY) each.xor(FIELD_EXPIRES);
      digest.xorDigest(each);
    });
  },
  table(keyspace, ref) {
    const { hashes } = hashType(keyspace);
    hashes.open(ref);
    return hashes.isPacked ? null : hashes.dict;
  },
});
