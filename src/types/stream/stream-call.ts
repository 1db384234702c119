/** What the commands of streams share: reading IDs from arguments, and writing IDs and entries into replies. */

import type { Call } from "../../command/call";
import { TYPE_STREAM } from "../../db/entry";
import { EVENT_STREAM } from "../../db/keyspace";
import { naturalAt } from "../../memory/listpack";
import { INVALID_INTERVAL_END, INVALID_INTERVAL_START, INVALID_STREAM_ID, NOT_AN_INTEGER } from "../../resp/errors";
import type { ReplyWriter } from "../../resp/reply-writer";
import { writeLatin1 } from "../../util/bytes";
import { numberDigits, parseInt64Rounded } from "../../util/integers";
import { MAX_STREAM_ID_TEXT, StreamId } from "../../util/stream-id";
import { collectionForRead, collectionForWrite } from "../collection";
import type { Stream } from "./stream";
import type { StreamNode } from "./stream-node";
import { streamsOf } from "./stream-tools";

const MINUS = 0x2d;
const PLUS = 0x2b;
const PARENTHESIS = 0x28;
const NINE = 0x39;
const CR = 0x0d;
const LF = 0x0a;

// --- streams -------------------------------------------------------------------------------------------------------

/** Opens the stream at argument i for reading. Null: there is none, or the key is of another type (then it has failed). */
export function openForRead(c: Call, i: number): Stream | null {
  const ref = collectionForRead(c, i, TYPE_STREAM);
  return ref === 0 ? null : streamsOf(c.db.keyspace).open(ref);
}

/** As openForRead, of a stream whose groups the command changes all the same: Redis counts these lookups as reads. */
export function openForUpdate(c: Call, i: number): Stream | null {
  const ref = collectionForRead(c, i, TYPE_STREAM);
  if (ref === 0) return null;
  c.db.protectFound();
  return streamsOf(c.db.keyspace).open(ref);
}

/** As openForRead, for writing. */
export function openForWrite(c: Call, i: number): Stream | null {
  const ref = collectionForWrite(c, i, TYPE_STREAM);
  return ref === 0 ? null : streamsOf(c.db.keyspace).open(ref);
}

/**
 * Announces a change of what groups know about the stream at argument i. As in Redis it is no change of the key to those
 * who watch it or wait for it, but an event.
 */
export function groupChanged(c: Call, i: number, event: string): void {
  c.db.keyspace.dirty++;
  c.notify(i, EVENT_STREAM, event);
}

// --- arguments -----------------------------------------------------------------------------------------------------

/** Whether argument i is this one character. */
export function isCharacter(c: Call, i: number, code: number): boolean {
  return c.ends[i] - c.starts[i] === 1 && c.buf[c.starts[i]] === code;
}

/** Argument i as an integer, rounded from 2^53 on: for counts and times, where all that is so large is the same. */
export function count(c: Call, i: number, error: string = NOT_AN_INTEGER): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(error);
  return 0;
}

/** Reads argument i as an ID; a missing sequence number is 0. */
export function readId(c: Call, i: number, id: StreamId): void {
  if (!id.parse(c.buf, c.starts[i], c.ends[i], false)) c.fail(INVALID_STREAM_ID);
}

/** As readId, where "-" and "+" are the smallest and the largest ID, and a missing sequence number is the largest. */
function readBound(c: Call, i: number, id: StreamId, isEnd: boolean): void {
  if (isCharacter(c, i, MINUS)) id.setMin();
  else if (isCharacter(c, i, PLUS)) id.setMax();
  else if (!id.parse(c.buf, c.starts[i], c.ends[i], isEnd)) c.fail(INVALID_STREAM_ID);
}

/** As readId, where "-" and "+" are the smallest and the largest ID. */
export function readIdOrExtreme(c: Call, i: number, id: StreamId): void {
  readBound(c, i, id, false);
}

function isExclusive(c: Call, i: number): boolean {
  return c.ends[i] - c.starts[i] > 1 && c.buf[c.starts[i]] === PARENTHESIS;
}

/** Reads argument i as the first ID of an interval; "(" before it leaves it out itself. */
export function readStart(c: Call, i: number, id: StreamId): void {
  if (!isExclusive(c, i)) readBound(c, i, id, false);
  else if (!id.parse(c.buf, c.starts[i] + 1, c.ends[i], false)) c.fail(INVALID_STREAM_ID);
  else if (!id.increment()) c.fail(INVALID_INTERVAL_START);
}

/** Reads argument i as the last ID of an interval; "(" before it leaves it out itself. */
export function readEnd(c: Call, i: number, id: StreamId): void {
  if (!isExclusive(c, i)) readBound(c, i, id, true);
  else if (!id.parse(c.buf, c.starts[i] + 1, c.ends[i], true)) c.fail(INVALID_STREAM_ID);
  else if (!id.decrement()) c.fail(INVALID_INTERVAL_END);
}

/** Many IDs: arguments that are all read before the first of them is acted on. One for all commands. */
export class IdList {
  length = 0;
  private words = new Uint32Array(4 * 16);

