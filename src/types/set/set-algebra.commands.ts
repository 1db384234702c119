/**
 * SUNION, SINTER, SDIFF, their STORE forms, and SINTERCARD.
 *
 * Without STORE the reply is written while the sets are walked; no result is built. A STORE form builds its result in
 * the steps in which Redis does, as the encoding of a set depends on the order in which it was filled.
 */

import type { Call } from "../../command/call";
import {
  type CommandDefinition,
  DENYOOM,
  keyAt,
  keyRange,
  MOVABLE_KEYS,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from "../../db/entry";
import { EVENT_GENERIC, EVENT_SET } from "../../db/keyspace";
import { LIMIT_NEGATIVE, NUMKEYS_NOT_POSITIVE, NUMKEYS_TOO_LARGE } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForRead, storeCollection } from "../collection";
import { type SetView, setsOf } from "./set";
import { openIn, replyMembers } from "./set-call";
import type { Member } from "./set-member";

// --- operands ------------------------------------------------------------------------------------------------------

/** The sets of the keys that exist, in the order of the arguments, and whether the first key was one of them; reused. */
const operands: SetView[] = [];
let missing = 0;
let firstIsMissing = false;

/** Opens the sets of arguments `first` to `last`; false (and a reply) if one of them is no set. */
function openOperands(c: Call, first: number, last: number): boolean {
  const sets = setsOf(c.db.keyspace);
  operands.length = 0;
  missing = 0;
  firstIsMissing = false;
  for (let i = first; i <= last; i++) {
    const ref = collectionForRead(c, i, TYPE_SET);
    if (c.failed) return false;
    if (ref === 0) {
      missing++;
      if (i === first) firstIsMissing = true;
      continue;
    }
    const operand = sets.operand(operands.length);
    openIn(c, operand, ref);
    operands.push(operand);
  }
  return true;
}

function bySize(a: SetView, b: SetView): number {
  return a.size - b.size;
}

/** Whether one of the operands from number `from` on has the member. */
function anyHas(member: Member, from: number): boolean {
  for (let i = from; i < operands.length; i++) if (operands[i].has(member)) return true;
  return false;
}

function allHave(member: Member, from: number): boolean {
  for (let i = from; i < operands.length; i++) if (!operands[i].has(member)) return false;
  return true;
}

// --- replies and results -------------------------------------------------------------------------------------------

/** Replies with those members of a set that `wanted` lets pass. */
function replyFiltered(c: Call, set: SetView, wanted: (member: Member) => boolean): void {
  const { reply } = c;
  const start = reply.begin();
  const count = addFiltered(c, set, wanted);
  reply.endSet(start, count);
}

/** Writes those members of a set that `wanted` lets pass, without a header. Returns how many. */
function addFiltered(c: Call, set: SetView, wanted: (member: Member) => boolean): number {
  let count = 0;
  set.each((member) => {
    if (wanted(member)) {
      member.reply(c.reply);
      count++;
    }
    return true;
  });
  return count;
}

/** Builds the result with `build`, and makes it the value of argument 1; an empty one deletes the key. */
function store(c: Call, event: string, encoding: number, build: (result: SetView) => void): void {
  const { result } = setsOf(c.db.keyspace);
  result.create(encoding);
  try {
    build(result);
    if (result.size > 0) {
      const existing = c.write(1);
      storeCollection(c, 1, existing, TYPE_SET, result.encoding, result.root);
    }
  } catch (error) {
    result.free();
    throw error;
  }
  if (result.size > 0) {
    c.changed(1, EVENT_SET, event);
    c.reply.integer(result.size);
  } else {
    result.free();
    storeNothing(c);
  }
}

/** Deletes the destination, because the result is empty. */
function storeNothing(c: Call): void {
  const { db } = c;
  if (db.remove(c.buf, c.starts[1], c.ends[1], c.server.config.lazyfreeLazyServerDel)) {
    c.changed(1, EVENT_GENERIC, "del");
  }
  c.reply.integer(0);
}

// --- SINTER --------------------------------------------------------------------------------------------------------

/** SINTER key [key ...]. */
function sinter(c: Call): void {
  if (!openOperands(c, 1, c.argc - 1)) return;
  if (missing > 0) {
    c.reply.set(0);
    return;
  }
  operands.sort(bySize);
  replyFiltered(c, operands[0], (member) => allHave(member, 1));
}

