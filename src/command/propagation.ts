/**
 * Propagation: what a command has done, as commands that do the same again, handed to those who keep a record of it (the
 * append-only file, replicas).
 *
 * A command that has changed data is propagated as it came, unless its handler says otherwise: `c.effect(argc)` begins
 * another command in its place, `c.propagateNothing()` leaves it out. Keys that expire or are evicted are propagated as
 * DEL or UNLINK, fields that expire as HDEL, before the command that came across them.
 *
 * All effects of a *unit* (a command, or a transaction with all its commands) are handed over together when it is over:
 * one as it is, several between MULTI and EXEC. So whoever replays them sees what clients saw, and nothing in between.
 *
 * A command whose bytes stand in the receive buffer as the sink wants them is handed over where it stands, without a
 * copy: what was received and parsed stays as it is until it has been served. Everything else is gathered in `writer`,
 * which is empty between units.
 */

import type { Database } from "../db/database";
import type { Keyspace } from "../db/keyspace";
import type { RemovalHooks } from "../db/keyspace-hooks";
import { ReplyWriter } from "../resp/reply-writer";
import type { Request } from "../resp/request";
import { PARSED_COMMAND, RequestParser } from "../resp/request-parser";
import type { Call } from "./call";
import { type Command, TOUCHES_ARBITRARY_KEYS } from "./command-spec";
import type { Dispatcher } from "./dispatcher";

/** Who gets the effects. */
export interface EffectSink {
  /**
   * One command, `buf[start, end)`, as an array of bulk strings. `lasting`: the bytes stay as they are until release();
   * otherwise they are valid during the call only. It is to be run in database `db`: selecting that is the sink's
   * business. MULTI and EXEC come with ANY_DATABASE.
   */
  append(db: number, buf: Uint8Array, start: number, end: number, lasting?: boolean): void;
  /** Lasting bytes are about to go: what the sink still needs of them it copies. */
  release?(): void;
}

/** The database of a command to which databases do not matter. */
export const ANY_DATABASE = -1;

/** A buffer larger than this is not kept for the next unit. */
const RETAINED_BYTES = 1024 * 1024;

const MULTI = Buffer.from("*1\r\n$5\r\nMULTI\r\n");
const EXEC = Buffer.from("*1\r\n$4\r\nEXEC\r\n");

/** The server, as far as propagation is concerned with it. */
interface PropagationHost {
  readonly keyspace: Keyspace;
  readonly dispatcher: Dispatcher;
  /** What requests are received with. */
  readonly gate: { readonly parser: RequestParser };
}

export class Propagation implements RemovalHooks {
  /** Whether anybody gets effects. Handlers ask before they write one. */
  active = false;
  private sinks: readonly EffectSink[] = [];
  private muted = false;
  /** Effects of the unit in progress, one behind the other; where each begins, and its database. */
  private writer = new ReplyWriter();
  private readonly starts: number[] = [];
  private readonly databases: number[] = [];

  constructor(private readonly server: PropagationHost) {}

  // --- sinks -------------------------------------------------------------------------------------------------------

  /** From now on `sink` gets all effects. */
  attach(sink: EffectSink): void {
    this.sinks = [...this.sinks, sink];
    this.activate();
  }

  /** Undoes attach(). */
  detach(sink: EffectSink): void {
    this.sinks = this.sinks.filter((each) => each !== sink);
    this.activate();
  }

  /** Whether the commands that are run now are effects that were propagated earlier. */
  get isMuted(): boolean {
    return this.muted;
  }

  /** While effects are replayed nobody gets them again. */
  mute(muted: boolean): void {
    this.muted = muted;
    this.activate();
  }

  /** A chunk that commands were received in is about to be freed. */
  release(): void {
    const { sinks } = this;
    for (let i = 0; i < sinks.length; i++) sinks[i].release?.();
  }

  private activate(): void {
    const active = this.sinks.length > 0 && !this.muted;
    if (active === this.active) return;
    this.active = active;
    const { keyspace } = this.server;
    keyspace.removals = active ? this : null;
    this.clear();
  }

  // --- effects -----------------------------------------------------------------------------------------------------

