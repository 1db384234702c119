/** SPOP and SRANDMEMBER. Every member, and every choice of several, is as likely as any other. */

import type { Call } from "../../command/call";
import { type CommandDefinition, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from "../../db/entry";
import { EVENT_SET } from "../../db/keyspace";
import { NOT_AN_INTEGER, NOT_POSITIVE, OUT_OF_INT64 } from "../../resp/errors";
import type { ReplyWriter } from "../../resp/reply-writer";
import { SHORTEST_BULK } from "../../resp/reply-writer";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForRead, collectionForWrite, removeEmptied } from "../collection";
import { type SetView, setsOf } from "./set";
import { closeSet, openSet, replyMembers } from "./set-call";
import type { Member } from "./set-member";
import { eachDistinct, eachSampled } from "./set-sample";

/** Where at most a fifth of what is popped stays, what stays is made a set of its own. As Redis does it. */
const REBUILD_RATIO = 5;
/** A sample of less than a tenth of a hash table is drawn; a larger one is taken in passing over the whole table. */
const DRAW_RATIO = 10;
/** Members of one SREM that is propagated. */
const REMOVAL_MEMBERS = 1024;

// --- SPOP ----------------------------------------------------------------------------------------------------------

/** SPOP key [count]. Effect: SREM of what was popped, or DEL. */
function spop(c: Call): void {
  if (c.argc > 3) {
    c.syntaxError();
    return;
  }
  if (c.argc === 3) {
    popSeveral(c);
    return;
  }
  const ref = collectionForWrite(c, 1, TYPE_SET);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const set = openSet(c, ref);
  popOne(c, set, new Removal(c, 1));
  finishPop(c, ref, set, 1);
}

/** Replies with a random member, and removes it. */
function popOne(c: Call, set: SetView, removal: Removal): void {
  const member = set.pick();
  member.reply(c.reply);
  removal.add(member);
  set.removePicked();
}

/** What is propagated of members that are popped: SREM, with up to 1,024 of them. */
class Removal {
  private effect: ReplyWriter | null = null;
  /** Members that the last SREM still takes. */
  private room = 0;

  /** @param left members that will be popped */
  constructor(
    private readonly c: Call,
    private left: number,
  ) {}

  add(member: Member): void {
    if (!this.c.isPropagated) return;
    if (this.room === 0) {
      this.room = Math.min(this.left, REMOVAL_MEMBERS);
      this.effect = this.c.effect("SREM", this.room + 2);
      this.c.writeArgument(this.effect, 1);
    }
    this.room--;
    this.left--;
    member.reply(this.effect as ReplyWriter);
  }
}

/** Announces that `count` members were popped, and deletes the key if none are left. */
function finishPop(c: Call, ref: number, set: SetView, count: number): void {
  closeSet(c, ref, set);
  c.notify(1, EVENT_SET, "spop");
  if (set.size === 0) removeEmptied(c, 1, ref);
  c.modified(1);
  c.db.keyspace.dirty += count - 1;
}

function popSeveral(c: Call): void {
  const count = parseInt64Rounded(c.buf, c.starts[2], c.ends[2]);
  if (!(count >= 0)) c.fail(NOT_POSITIVE);
  if (c.failed) return;
  const ref = collectionForWrite(c, 1, TYPE_SET);
  if (c.failed) return;
  if (ref === 0 || count === 0) {
    c.reply.set(0);
    return;
  }
  const set = openSet(c, ref);
  const { size } = set;
  if (count >= size) popAll(c, ref, set);
  else if ((size - count) * REBUILD_RATIO > count) popEach(c, ref, set, count);
  else popMost(c, ref, set, count);
}

function popAll(c: Call, ref: number, set: SetView): void {
  const { size } = set;
  c.reply.set(size);
  replyMembers(c, set);
  c.notify(1, EVENT_SET, "spop");
  removeEmptied(c, 1, ref);
  c.modified(1);
  c.db.keyspace.dirty += size - 1;
  c.propagateDeletion(1, c.server.config.lazyfreeLazyServerDel);
}

function popEach(c: Call, ref: number, set: SetView, count: number): void {
  const removal = new Removal(c, count);
  c.reply.set(count);
  for (let i = 0; i < count; i++) popOne(c, set, removal);
  finishPop(c, ref, set, count);
}

