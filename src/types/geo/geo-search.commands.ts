/** GEOSEARCH, GEORADIUS and the like: one search, of which each command has its own options. */

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
import { TYPE_ZSET } from "../../db/entry";
import {
  ANY_WITHOUT_COUNT,
  GEO_COUNT_NOT_POSITIVE,
  NOT_A_POSITION,
  needsArea,
  needsCenter,
  storeWithExtras,
} from "../../resp/errors";
import { int64, int64FromBigInt } from "../../util/integers";
import { collectionForRead } from "../collection";
import { type SortedSet, zsetsOf } from "../zset/zset";
import { findArgument, openZset, rounded } from "../zset/zset-call";
import { buildZset, storeNothing, storeZset } from "../zset/zset-store";
import { GeoArea } from "./geo-area";
import { boxArguments, circleArguments, positionArgument, replyDistance, replyPosition } from "./geo-argument";
import { FARTHEST_FIRST, Matches, NEAREST_FIRST, UNORDERED } from "./geo-matches";
import { collectMatches, memberOf } from "./geo-search";
import { decodeScore, position } from "./geohash";

/** What tells the commands apart. */
interface Form {
  /** The argument that is the key to search in. */
  readonly source: number;
  /** The first argument behind what stands at a fixed place. */
  readonly options: number;
  /** Center and area: by options, or at fixed places: a position or a member, and a circle. */
  readonly center: "options" | "position" | "member";
  /** Where the result goes: nowhere, to the key of STORE or STOREDIST, or to argument 1. */
  readonly store: "never" | "option" | "always";
  /** The keyspace event of a result that was stored. */
  readonly event: string;
}

const GEOSEARCH: Form = { source: 1, options: 2, center: "options", store: "never", event: "" };
const GEOSEARCHSTORE: Form = { source: 2, options: 3, center: "options", store: "always", event: "geosearchstore" };
const GEORADIUS: Form = { source: 1, options: 6, center: "position", store: "option", event: "georadiusstore" };
const GEORADIUS_RO: Form = { ...GEORADIUS, store: "never" };
const BYMEMBER: Form = { source: 1, options: 5, center: "member", store: "option", event: "georadiusstore" };
const BYMEMBER_RO: Form = { ...BYMEMBER, store: "never" };

// What the arguments of the current call say.
const area = new GeoArea();
let hasCenterMember = false;
let hasCenterPosition = false;
let hasCircle = false;
let hasBox = false;
let withDistance = false;
let withHash = false;
let withPosition = false;
let direction = UNORDERED;
/** Members wanted; 0: all. */
let count = 0;
/** Any so many will do. */
let isAny = false;
/** The argument that is the key to store at; 0: none. */
let storeAt = 0;
let storesDistances = false;

const matches = new Matches();

function search(c: Call, form: Form): void {
  const ref = collectionForRead(c, form.source, TYPE_ZSET);
  if (c.failed) return;
  const set = ref === 0 ? null : openZset(c, ref);
  readArguments(c, form, set);
  if (c.failed) return;
  if (set === null) {
    if (storeAt > 0) storeNothing(c, storeAt);
    else c.reply.array(0);
    return;
  }
  // The nearest are meant where nobody asks for an order, unless any will do.
  if (count > 0 && direction === UNORDERED && !isAny) direction = NEAREST_FIRST;
  area.prepare();
  try {
    collectMatches(set, area, isAny ? count : 0, matches);
    const shown = count === 0 ? matches.count : Math.min(count, matches.count);
    matches.sort(direction, shown);
    if (storeAt === 0) replyMatches(c, set, shown);
    else if (shown === 0) storeNothing(c, storeAt);
    else storeMatches(c, set, shown, form.event);
  } finally {
    matches.clear();
  }
}

// --- arguments -----------------------------------------------------------------------------------------------------

