/**
 * One call of a command: what a handler works with. The dispatcher reuses one object for all calls.
 *
 * It is also the argument cursor. A method that reads an argument writes the error reply itself if the argument is
 * wrong, sets `failed` and returns a harmless value; only the first error is written. So a handler parses all of its
 * arguments, asks `failed` once, and touches data only then.
 */

import type { Database } from "../db/database";
import { LOOK_AHEAD_MAX } from "../db/key-hints";
import type { Dict } from "../memory/dict";
import {
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  OUT_OF_RANGE,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_A_FLOAT,
  TIMEOUT_NOT_AN_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
} from "../resp/errors";
import type { ReplyWriter } from "../resp/reply-writer";
import type { Replacement, Request } from "../resp/request";
import type { Client } from "../session/client";
import { equalsIgnoreCase, latin1 } from "../util/bytes";
import { parseDouble } from "../util/doubles";
import { parseInt64Rounded, parseSafeInt } from "../util/integers";
import { longDoubleToNumber, parseLongDouble } from "../util/long-double";
import type { Command } from "./command-spec";
import type { ServerContext } from "./server-context";
import type { BlockOptions } from "./unblocker";

export class Call {
  /** Argument i, the name being 0, is buf[starts[i], ends[i]). */
  buf: Buffer = EMPTY;
  starts: Int32Array = NO_OFFSETS;
  ends: Int32Array = NO_OFFSETS;
  argc = 0;
  /** An argument was wrong, and the reply says so. */
  failed = false;
  /** What is propagated, if it changes data, is the command as it came. */
  verbatim = true;
  /** Whether it may wait: not in a transaction, which is one step. */
  mayBlock = true;
  client!: Client;
  db!: Database;
  command!: Command;

  constructor(
    readonly server: ServerContext,
    readonly reply: ReplyWriter,
  ) {}

  /** Takes over a request. */
  load(request: Request): void {
    this.buf = request.buf;
    this.starts = request.starts;
    this.ends = request.ends;
    this.argc = request.argc;
    this.failed = false;
    this.verbatim = true;
  }

  /** Lets go of the last request's buffer. */
  release(): void {
    this.buf = EMPTY;
  }

  /** Writes an error reply, unless one was written already. */
  fail(error: string): void {
    if (this.failed) return;
    this.failed = true;
    this.reply.error(error);
  }

  syntaxError(): void {
    this.fail(SYNTAX_ERROR);
  }

  // --- arguments ---------------------------------------------------------------------------------------------------

  /** Argument i as text, one character a byte. */
  text(i: number): string {
    return latin1(this.buf, this.starts[i], this.ends[i]);
  }

  /** Bytes of all arguments, about. */
  get bytes(): number {
    return this.ends[this.argc - 1] - this.starts[0];
  }

  /** Bytes of argument i. */
  size(i: number): number {
    return this.ends[i] - this.starts[i];
  }

  /** Whether argument i is this word (given in lower case), in any case. */
  is(i: number, lower: string): boolean {
    return equalsIgnoreCase(this.buf, this.starts[i], this.ends[i], lower);
  }

  /** Argument i as a 64-bit integer that is also a safe one; else fails with `error`. */
  integer(i: number, error: string = NOT_AN_INTEGER): number {
    const value = parseSafeInt(this.buf, this.starts[i], this.ends[i]);
    if (!Number.isNaN(value)) return value;
    this.fail(error);
    return 0;
  }

  /** Argument i as an integer between `min` and `max`; else fails with `error`. */
  integerIn(i: number, min: number, max: number, error: string = OUT_OF_RANGE): number {
    const value = this.integer(i);
    if (value >= min && value <= max) return value;
    this.fail(error);
    return min;
  }

  /** Argument i as a double; else fails with `error`. */
  double(i: number, error: string = NOT_A_FLOAT): number {
    const value = parseDouble(this.buf, this.starts[i], this.ends[i]);
    if (!Number.isNaN(value)) return value;
    this.fail(error);
    return 0;
  }

  // --- keys --------------------------------------------------------------------------------------------------------

  /**
   * For a command of many keys, called before the lookup of each: its keys are arguments `first`, `first + step`, … to
   * the end. At every sixteenth of them it loads what the next sixteen lookups need (see Dict.warm).
   */
  lookAhead(i: number, first: number, step: number): void {
    if ((i - first) % (step * LOOK_AHEAD_MAX) !== 0 || i + step >= this.argc || !this.db.isLarge) return;
    const { hints } = this.db.keyspace;
    hints.clear();
    for (let key = i; key < this.argc && hints.count < LOOK_AHEAD_MAX; key += step) {
      this.db.hint(this.buf, this.starts[key], this.ends[key]);
    }
    this.db.warm();
  }

  /**
   * Called before the lookup of each member of a collection that is a dict: its members are arguments `first`, `first +
   * step`, … to the end, and the next of them is argument i. Loads now and then what the following lookups need.
   */
  hintMembers(dict: Dict, i: number, first: number, step: number): void {
    const { members } = this.db.keyspace;
    if (this.starts[i] >= members.until) members.advance(dict, this, i, first, step);
  }

