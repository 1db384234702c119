/**
 * ZUNION, ZINTER, ZDIFF, their STORE forms, and ZINTERCARD, over sorted sets and plain sets.
 *
 * A result is collected in a dict, in the order of hashes, and sorted when it is complete.
 */

import type { Call } from "../../command/call";
import {
  type CommandDefinition,
  DENYOOM,
  type KeySpec,
  keyAt,
  MOVABLE_KEYS,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { TYPE_SET, TYPE_ZSET } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { LIMIT_NEGATIVE, noInputKey, WEIGHT_NOT_A_FLOAT, WRONG_TYPE } from "../../resp/errors";
import type { Member } from "../set/set-member";
import { type SortedSet, zsetsOf } from "./zset";
import { replyHeader, replyPairs, rounded } from "./zset-call";
import { Operand } from "./zset-operand";
import { storeZset } from "./zset-store";

const UNION = 0;
const INTER = 1;
const DIFF = 2;
const OPERATIONS = ["union", "inter", "diff"];

const SUM = 0;
const MIN = 1;
const MAX = 2;

// --- arguments -----------------------------------------------------------------------------------------------------

/** The operands of the current command, in the order of its arguments. */
let operands: Operand[] = [];
let aggregate = SUM;
let withScores = false;
/** ZINTERCARD's; 0: none. */
let limit = 0;

/** Operands that were made for a keyspace, to be used again. */
const pools = new WeakMap<Keyspace, Operand[]>();

function operandNumber(keyspace: Keyspace, i: number): Operand {
  let pool = pools.get(keyspace);
  if (pool === undefined) pools.set(keyspace, (pool = []));
  while (pool.length <= i) pool.push(new Operand(keyspace));
  return pool[i];
}

/** What the options of a command may be. */
interface AlgebraForm {
  readonly operation: number;
  /** It stores in argument 1: then the number of keys is argument 2. */
  readonly stores: boolean;
  readonly counts: boolean;
}

/** Reads `numkeys key [key ...]` and the options; the call has failed if they are wrong, or a key is. */
function parse(c: Call, form: AlgebraForm): void {
  const first = form.stores ? 3 : 2;
  const keys = rounded(c, first - 1);
  if (c.failed) return;
  if (keys < 1) c.fail(noInputKey(c.command.fullName));
  else if (keys > c.argc - first) c.syntaxError();
  if (c.failed) return;
  operands = [];
  aggregate = SUM;
  withScores = false;
  limit = 0;
  for (let i = 0; i < keys && !c.failed; i++) openOperand(c, first + i);
  for (let i = first + keys; i < c.argc && !c.failed; ) i = parseOption(c, i, form);
}

function openOperand(c: Call, i: number): void {
  const { keyspace } = c.db;
  const ref = c.read(i);
  const type = ref === 0 ? TYPE_ZSET : keyspace.entries.type(ref);
  if (type !== TYPE_ZSET && type !== TYPE_SET) {
    c.fail(WRONG_TYPE);
    return;
  }
  const operand = operandNumber(keyspace, operands.length);
  operand.open(ref);
  operands.push(operand);
}

/** Reads the option at argument i; returns the position behind it. */
function parseOption(c: Call, i: number, form: AlgebraForm): number {
  const left = c.argc - i;
  const weighs = form.operation !== DIFF && !form.counts;
  if (weighs && left > operands.length && c.is(i, "weights")) {
    for (let each = 0; each < operands.length; each++)
      operands[each].weight = c.double(i + 1 + each, WEIGHT_NOT_A_FLOAT);
    return i + 1 + operands.length;
  }
  if (weighs && left >= 2 && c.is(i, "aggregate")) {
    parseAggregate(c, i + 1);
    return i + 2;
  }
  if (!form.stores && !form.counts && c.is(i, "withscores")) {
    withScores = true;
    return i + 1;
  }
  if (form.counts && left >= 2 && c.is(i, "limit")) {
    limit = rounded(c, i + 1, LIMIT_NEGATIVE);
    if (limit < 0) c.fail(LIMIT_NEGATIVE);
    return i + 2;
  }
  c.syntaxError();
  return i + 1;
}

function parseAggregate(c: Call, i: number): void {
  if (c.is(i, "sum")) aggregate = SUM;
  else if (c.is(i, "min")) aggregate = MIN;
  else if (c.is(i, "max")) aggregate = MAX;
  else c.syntaxError();
}

// --- scores --------------------------------------------------------------------------------------------------------

/** inf * 0 counts as 0. */
function weighted(operand: Operand, score: number): number {
  const product = operand.weight * score;
  return Number.isNaN(product) ? 0 : product;
}

/** inf - inf counts as 0. */
function combined(score: number, other: number): number {
  if (aggregate === MIN) return other < score ? other : score;
  if (aggregate === MAX) return other > score ? other : score;
  const sum = score + other;
  return Number.isNaN(sum) ? 0 : sum;
}

// --- results -------------------------------------------------------------------------------------------------------

/** The longest member of the result that is collected. */
let longest = 0;

function add(result: SortedSet, member: Member, score: number): void {
  const hash = member.hashed();
  member.text();
  longest = Math.max(longest, member.end - member.start);
  result.indexed.addUnordered(hash, score, member.buf, member.start, member.end);
}

function collectUnion(result: SortedSet): void {
  const { indexed } = result;
  operands.sort(bySize);
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    operand.each((member, score) => {
      const value = weighted(operand, score);
      const hash = member.hashed();
      member.text();
      if (i > 0 && indexed.findUnordered(hash, member.buf, member.start, member.end)) {
        indexed.setUnordered(combined(indexed.foundScore, value));
      } else {
        add(result, member, value);
      }
      return true;
    });
  }
}