  /**
   * Begins an effect of `argc` arguments, which the caller writes with bulk(), bulkText() and the like. Nothing may be
   * looked up until they are complete: a key that expires is an effect, too.
   */
  begin(db: number, argc: number): ReplyWriter {
    this.starts.push(this.writer.length);
    this.databases.push(db);
    this.writer.array(argc);
    return this.writer;
  }

  /** A command ended, for want of memory, while it wrote an effect: a part of a command is none. */
  dropIncomplete(): void {
    const { starts, writer } = this;
    const start = starts.at(-1);
    if (start === undefined || isComplete(writer.buf, start, writer.length)) return;
    starts.pop();
    this.databases.pop();
    writer.truncate(start);
  }

  /** A command has run. `dirty` is what the keyspace's counter of changes was before. */
  ran(call: Call, dirty: number): void {
    const { keyspace, dispatcher } = this.server;
    const isOver = !dispatcher.isRunning;
    if (call.verbatim && keyspace.dirty > dirty) {
      if (isOver && this.starts.length === 0 && this.appendReceived(call)) return;
      this.copy(call);
    }
    if (isOver && this.starts.length > 0) this.flush(call.command);
  }

  /** Hands a request over where it stands; false if it does not stand there as it has to. */
  private appendReceived(call: Call): boolean {
    const { parser } = this.server.gate;
    const start = parser.canonicalStart(call);
    if (start < 0) return false;
    const { sinks } = this;
    for (let i = 0; i < sinks.length; i++) sinks[i].append(call.db.id, call.buf, start, parser.position, true);
    return true;
  }

  private copy(call: Call): void {
    const { buf, starts, ends, argc } = call as Request;
    const writer = this.begin(call.db.id, argc);
    for (let i = 0; i < argc; i++) writer.bulk(buf, starts[i], ends[i] - starts[i]);
  }

  /** A key is gone because its time has come, or because memory was short. */
  keyRemoved(db: Database, key: Uint8Array, start: number, end: number, later: boolean): void {
    const writer = this.begin(db.id, 2);
    writer.bulkText(later ? "UNLINK" : "DEL");
    writer.bulk(key, start, end - start);
    this.endBackground();
  }

  /** A field of a hash is gone because its time has come. */
  fieldExpired(db: Database, entry: number, field: Uint8Array, start: number, end: number): void {
    const { entries } = this.server.keyspace;
    const writer = this.begin(db.id, 3);
    writer.bulkText("HDEL");
    entries.locateKey(entry);
    writer.bulk(entries.bytes, entries.at, entries.length);
    writer.bulk(field, start, end - start);
    this.endBackground();
  }

  /** What happens outside of a command is a unit of its own. */
  private endBackground(): void {
    if (!this.server.dispatcher.isRunning) this.flush(null);
  }

  /** The unit is over. */
  private flush(command: Command | null): void {
    const { starts, databases, writer, sinks } = this;
    // Keys of SCAN and the like need not belong together: a transaction of theirs might be none on a cluster.
    const together = starts.length > 1 && ((command?.flags ?? 0) & TOUCHES_ARBITRARY_KEYS) === 0;
    const end = writer.length;
    for (const sink of sinks) {
      if (together) sink.append(ANY_DATABASE, MULTI, 0, MULTI.length);
      for (let i = 0; i < starts.length; i++) {
        sink.append(databases[i], writer.buf, starts[i], i + 1 < starts.length ? starts[i + 1] : end);
      }
      if (together) sink.append(ANY_DATABASE, EXEC, 0, EXEC.length);
    }
    this.clear();
  }

  private clear(): void {
    this.starts.length = 0;
    this.databases.length = 0;
    if (this.writer.length > RETAINED_BYTES) this.writer.cut(0);
    else this.writer.truncate(0);
  }
}

/** Whether buf[start, end) is an array of bulk strings with all its elements. */
function isComplete(buf: Buffer, start: number, end: number): boolean {
  const parser = new RequestParser({ maxBulk: Number.POSITIVE_INFINITY, authenticated: true });
  parser.begin(buf, start, end);
  return parser.next() === PARSED_COMMAND;
}
