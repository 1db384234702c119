/** HSCAN and HRANDFIELD. */

import type { Call } from "../../command/call";
import { type CommandDefinition, READONLY } from "../../command/command-spec";
import { TYPE_HASH } from "../../db/entry";
import { NOT_AN_INTEGER, OUT_OF_LONG, OUT_OF_RANGE } from "../../resp/errors";
import { SHORTEST_BULK } from "../../resp/reply-writer";
import { int64, int64ToNumber, parseInt64 } from "../../util/integers";
import { type ScanOptions, scanCollection } from "../scan-argument";
import type { Hashes } from "./hash";
import { announceExpired, openForRead, openHash } from "./hash-call";
import { hashCommand } from "./hash-definition.commands";
import {
  type Below,
  FIELDS,
  FIELDS_AND_VALUES,
  randomField,
  randomFields,
  sampleFields,
  scanFields,
  visitListed,
} from "./hash-traversal";
import { hashType } from "./hash-type";

/** 2^62, in its upper half. */
const HALF = 0x40000000;

/** What a scan found; reused. */
const found: number[] = [];

/**
 * HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]. A small hash is returned whole, whatever the cursor and the
 * count are.
 */
function hscan(c: Call): void {
  scanCollection(c, TYPE_HASH, scanHash, true);
}

function scanHash(c: Call, ref: number, { cursor, count, pattern, noValues }: ScanOptions): void {
  const { reply } = c;
  const hashes = openHash(c, ref);
  found.length = 0;
  const next = scanFields(hashes, cursor, count, (bytes, at, length) => pattern.matches(bytes, at, length), found);
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(noValues ? found.length : found.length * 2);
  const parts = noValues ? FIELDS : FIELDS_AND_VALUES;
  const visit = (bytes: Uint8Array, at: number, length: number): void => reply.bulk(bytes, at, length);
  for (const each of found) visitListed(hashes, each, parts, visit);
}

/** HRANDFIELD key [count [WITHVALUES]] */
function hrandfield(c: Call): void {
  if (c.argc > 2) {
    randomCount(c);
    return;
  }
  const { reply } = c;
  const hashes = openForRead(c);
  if (c.failed) return;
  if (hashes === null) {
    reply.null();
    return;
  }
  const expired = expireSome(c);
  const visit = (bytes: Uint8Array, at: number, length: number): void => reply.bulk(bytes, at, length);
  if (!randomField(hashes, FIELDS, belowOf(c), visit)) reply.null();
  announceExpired(c, hashes, expired);
}

/** Deletes fields whose time has passed, where they may be deleted. Returns how many; announceExpired() has to follow. */
function expireSome(c: Call): number {
  const { keyspace } = c.db;
  return keyspace.expiry === "delete" ? hashType(keyspace).expiry.expireSome() : 0;
}

function belowOf(c: Call): Below {
  return (n) => c.db.keyspace.random.below(n);
}

/** With a count: that many different fields, or with a negative one as many as that, whatever they are. */
function randomCount(c: Call): void {
  const withValues = c.argc === 4;
  const count = parseCount(c);
  if (c.argc > 4 || (withValues && !c.is(3, "withvalues"))) c.syntaxError();
  if (withValues && exceedsHalf()) c.fail(OUT_OF_RANGE);
  const hashes = c.failed ? null : openForRead(c);
  if (c.failed) return;
  if (hashes === null) {
    c.reply.array(0);
    return;
  }
  const expired = expireSome(c);
  replyRandom(c, hashes, count, withValues);
  announceExpired(c, hashes, expired);
}

function replyRandom(c: Call, hashes: Hashes, count: number, withValues: boolean): void {
  const { reply } = c;
  // What no reply can hold is refused here and not after gigabytes.
  if (count < 0) reply.reserve(-count * SHORTEST_BULK);
  if (reply.muted) return;
  const parts = withValues ? FIELDS_AND_VALUES : FIELDS;
  // RESP3 has pairs.
  const isPaired = withValues && reply.resp3;
  const repliesEach = withValues && !isPaired ? 2 : 1;
  let isField = true;
  const begin = (fields: number): void => reply.array(fields * repliesEach);
  const visit = (bytes: Uint8Array, at: number, length: number): void => {
    if (isPaired && isField) reply.array(2);
    isField = !isField;
    reply.bulk(bytes, at, length);
  };
  if (count >= 0) sampleFields(hashes, count, parts, belowOf(c), begin, visit);
  else randomFields(hashes, -count, parts, belowOf(c), begin, visit);
}

/** Whether twice the integer in `int64`, or its negative, does not fit into 64 bits. */
function exceedsHalf(): boolean {
  const { hi, lo } = int64;
  return hi >= HALF || hi < -HALF || (hi === -HALF && lo === 0);
}

/** Argument 2, rounded from 2^53 on; exactly in `int64`. */
function parseCount(c: Call): number {
  if (!parseInt64(c.buf, c.starts[2], c.ends[2])) {
    c.fail(NOT_AN_INTEGER);
    return 0;
  }
  const { hi, lo } = int64;
  if (hi === -0x80000000 && lo === 0) c.fail(OUT_OF_LONG);
  return int64ToNumber(hi, lo);
}

export const hashScanCommands: CommandDefinition[] = [
  {
    ...hashCommand("hscan", -3, READONLY, "RO access", hscan),
    tips: ["nondeterministic_output"],
  },
  {
    ...hashCommand("hrandfield", -2, READONLY, "RO access", hrandfield),
    tips: ["nondeterministic_output"],
  },
];
