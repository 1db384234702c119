/**
 * SORT and SORT_RO: the elements of a list, set or sorted set by number or by text, their own or that of other keys.
 *
 *     options  →  elements (sort-source.ts)  →  keys to sort by (sort-pattern.ts)  →  order (sort-vector.ts)  →  output
 *
 * Text is compared by its bytes where STORE keeps the result. Where it is replied, it is compared as a C string, which ends
 * at a NUL, in the order of the language that `locale-collate` or the environment names; mostly that is again by bytes.
 */

import { KEY_READ } from "../../admin/acl/key-access";
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
import { mayUseAllKeys } from "../../command/permission";
import { TYPE_LIST, TYPE_SET } from "../../db/entry";
import { EVENT_GENERIC, EVENT_LIST } from "../../db/keyspace";
import type { Quicklist } from "../../memory/quicklist";
import { NOT_AN_INTEGER, SORT_BY_DENIED, SORT_GET_DENIED, SORT_NOT_A_NUMBER, WRONG_TYPE } from "../../resp/errors";
import { collates, collationKey, releaseCollation } from "../../util/collation";
import { parseInt64Rounded } from "../../util/integers";
import { storeCollection } from "../collection";
import { listEncoding, listsOf } from "../list/list";
import { found, releaseKey, SortPattern, setFound } from "./sort-pattern";
import { isOrdered, isSortable, load, sourceSize } from "./sort-source";
import { SortVector } from "./sort-vector";

const NO_LIMIT = -1;

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** LIMIT's offset and count. */
  offset: number;
  count: number;
  /** Argument of STORE's key; 0 without STORE. */
  store: number;
  by: SortPattern | null;
  /** What is replied for each element, instead of the element. */
  readonly get: SortPattern[];
}

const options: SortOptions = {
  descending: false,
  alpha: false,
  offset: 0,
  count: NO_LIMIT,
  store: 0,
  by: null,
  get: [],
};
const vector = new SortVector();

// --- options -------------------------------------------------------------------------------------------------------

/** Reads all options; the last one of a kind counts, but GET adds up. */
function parseOptions(c: Call, mayStore: boolean): void {
  options.descending = false;
  options.alpha = false;
  options.offset = 0;
  options.count = NO_LIMIT;
  options.store = 0;
  options.by = null;
  options.get.length = 0;
  for (let i = 2; i < c.argc && !c.failed; i++) i += parseOption(c, i, mayStore);
}

/** Reads the option at argument i; returns the number of its arguments. */
function parseOption(c: Call, i: number, mayStore: boolean): number {
  const left = c.argc - i - 1;
  if (c.is(i, "asc")) {
    options.descending = false;
  } else if (c.is(i, "desc")) {
    options.descending = true;
  } else if (c.is(i, "alpha")) {
    options.alpha = true;
  } else if (left >= 2 && c.is(i, "limit")) {
    options.offset = limitArgument(c, i + 1);
    options.count = limitArgument(c, i + 2);
    return 2;
  } else if (left >= 1 && mayStore && c.is(i, "store")) {
    options.store = i + 1;
    return 1;
  } else if (left >= 1 && c.is(i, "by")) {
    options.by = patternArgument(c, i + 1);
    if (options.by.hasStar && !mayUseAllKeys(c.client.user, c.command, c, KEY_READ)) c.fail(SORT_BY_DENIED);
    return 1;
  } else if (left >= 1 && c.is(i, "get")) {
    options.get.push(patternArgument(c, i + 1));
    if (!mayUseAllKeys(c.client.user, c.command, c, KEY_READ)) c.fail(SORT_GET_DENIED);
    return 1;
  } else {
    c.syntaxError();
  }
  return 0;
}

function limitArgument(c: Call, i: number): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (Number.isNaN(value)) c.fail(NOT_AN_INTEGER);
  return value;
}

function patternArgument(c: Call, i: number): SortPattern {
  return new SortPattern(c.buf, c.starts[i], c.ends[i]);
}

// --- the command ---------------------------------------------------------------------------------------------------

/** SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]. */
function sort(c: Call): void {
  parseOptions(c, true);
  if (!c.failed) run(c);
}

/** SORT_RO: SORT without STORE. */
function sortRo(c: Call): void {
  parseOptions(c, false);
  if (!c.failed) run(c);
}

function run(c: Call): void {
  const ref = c.read(1);
  if (ref !== 0 && !isSortable(c.db.keyspace.entries.type(ref))) {
    c.fail(WRONG_TYPE);
    return;
  }
  try {
    const count = arrange(c, ref);
    if (c.failed) return;
    if (options.store === 0) reply(c, count);
    else store(c, count);
  } finally {
    vector.clear();
    releaseKey();
    releaseCollation();
    options.by = null;
    options.get.length = 0;
  }
}

/**
 * Puts the elements that are wanted in order: afterwards they are vector.order[firstPlace, firstPlace + count). Returns
 * the count.
 */
function arrange(c: Call, ref: number): number {
  const size = ref === 0 ? 0 : sourceSize(c, ref);
  const first = Math.min(Math.max(options.offset, 0), size);
  const count = Math.min(options.count < 0 ? size : options.count, size - first);
  firstPlace = first;
  if (size === 0) return 0;
  const type = c.db.keyspace.entries.type(ref);
  let { by } = options;
  let isSorted = by === null || by.hasStar;
  if (!isSorted && type === TYPE_SET && options.store !== 0) {
    // What is stored has to be the same wherever the command runs, and a set has no order: its members' text gives one.
    isSorted = true;
    options.alpha = true;
    by = null;
  }
  if (!isSorted && isOrdered(type)) {
    loadInOrder(c, ref, first, count, size);
    return count;
  }
  load(c, ref, vector.elements, 0, size, false);
  if (!isSorted) vector.keepOrder();
  else if (options.alpha) sortByText(c, by);
  else sortByScore(c, by);
  return count;
}