  clear(): void {
    this.length = 0;
    if (this.words.length > KEPT_WORDS) this.words = new Uint32Array(4 * 16);
  }

  push(id: StreamId): void {
    const at = this.length++ * 4;
    if (at === this.words.length) {
      const larger = new Uint32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    id.store(this.words, at);
  }

  load(i: number, id: StreamId): void {
    id.load(this.words, i * 4);
  }

  store(i: number, id: StreamId): void {
    id.store(this.words, i * 4);
  }
}

/** A list that was longer than this is not kept. */
const KEPT_WORDS = 1 << 16;

const read = new StreamId();

/** Reads arguments from `first` to `last`, all of them IDs, into the list. */
export function readIds(c: Call, first: number, last: number, list: IdList): void {
  list.clear();
  for (let i = first; i <= last && !c.failed; i++) {
    readId(c, i, read);
    list.push(read);
  }
}

// --- replies -------------------------------------------------------------------------------------------------------

/**
 * The last ID that was written, as a bulk string, and before it the head of an array of two. Many IDs of one millisecond
 * follow each other: only the sequence number is new then, and mostly only its last digit.
 */
const idReply = Buffer.alloc(16 + MAX_STREAM_ID_TEXT);
const ARRAY_OF_TWO = "*2\r\n";
/** Where the ID itself begins: what is before it ends there. */
const TEXT_AT = ARRAY_OF_TWO.length + "$00\r\n".length;
const lastWritten = new StreamId();
// The ID that no other follows.
lastWritten.setMax();
/** Where the bulk string begins. */
let bulkAt = 0;
/** Where its sequence number is; 0: nothing was written yet. */
let sequenceAt = 0;
/** The length that is written before it. */
let lengthWritten = 0;
/** Where the last digit is. */
let lastDigitAt = 0;

/** Writes an ID into idReply; returns the position behind it. */
function writeIdReply(id: StreamId): number {
  if (id.follows(lastWritten) && idReply[lastDigitAt] < NINE) {
    idReply[lastDigitAt]++;
    lastWritten.copy(id);
    return lastDigitAt + "0\r\n".length;
  }
  return writeOtherIdReply(id);
}

function writeOtherIdReply(id: StreamId): number {
  // What was replied is propagated next.
  if (sequenceAt !== 0 && id.equals(lastWritten)) return lastDigitAt + "0\r\n".length;
  if (!id.hasTimeOf(lastWritten) || sequenceAt === 0) sequenceAt = TEXT_AT + id.writeTime(idReply, TEXT_AT);
  lastWritten.copy(id);
  const end = sequenceAt + id.writeSequence(idReply, sequenceAt);
  if (end - TEXT_AT !== lengthWritten) writeIdHead(end - TEXT_AT);
  lastDigitAt = end - 1;
  idReply[end] = CR;
  idReply[end + 1] = LF;
  return end + 2;
}

/** Writes what stands before an ID of this length. */
function writeIdHead(length: number): void {
  lengthWritten = length;
  bulkAt = TEXT_AT - "$\r\n".length - numberDigits(length);
  writeLatin1(`${ARRAY_OF_TWO}$${length}\r\n`, idReply, bulkAt - ARRAY_OF_TWO.length);
}

export function replyId(reply: ReplyWriter, id: StreamId): void {
  const end = writeIdReply(id);
  reply.raw(idReply, bulkAt, end - bulkAt);
}

/** The entry at the cursor of a node: its ID, and an array of fields and values. */
export function replyEntry(reply: ReplyWriter, node: StreamNode): void {
  const { fieldCount } = node;
  const end = writeIdReply(node.id);
  const start = bulkAt - ARRAY_OF_TWO.length;
  reply.raw(idReply, start, end - start);
  reply.array(2 * fieldCount);
  let at = node.dataAt;
  if (!node.hasMasterFields) {
    for (let i = 0; i < 2 * fieldCount; i++) at = replyElement(reply, node, at);
    return;
  }
  let field = node.masterFields;
  for (let i = 0; i < fieldCount; i++) {
    field = replyElement(reply, node, field);
    at = replyElement(reply, node, at);
  }
}

/** The element at `p`; returns the position behind it. */
function replyElement(reply: ReplyWriter, node: StreamNode, p: number): number {
  const { pack } = node;
  const number = naturalAt(pack.bytes, p);
  if (number >= 0) {
    reply.bulkInteger(number);
  } else {
    pack.read(p);
    reply.bulk(pack.value, pack.at, pack.length);
  }
  return node.behind(p);
}

/**
 * The entries from `start` to `end` as an array, `limit` at most (0: all), from the end on with `reverse`. Returns how
 * many.
 */
export function replyRange(
  c: Call,
  stream: Stream,
  start: StreamId,
  end: StreamId,
  limit: number,
  reverse: boolean,
): number {
  const { reply } = c;
  const { range } = streamsOf(c.db.keyspace);
  range.open(stream, start, end, reverse);
  const begin = reply.begin();
  let entries = 0;
  while ((limit === 0 || entries < limit) && range.next()) {
    replyEntry(reply, range.node);
    entries++;
  }
  reply.endArray(begin, entries);
  return entries;
}