  /** Entry of the key at argument i for reading: counts as a hit or miss. 0: there is none. */
  read(i: number): number {
    return this.db.lookupRead(this.buf, this.starts[i], this.ends[i], !this.client.noTouch);
  }

  /** Entry of the key at argument i for writing. 0: there is none. */
  write(i: number): number {
    return this.db.lookupWrite(this.buf, this.starts[i], this.ends[i], !this.client.noTouch);
  }

  /** Announces that the key at argument i was changed. */
  changed(i: number, eventClass: number, event: string): void {
    this.db.keyspace.changed(this.db, this.buf, this.starts[i], this.ends[i], eventClass, event);
  }

  /** Announces that the key at argument i was changed, and leaves its events to notify(): before this or after it. */
  modified(i: number): void {
    this.db.keyspace.modified(this.db, this.buf, this.starts[i], this.ends[i]);
  }

  /** Announces an event of a change that changed() or modified() announces. */
  notify(i: number, eventClass: number, event: string): void {
    this.db.keyspace.notify(this.db, this.buf, this.starts[i], this.ends[i], eventClass, event);
  }

  // --- propagation -------------------------------------------------------------------------------------------------

  /** Whether anybody wants to know what the command does: an effect is written only then. */
  get isPropagated(): boolean {
    return this.server.propagation.active;
  }

  /**
   * Begins an effect: a command of `argc` arguments, `name` among them, that is propagated in the place of this one. The
   * caller writes the others. It may be called several times. Nothing may be looked up until the arguments are complete.
   */
  effect(name: string, argc: number): ReplyWriter {
    this.verbatim = false;
    const effect = this.server.propagation.begin(this.db.id, argc);
    effect.bulkText(name);
    return effect;
  }

  /** As effect(), of a command of this one's name with as many arguments. */
  effectAlike(): ReplyWriter {
    this.verbatim = false;
    const effect = this.server.propagation.begin(this.db.id, this.argc);
    this.writeArgument(effect, 0);
    return effect;
  }

  /** Writes argument i into an effect. */
  writeArgument(effect: ReplyWriter, i: number): void {
    effect.bulk(this.buf, this.starts[i], this.ends[i] - this.starts[i]);
  }

  /** As effect(), whole: numbers are positions of arguments of this call, texts stand for themselves. */
  propagateAs(name: string, ...args: readonly (number | string)[]): void {
    if (!this.isPropagated) return;
    const effect = this.effect(name, args.length + 1);
    for (const each of args) {
      if (typeof each === "string") effect.bulkText(each);
      else this.writeArgument(effect, each);
    }
  }

  /** As propagateAs: the call itself, but for some arguments that read otherwise. */
  propagateWith(replacements: readonly Replacement[]): void {
    if (!this.isPropagated) return;
    const effect = this.effectAlike();
    for (let i = 1; i < this.argc; i++) {
      const replacement = replacements.find(({ argument }) => argument === i);
      if (replacement === undefined) this.writeArgument(effect, i);
      else effect.bulkText(replacement.text);
    }
  }

  /** Propagates the deletion of the key at argument i in the place of this command; `later`: its memory may wait. */
  propagateDeletion(i: number, later: boolean): void {
    this.propagateAs(later ? "UNLINK" : "DEL", i);
  }

  /** What the command changes is no change to a copy of the data, or was said already. */
  propagateNothing(): void {
    this.verbatim = false;
  }

  // --- waiting -----------------------------------------------------------------------------------------------------

  /** Argument i as a time in seconds, with decimals: ms, 0 for ever. */
  blockTimeout(i: number): number {
    const { buf, starts, ends } = this;
    let seconds = parseDouble(buf, starts[i], ends[i]);
    // Redis reads a long double: what is one, but too large or too small for a double, is no error of syntax.
    if (Number.isNaN(seconds)) seconds = longDoubleToNumber(parseLongDouble(buf, starts[i], ends[i]));
    if (Number.isNaN(seconds)) this.fail(TIMEOUT_NOT_A_FLOAT);
    // Fifteen digits: 1.1 seconds are 1,100 ms, and not 1,100.0000000000002, which would be rounded up.
    return this.timeout(Math.ceil(Number((seconds * 1000).toPrecision(15))));
  }

  /** Argument i as an integer time in ms, 0 for ever. */
  blockTimeoutMs(i: number): number {
    const ms = parseInt64Rounded(this.buf, this.starts[i], this.ends[i]);
    if (Number.isNaN(ms)) this.fail(TIMEOUT_NOT_AN_INTEGER);
    return this.timeout(ms);
  }

  private timeout(ms: number): number {
    if (ms >= INT64_MAX - this.server.clock.now()) this.fail(TIMEOUT_OUT_OF_RANGE);
    else if (ms < 0) this.fail(TIMEOUT_NEGATIVE);
    return this.failed ? 0 : ms;
  }

  /**
   * The command has found nothing: its client waits until one of its keys changes, and then the command is run again,
   * from the start. So nothing may have been changed, and nothing replied. Where commands do not wait, in a transaction,
   * it replies at once as if the time were over.
   */
  block(options: BlockOptions): void {
    this.server.unblocker.block(this, options);
  }
}

const INT64_MAX = 2 ** 63;
const EMPTY = Buffer.alloc(0);
const NO_OFFSETS = new Int32Array(0);