/** SINTERSTORE destination key [key ...]. */
function sinterstore(c: Call): void {
  if (!openOperands(c, 2, c.argc - 1)) return;
  if (missing > 0) {
    storeNothing(c);
    return;
  }
  operands.sort(bySize);
  const limits = c.server.config;
  const encoding = operands[0].encoding === ENCODING_INTSET ? ENCODING_INTSET : ENCODING_LISTPACK;
  store(c, "sinterstore", encoding, (result) => {
    let onlyIntegers = true;
    operands[0].each((member) => {
      if (!allHave(member, 1)) return true;
      onlyIntegers = onlyIntegers && member.isInteger();
      result.add(member, limits);
      return true;
    });
    if (onlyIntegers) result.makeInts(limits);
  });
}

/** SINTERCARD numkeys key [key ...] [LIMIT limit]. */
function sintercard(c: Call): void {
  const keys = keyCount(c);
  if (c.failed) return;
  const limit = cardinalityLimit(c, 2 + keys);
  if (c.failed || !openOperands(c, 2, 1 + keys)) return;
  let count = 0;
  if (missing === 0) {
    operands.sort(bySize);
    operands[0].each((member) => {
      if (allHave(member, 1)) count++;
      return limit === 0 || count < limit;
    });
  }
  c.reply.integer(count);
}

function keyCount(c: Call): number {
  const count = parseInt64Rounded(c.buf, c.starts[1], c.ends[1]);
  if (!(count > 0)) c.fail(NUMKEYS_NOT_POSITIVE);
  else if (count > c.argc - 2) c.fail(NUMKEYS_TOO_LARGE);
  return count;
}

/** The limit that the arguments from `first` on give; 0: none. */
function cardinalityLimit(c: Call, first: number): number {
  let limit = 0;
  for (let i = first; i < c.argc && !c.failed; i += 2) {
    if (!c.is(i, "limit") || i + 1 === c.argc) {
      c.syntaxError();
      break;
    }
    limit = parseInt64Rounded(c.buf, c.starts[i + 1], c.ends[i + 1]);
    if (!(limit >= 0)) c.fail(LIMIT_NEGATIVE);
  }
  return limit;
}

// --- SUNION --------------------------------------------------------------------------------------------------------

/** SUNION key [key ...]. */
function sunion(c: Call): void {
  if (!openOperands(c, 1, c.argc - 1)) return;
  if (operands.length === 0) {
    c.reply.set(0);
    return;
  }
  operands.sort(bySize).reverse();
  const start = c.reply.begin();
  c.reply.endSet(start, replyUnion(c));
}

/** Writes the members of all sets, each once, and returns how many they are. The largest set comes first. */
function replyUnion(c: Call): number {
  const [largest, second] = operands;
  replyMembers(c, largest);
  if (operands.length === 1) return largest.size;
  // Two sets need no memory of what was written.
  if (operands.length === 2) return largest.size + addFiltered(c, second, (member) => !largest.has(member));
  return largest.size + addUnseen(c);
}

/** Writes those members of the sets behind the first that were not written before. Returns how many. */
function addUnseen(c: Call): number {
  const limits = c.server.config;
  const { result: seen } = setsOf(c.db.keyspace);
  seen.create(ENCODING_HASHTABLE);
  let count = 0;
  try {
    for (let i = 1; i < operands.length; i++) {
      count += addFiltered(c, operands[i], (member) => !operands[0].has(member) && seen.add(member, limits));
    }
  } finally {
    seen.free();
  }
  return count;
}

/** SUNIONSTORE destination key [key ...]. */
function sunionstore(c: Call): void {
  if (!openOperands(c, 2, c.argc - 1)) return;
  store(c, "sunionstore", ENCODING_INTSET, (result) => {
    for (const operand of operands) addAll(c, result, operand);
  });
}

function addAll(c: Call, result: SetView, source: SetView): void {
  const limits = c.server.config;
  source.each((member) => {
    result.add(member, limits);
    return true;
  });
}

// --- SDIFF ---------------------------------------------------------------------------------------------------------

/** Whether the difference is empty whatever the members are: the first set is missing, or subtracted from itself. */
function isEmptyDifference(): boolean {
  if (firstIsMissing) return true;
  for (let i = 1; i < operands.length; i++) if (operands[i].root === operands[0].root) return true;
  return false;
}