function readArguments(c: Call, form: Form, set: SortedSet | null): void {
  hasCenterMember = hasCenterPosition = hasCircle = hasBox = false;
  withDistance = withHash = withPosition = isAny = storesDistances = false;
  direction = UNORDERED;
  count = 0;
  storeAt = form.store === "always" ? 1 : 0;
  readFixed(c, form, set);
  for (let i = form.options; i < c.argc && !c.failed; ) i = readOption(c, i, form, set);
  if (storeAt > 0 && (withDistance || withHash || withPosition)) {
    c.fail(storeWithExtras(form.store === "always" ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
  }
  if (form.center === "options") {
    if (!hasCenterMember && !hasCenterPosition) c.fail(needsCenter(c.text(0)));
    if (!hasCircle && !hasBox) c.fail(needsArea(c.text(0)));
  }
  if (isAny && count === 0) c.fail(ANY_WITHOUT_COUNT);
}

/** Center and circle where they have a fixed place. With a member of a missing key nobody looks at the circle. */
function readFixed(c: Call, form: Form, set: SortedSet | null): void {
  if (form.center === "options" || (form.center === "member" && set === null)) return;
  if (form.center === "position") centerAtPosition(c, 2);
  else centerAtMember(c, set, 2);
  circleArguments(c, form.options - 2, area);
}

function centerAtPosition(c: Call, i: number): void {
  positionArgument(c, i);
  area.longitude = position.longitude;
  area.latitude = position.latitude;
}

/** Of a missing key (null) any member will do: the answer does not depend on it. */
function centerAtMember(c: Call, set: SortedSet | null, i: number): void {
  if (set === null) return;
  if (findArgument(c, set, i)) decodeScore(set.foundScore);
  else c.fail(NOT_A_POSITION);
  area.longitude = position.longitude;
  area.latitude = position.latitude;
}

/** Reads the option at argument i; returns the argument behind it. */
function readOption(c: Call, i: number, form: Form, set: SortedSet | null): number {
  const behind = c.argc - i - 1;
  if (c.is(i, "withdist")) withDistance = true;
  else if (c.is(i, "withhash")) withHash = true;
  else if (c.is(i, "withcoord")) withPosition = true;
  else if (c.is(i, "any")) isAny = true;
  else if (c.is(i, "asc")) direction = NEAREST_FIRST;
  else if (c.is(i, "desc")) direction = FARTHEST_FIRST;
  else if (c.is(i, "count") && behind >= 1) return readCount(c, i + 1);
  else if (form.store === "option" && c.is(i, "store") && behind >= 1) return readStore(i + 1, false);
  else if (form.store === "option" && c.is(i, "storedist") && behind >= 1) return readStore(i + 1, true);
  else if (form.store === "always" && c.is(i, "storedist")) storesDistances = true;
  else if (form.center === "options") return readPlace(c, i, set);
  else c.syntaxError();
  return i + 1;
}

function readCount(c: Call, i: number): number {
  count = rounded(c, i);
  if (count <= 0) c.fail(GEO_COUNT_NOT_POSITIVE);
  return i + 1;
}

function readStore(i: number, distances: boolean): number {
  storeAt = i;
  storesDistances = distances;
  return i + 1;
}

/** Reads an option of GEOSEARCH that says where: FROMMEMBER or FROMLONLAT, BYRADIUS or BYBOX. */
function readPlace(c: Call, i: number, set: SortedSet | null): number {
  const behind = c.argc - i - 1;
  if (c.is(i, "frommember") && behind >= 1 && !hasCenterPosition) {
    hasCenterMember = true;
    centerAtMember(c, set, i + 1);
    return i + 2;
  }
  if (c.is(i, "fromlonlat") && behind >= 2 && !hasCenterMember) {
    hasCenterPosition = true;
    centerAtPosition(c, i + 1);
    return i + 3;
  }
  if (c.is(i, "byradius") && behind >= 2 && !hasBox) {
    hasCircle = true;
    circleArguments(c, i + 1, area);
    return i + 3;
  }
  if (c.is(i, "bybox") && behind >= 3 && !hasCircle) {
    hasBox = true;
    boxArguments(c, i + 1, area);
    return i + 4;
  }
  c.syntaxError();
  return i + 1;
}

// --- results -------------------------------------------------------------------------------------------------------

function replyMatches(c: Call, set: SortedSet, shown: number): void {
  const { reply } = c;
  const extras = Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.array(shown);
  for (let i = 0; i < shown; i++) {
    const match = matches.order[i];
    if (extras > 0) reply.array(extras + 1);
    const { bytes, at, length } = memberOf(set, matches, match);
    reply.bulk(bytes, at, length);
    if (withDistance) replyDistance(c, matches.distances[match] / area.unit);
    if (withHash) replyHash(c, matches.scores[match]);
    if (withPosition) {
      decodeScore(matches.scores[match]);
      replyPosition(c);
    }
  }
}

/** A score as an integer. */
function replyHash(c: Call, score: number): void {
  const hash = Math.trunc(score);
  if (Number.isSafeInteger(hash)) {
    c.reply.integer(hash);
    return;
  }
  // As x86-64 converts a double: what is out of range becomes the least of all.
  int64FromBigInt(hash >= -(2 ** 63) && hash < 2 ** 63 ? BigInt(hash) : -(2n ** 63n));
  c.reply.int64(int64.hi, int64.lo);
}

/** Makes the matches the sorted set of the key at `storeAt`, also where that is the one searched in. */
function storeMatches(c: Call, set: SortedSet, shown: number, event: string): void {
  const { config } = c.server;
  const { result } = zsetsOf(c.db.keyspace);
  let longest = 0;
  for (let i = 0; i < shown; i++) longest = Math.max(longest, memberOf(set, matches, matches.order[i]).length);
  buildZset(result, shown, longest, config, () => {
    for (let i = 0; i < shown; i++) {
      const match = matches.order[i];
      const { bytes, at, length } = memberOf(set, matches, match);
      // Where cells of a very large area meet on the other side of the world, a member may be found twice.
      if (result.find(bytes, at, at + length)) continue;
      const score = storesDistances ? matches.distances[match] / area.unit : matches.scores[match];
      result.insert(score, bytes, at, at + length, config);
    }
  });
  storeZset(c, storeAt, event, result);
  c.db.keyspace.dirty += shown - 1;
}

// --- commands ------------------------------------------------------------------------------------------------------

/** The key behind a word, from argument `from` on. */
function keyBehind(keyword: string, from: number): KeySpec {
  return { flags: ["OW", "update"], begin: { keyword, from }, find: { last: 0, step: 1, limit: 0 } };
}

export const geoSearchCommands: CommandDefinition[] = [
  {
    name: "geosearch",
    arity: -7,
    flags: READONLY,
    categories: "geo",
    keys: [keyAt(1, "RO access")],
    handler: (c) => search(c, GEOSEARCH),
  },
  {
    name: "geosearchstore",
    arity: -8,
    flags: WRITE | DENYOOM,
    categories: "geo",
    keys: [keyAt(1, "OW update"), keyAt(2, "RO access")],
    handler: (c) => search(c, GEOSEARCHSTORE),
  },
  {
    name: "georadius",
    arity: -6,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    categories: "geo",
    keys: [keyAt(1, "RO access"), keyBehind("STORE", 6), keyBehind("STOREDIST", 6)],
    handler: (c) => search(c, GEORADIUS),
  },
  {
    name: "georadius_ro",
    arity: -6,
    flags: READONLY,
    categories: "geo",
    keys: [keyAt(1, "RO access")],
    handler: (c) => search(c, GEORADIUS_RO),
  },
  {
    name: "georadiusbymember",
    arity: -5,
    flags: WRITE | DENYOOM | MOVABLE_KEYS,
    categories: "geo",
    keys: [keyAt(1, "RO access"), keyBehind("STORE", 5), keyBehind("STOREDIST", 5)],
    handler: (c) => search(c, BYMEMBER),
  },
  {
    name: "georadiusbymember_ro",
    arity: -5,
    flags: READONLY,
    categories: "geo",
    keys: [keyAt(1, "RO access")],
    handler: (c) => search(c, BYMEMBER_RO),
  },
];