/** Visits what is in all operands, with its score, until a visit returns false. */
function eachInAll(visit: (member: Member, score: number) => boolean): void {
  operands.sort(bySize);
  const [smallest] = operands;
  smallest.each((member, score) => {
    let total = weighted(smallest, score);
    for (let i = 1; i < operands.length; i++) {
      const other = operands[i].scoreOf(member);
      if (Number.isNaN(other)) return true;
      total = combined(total, operands[i].weight * other);
    }
    return visit(member, total);
  });
}

function collectDifference(result: SortedSet): void {
  const [first, ...others] = operands;
  // Larger ones are likelier to have a member.
  others.sort((a, b) => bySize(b, a));
  first.each((member, score) => {
    if (!anyHas(others, member)) add(result, member, score);
    return true;
  });
}

function anyHas(others: readonly Operand[], member: Member): boolean {
  for (const other of others) if (!Number.isNaN(other.scoreOf(member))) return true;
  return false;
}

function bySize(a: Operand, b: Operand): number {
  return a.size - b.size;
}

/** Makes `result` the sorted set that an operation gives; nothing is left behind if there is no memory for it. */
function collect(operation: number, result: SortedSet): void {
  longest = 0;
  result.indexed.createUnordered();
  try {
    if (operation === UNION) collectUnion(result);
    else if (operation === DIFF) collectDifference(result);
    else {
      eachInAll((member, score) => {
        add(result, member, score);
        return true;
      });
    }
  } catch (error) {
    result.discardResult();
    throw error;
  }
  result.orderResult();
}

// --- handlers ------------------------------------------------------------------------------------------------------

/** ZUNION, ZINTER, ZDIFF numkeys key [key ...] [WEIGHTS …] [AGGREGATE …] [WITHSCORES]. */
function replyHandler(operation: number): (c: Call) => void {
  const form: AlgebraForm = { operation, stores: false, counts: false };
  return (c) => {
    parse(c, form);
    if (c.failed) return;
    const { result } = zsetsOf(c.db.keyspace);
    collect(operation, result);
    try {
      replyHeader(c, result.size, withScores);
      replyPairs(c, result, 0, result.size, false, withScores);
    } finally {
      result.free();
    }
  };
}

/** ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE destination numkeys key [key ...] [WEIGHTS …] [AGGREGATE …]. */
function storeHandler(operation: number): (c: Call) => void {
  const form: AlgebraForm = { operation, stores: true, counts: false };
  const event = `z${OPERATIONS[operation]}store`;
  return (c) => {
    parse(c, form);
    if (c.failed) return;
    const { result } = zsetsOf(c.db.keyspace);
    collect(operation, result);
    result.packResult(longest, c.server.config);
    storeZset(c, 1, event, result);
  };
}

const COUNTED: AlgebraForm = { operation: INTER, stores: false, counts: true };

/** ZINTERCARD numkeys key [key ...] [LIMIT limit]. */
function zintercard(c: Call): void {
  parse(c, COUNTED);
  if (c.failed) return;
  let count = 0;
  eachInAll(() => ++count !== limit);
  c.reply.integer(count);
}

// --- table ---------------------------------------------------------------------------------------------------------

/** Keys behind their number, which is argument `index`. */
function countedKeys(index: number): KeySpec {
  return { flags: ["RO", "access"], begin: { index }, find: { keynum: 0, firstKey: 1, step: 1 } };
}

function replier(name: string, handler: (c: Call) => void): CommandDefinition {
  return { name, arity: -3, flags: READONLY | MOVABLE_KEYS, categories: "sortedset", keys: [countedKeys(1)], handler };
}

function storer(name: string, operation: number): CommandDefinition {
  return {
    name,
    arity: -4,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    categories: "sortedset",
    keys: [keyAt(1, "OW update"), countedKeys(2)],
    handler: storeHandler(operation),
  };
}

export const zsetAlgebraCommands: CommandDefinition[] = [
  replier("zunion", replyHandler(UNION)),
  replier("zinter", replyHandler(INTER)),
  replier("zdiff", replyHandler(DIFF)),
  replier("zintercard", zintercard),
  storer("zunionstore", UNION),
  storer("zinterstore", INTER),
  storer("zdiffstore", DIFF),
];