/**
 * Whether to remove the members of the other sets from the first one, instead of looking for each of its members in all
 * of them. As Redis decides: half of the lookups that the latter can take, against a step for every member of all sets.
 */
function subtractsEach(): boolean {
  const size = operands[0].size;
  let others = 0;
  for (const operand of operands) others += operand.size;
  return Math.floor((size * operands.length) / 2) > others;
}

/** Where each member of the first set is looked for in the others, the larger ones are likelier to have it. */
function sortSubtracted(): void {
  const [first] = operands;
  const others = operands.slice(1).sort((a, b) => b.size - a.size);
  operands.length = 0;
  operands.push(first, ...others);
}

/** SDIFF key [key ...]. */
function sdiff(c: Call): void {
  if (!openOperands(c, 1, c.argc - 1)) return;
  if (isEmptyDifference()) {
    c.reply.set(0);
    return;
  }
  if (operands.length > 2 && subtractsEach()) {
    replyDifference(c);
    return;
  }
  sortSubtracted();
  replyFiltered(c, operands[0], (member) => !anyHas(member, 1));
}

/** For many small sets: first what is to be left out, and then one lookup for each member of the first set. */
function replyDifference(c: Call): void {
  const limits = c.server.config;
  const { result: out } = setsOf(c.db.keyspace);
  out.create(ENCODING_HASHTABLE);
  try {
    for (let i = 1; i < operands.length; i++) {
      operands[i].each((member) => {
        if (operands[0].has(member)) out.add(member, limits);
        return true;
      });
    }
    replyFiltered(c, operands[0], (member) => !out.has(member));
  } finally {
    out.free();
  }
}

/** SDIFFSTORE destination key [key ...]. */
function sdiffstore(c: Call): void {
  if (!openOperands(c, 2, c.argc - 1)) return;
  if (isEmptyDifference()) {
    storeNothing(c);
    return;
  }
  store(c, "sdiffstore", ENCODING_INTSET, (result) => {
    if (subtractsEach()) subtractEach(c, result);
    else addDifference(c, result);
  });
}

function subtractEach(c: Call, result: SetView): void {
  addAll(c, result, operands[0]);
  for (let i = 1; i < operands.length && result.size > 0; i++) {
    operands[i].each((member) => {
      result.remove(member);
      return result.size > 0;
    });
  }
}

function addDifference(c: Call, result: SetView): void {
  const limits = c.server.config;
  sortSubtracted();
  operands[0].each((member) => {
    if (!anyHas(member, 1)) result.add(member, limits);
    return true;
  });
}

// --- table ---------------------------------------------------------------------------------------------------------

const UNORDERED = ["nondeterministic_output_order"];
const SOURCES = keyRange(1, -1, 1, "RO access");
const STORE_KEYS = [keyAt(1, "OW update"), keyRange(2, -1, 1, "RO access")];
/** As 7.2 says, although SINTERSTORE does not read its destination either. */
const INTERSTORE_KEYS = [keyAt(1, "RW update"), keyRange(2, -1, 1, "RO access")];

export const setAlgebraCommands: CommandDefinition[] = [
  {
    name: "sinter",
    arity: -2,
    flags: READONLY,
    categories: "set",
    keys: [SOURCES],
    tips: UNORDERED,
    handler: sinter,
  },
  {
    name: "sinterstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "set",
    keys: INTERSTORE_KEYS,
    handler: sinterstore,
  },
  {
    name: "sintercard",
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    categories: "set",
    keys: [{ flags: ["RO", "access"], begin: { index: 1 }, find: { keynum: 0, firstKey: 1, step: 1 } }],
    handler: sintercard,
  },
  {
    name: "sunion",
    arity: -2,
    flags: READONLY,
    categories: "set",
    keys: [SOURCES],
    tips: UNORDERED,
    handler: sunion,
  },
  {
    name: "sunionstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "set",
    keys: STORE_KEYS,
    handler: sunionstore,
  },
  { name: "sdiff", arity: -2, flags: READONLY, categories: "set", keys: [SOURCES], tips: UNORDERED, handler: sdiff },
  {
    name: "sdiffstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "set",
    keys: STORE_KEYS,
    handler: sdiffstore,
  },
];