/** Where the wanted part of vector.order begins. */
let firstPlace = 0;

/** Takes the wanted part of a list or sorted set as it stands there, or backwards. */
function loadInOrder(c: Call, ref: number, first: number, count: number, size: number): void {
  const { descending } = options;
  load(c, ref, vector.elements, descending ? size - 1 - first : first, count, descending);
  vector.keepOrder();
  firstPlace = 0;
}

/** Finds what element i is sorted by, or replied as: what the pattern finds for it, or its own text. */
function find(c: Call, pattern: SortPattern | null, i: number): boolean {
  const { bytes, starts } = vector.elements;
  const at = starts[i];
  const length = starts[i + 1] - at;
  if (pattern !== null) return pattern.lookUp(c, bytes, at, length);
  setFound(bytes, at, length);
  return true;
}

function sortByScore(c: Call, by: SortPattern | null): void {
  const { count } = vector.elements;
  let valid = true;
  vector.begin(options.descending);
  for (let i = 0; i < count; i++) {
    if (!find(c, by, i)) vector.setNoScore(i);
    else valid = vector.setScore(i, found.bytes, found.at, found.at + found.length) && valid;
  }
  if (valid) vector.sortByScore();
  else c.fail(SORT_NOT_A_NUMBER);
}

/** Sorts by the bytes of texts, or by those of their keys in the order of a language. */
function sortByText(c: Call, by: SortPattern | null): void {
  const { elements, weights } = vector;
  const isForReply = options.store === 0;
  const isCollated = isForReply && collates();
  // The keys of a language have no end before their length.
  const asCString = isForReply && !isCollated;
  const ownText = by === null && !isCollated;
  vector.begin(options.descending);
  for (let i = 0; i < elements.count; i++) {
    if (find(c, by, i)) {
      if (isCollated) findCollationKey();
      if (!ownText) weights.push(found.bytes, found.at, found.at + found.length);
      vector.setPrefix(i, found.bytes, found.at, found.at + found.length, asCString);
    } else {
      weights.push(found.bytes, 0, 0);
      vector.setNoText(i);
    }
  }
  vector.sortByText(ownText ? elements : weights, asCString);
}

/** Puts the key of a text in the place of what was found. */
function findCollationKey(): void {
  const { bytes, length } = collationKey(found.bytes, found.at, found.at + found.length);
  setFound(bytes, 0, length);
}

// --- output --------------------------------------------------------------------------------------------------------

/** Visits what is replied, in order: an element, or for each element what every GET finds; false: nothing was found. */
function eachOutput(c: Call, count: number, visit: (isFound: boolean) => void): void {
  for (let place = firstPlace; place < firstPlace + count; place++) {
    const i = vector.order[place];
    if (options.get.length === 0) visit(find(c, null, i));
    for (const pattern of options.get) visit(find(c, pattern, i));
  }
}

/** Replies, or stored elements, that `count` elements make. */
function outputSize(count: number): number {
  return count * Math.max(1, options.get.length);
}

function reply(c: Call, count: number): void {
  c.reply.array(outputSize(count));
  eachOutput(c, count, (isFound) => {
    if (isFound) c.reply.bulk(found.bytes, found.at, found.length);
    else c.reply.null();
  });
}

/** Makes a list of the output; what GET does not find is empty. Without any output the key is deleted. */
function store(c: Call, count: number): void {
  const stored = outputSize(count);
  const to = options.store;
  if (stored === 0) {
    deleteStored(c, to);
  } else {
    const { target } = listsOf(c.db.keyspace);
    target.create();
    target.setFill(c.server.config.listMaxListpackSize);
    try {
      fill(c, target, count);
      const existing = c.write(to);
      storeCollection(c, to, existing, TYPE_LIST, listEncoding(target), target.root);
    } catch (error) {
      target.free();
      throw error;
    }
    c.changed(to, EVENT_LIST, "sortstore");
    c.db.keyspace.dirty += stored - 1;
  }
  c.reply.integer(stored);
}

function fill(c: Call, target: Quicklist, count: number): void {
  eachOutput(c, count, (isFound) => {
    const length = isFound ? found.length : 0;
    target.grow(length, 1);
    target.push(true, found.bytes, found.at, found.at + length);
  });
  target.settle();
}

function deleteStored(c: Call, to: number): void {
  const { db } = c;
  if (db.remove(c.buf, c.starts[to], c.ends[to], c.server.config.lazyfreeLazyServerDel)) {
    c.changed(to, EVENT_GENERIC, "del");
  }
}

// --- table ---------------------------------------------------------------------------------------------------------

const PATTERN_KEYS: KeySpec = {
  flags: ["RO", "access"],
  notes:
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
  begin: { unknown: true },
  find: { unknown: true },
};
const STORE_KEY: KeySpec = {
  flags: ["OW", "update"],
  notes:
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
  begin: { unknown: true },
  find: { unknown: true },
};

export const sortCommands: CommandDefinition[] = [
  {
    name: "sort",
    arity: -2,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    categories: "set sortedset list dangerous",
    keys: [keyAt(1, "RO access"), PATTERN_KEYS, STORE_KEY],
    handler: sort,
  },
  {
    name: "sort_ro",
    arity: -2,
    flags: READONLY | MOVABLE_KEYS,
    categories: "set sortedset list dangerous",
    keys: [keyAt(1, "RO access"), PATTERN_KEYS],
    handler: sortRo,
  },
];