/** Puts what stays into a new set, and replies with the rest. A hash table may become a listpack again. */
function popMost(c: Call, ref: number, set: SetView, count: number): void {
  const { keyspace } = c.db;
  const { result } = setsOf(keyspace);
  const limits = c.server.config;
  const removal = new Removal(c, count);
  result.create(set.encoding === ENCODING_INTSET ? ENCODING_INTSET : ENCODING_LISTPACK);
  try {
    c.reply.set(count);
    eachSampled(set, set.size - count, keyspace.random, (member, stays) => {
      if (stays) {
        result.add(member, limits);
      } else {
        member.reply(c.reply);
        removal.add(member);
      }
      return true;
    });
  } catch (error) {
    result.free();
    throw error;
  }
  closeSet(c, ref, result);
  set.free();
  c.notify(1, EVENT_SET, "spop");
  c.modified(1);
  keyspace.dirty += count - 1;
}

// --- SRANDMEMBER ---------------------------------------------------------------------------------------------------

/** SRANDMEMBER key [count]: count different members, or -count that may repeat. */
function srandmember(c: Call): void {
  if (c.argc > 3) {
    c.syntaxError();
    return;
  }
  if (c.argc === 3) {
    randomMembers(c);
    return;
  }
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  if (ref === 0) c.reply.null();
  else openSet(c, ref).pick().reply(c.reply);
}

function randomMembers(c: Call): void {
  const count = parseInt64Rounded(c.buf, c.starts[2], c.ends[2]);
  if (Number.isNaN(count)) c.fail(NOT_AN_INTEGER);
  // Of 64 bits, only the least integer has no counterpart.
  if (count === -(2 ** 63) && c.text(2) === "-9223372036854775808") c.fail(OUT_OF_INT64);
  if (c.failed) return;
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  if (ref === 0 || count === 0) {
    c.reply.array(0);
    return;
  }
  const set = openSet(c, ref);
  if (count < 0 || count === 1) replyRepeating(c, set, Math.abs(count));
  else replyDistinct(c, set, Math.min(count, set.size));
}

function replyDistinct(c: Call, set: SetView, count: number): void {
  const { reply } = c;
  const { keyspace } = c.db;
  reply.array(count);
  if (count === set.size) {
    replyMembers(c, set);
  } else if (set.encoding === ENCODING_HASHTABLE && count * DRAW_RATIO <= set.size) {
    eachDistinct(keyspace, set, count, (member) => member.reply(reply));
  } else {
    let left = count;
    eachSampled(set, count, keyspace.random, (member, chosen) => {
      if (chosen) {
        member.reply(reply);
        left--;
      }
      return left > 0;
    });
  }
}

/** Draws `count` times from the whole set. */
function replyRepeating(c: Call, set: SetView, count: number): void {
  const { reply } = c;
  // What no reply can hold is refused here and not after gigabytes.
  reply.reserve(count * SHORTEST_BULK);
  if (reply.muted) return;
  reply.array(count);
  if (set.encoding === ENCODING_LISTPACK && count > 1) {
    replyFromList(c, set, count);
    return;
  }
  for (let i = 0; i < count; i++) set.pick().reply(reply);
}

/** Positions of a listpack's elements; reused. */
let positions = new Uint32Array(128);

/** One walk over the listpack, instead of one for each draw. */
function replyFromList(c: Call, set: SetView, count: number): void {
  const { list } = set;
  const { random } = c.db.keyspace;
  const size = list.count;
  if (positions.length < size) positions = new Uint32Array(size);
  for (let i = 0, at = list.first(); at !== 0; at = list.next(at)) positions[i++] = at;
  for (let i = 0; i < count; i++) {
    set.readList(positions[random.below(size)]);
    set.current.reply(c.reply);
  }
}

// --- table ---------------------------------------------------------------------------------------------------------

export const setRandomCommands: CommandDefinition[] = [
  {
    name: "spop",
    arity: -2,
    flags: WRITE | FAST,
    categories: "set",
    keys: [keyAt(1, "RW access delete")],
    tips: ["nondeterministic_output"],
    handler: spop,
  },
  {
    name: "srandmember",
    arity: -2,
    flags: READONLY,
    categories: "set",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output"],
    handler: srandmember,
  },
];
