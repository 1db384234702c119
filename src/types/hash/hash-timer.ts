/**
 * Timers: which hash has fields that expire, and when the first of them does.
 *
 * A hash gets a timer when one of its fields gets an expiry, and keeps it from then on. It is a block between the entry
 * and what the fields are in, so that a hash without expiring fields pays nothing:
 *
 *     word 0       ref of the listpack, or the root of the dict
 *     word 1       1 + position in the deadline heap; 0: no field expires
 *     word 2       hash of the key, by which the entry is found when the time has come
 *     word 3       where the pass over a dict that is under way goes on
 *     granule 2    earliest expiry (a double, ms) that this pass has seen, or that was set since it began
 *     granule 3    floor (a double, ms): no field expires before it
 *
 * The deadline of a timer may be earlier than the first expiry of its fields (the field was deleted): then the time is for
 * nothing once. Of a large hash it may be later, too (hash-expiry.ts). The floor never is: a snapshot, which cannot look at
 * all fields, writes their expiries relative to it.
 */

import { DeadlineHeap } from "../../memory/deadline-heap";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";

/** Bytes of a timer. */
export const TIMER_BYTES = 32;

const INNER = 0;
const POSITION = 1;
const KEY_HASH = 2;
const CURSOR = 3;
const EARLIEST = 2;
const FLOOR = 3;

export class HashTimers {
  /** Timers of all databases, by what is due first. */
  readonly deadlines: DeadlineHeap;

  constructor(private readonly heap: Heap) {
    this.deadlines = new DeadlineHeap(heap, (timer, position) => this.setWord(timer, POSITION, position + 1));
  }

  /** A new timer, without a deadline. */
  create(inner: number, keyHash: number): number {
    const timer = this.heap.allocate(TIMER_BYTES);
    this.setWord(timer, INNER, inner);
    this.setWord(timer, POSITION, 0);
    this.setWord(timer, KEY_HASH, keyHash);
    this.setWord(timer, CURSOR, 0);
    this.setEarliest(timer, Number.POSITIVE_INFINITY);
    this.setFloor(timer, Number.POSITIVE_INFINITY);
    return timer;
  }

  /** Frees a timer, but not what it refers to. */
  free(timer: number): void {
    this.cancel(timer);
    this.heap.free(timer);
  }

  private word(timer: number, i: number): number {
    return this.heap.u32[timer >>> SEGMENT_SHIFT][((timer & SEGMENT_MASK) << 1) + i];
  }

  private setWord(timer: number, i: number, value: number): void {
    this.heap.u32[timer >>> SEGMENT_SHIFT][((timer & SEGMENT_MASK) << 1) + i] = value;
  }

  inner(timer: number): number {
    return this.word(timer, INNER);
  }

  setInner(timer: number, ref: number): void {
    this.setWord(timer, INNER, ref);
  }

  keyHash(timer: number): number {
    return this.word(timer, KEY_HASH);
  }

  setKeyHash(timer: number, hash: number): void {
    this.setWord(timer, KEY_HASH, hash);
  }

  /** Where the pass over the fields goes on. */
  cursor(timer: number): number {
    return this.word(timer, CURSOR);
  }

  setCursor(timer: number, cursor: number): void {
    this.setWord(timer, CURSOR, cursor);
  }

  private get views(): Float64Array[] {
    return this.heap.f64;
  }

  /** The earliest expiry that setEarliest or noteExpiry left. */
  earliest(timer: number): number {
    return this.views[timer >>> SEGMENT_SHIFT][(timer & SEGMENT_MASK) + EARLIEST];
  }

  setEarliest(timer: number, expireAt: number): void {
    this.views[timer >>> SEGMENT_SHIFT][(timer & SEGMENT_MASK) + EARLIEST] = expireAt;
  }

  /** No field expires before this; Infinity: none does. */
  floor(timer: number): number {
    return this.views[timer >>> SEGMENT_SHIFT][(timer & SEGMENT_MASK) + FLOOR];
  }

  setFloor(timer: number, expireAt: number): void {
    this.views[timer >>> SEGMENT_SHIFT][(timer & SEGMENT_MASK) + FLOOR] = expireAt;
  }

  /** When the timer is due, or Infinity. */
  deadline(timer: number): number {
    const position = this.word(timer, POSITION);
    return position === 0 ? Number.POSITIVE_INFINITY : this.deadlines.deadlineAt(position - 1);
  }

  /** Gives the timer a deadline. Throws HeapFullError if there is no memory for it: then nothing has changed. */
  schedule(timer: number, deadline: number): void {
    const position = this.word(timer, POSITION);
    if (position === 0) this.deadlines.insert(timer, deadline);
    else this.deadlines.update(position - 1, deadline);
  }

  /** A field is about to expire at `expireAt`: the timer is due no later than that. See schedule. */
  noteExpiry(timer: number, expireAt: number): void {
    if (expireAt < this.deadline(timer)) this.schedule(timer, expireAt);
    if (expireAt < this.earliest(timer)) this.setEarliest(timer, expireAt);
    if (expireAt < this.floor(timer)) this.setFloor(timer, expireAt);
  }

  /** The timer's block is at another place now. */
  moved(timer: number): void {
    const position = this.word(timer, POSITION);
    if (position !== 0) this.deadlines.replace(position - 1, timer);
  }

  /** Takes the deadline away. */
  cancel(timer: number): void {
    const position = this.word(timer, POSITION);
    if (position === 0) return;
    this.deadlines.remove(position - 1);
    this.setWord(timer, POSITION, 0);
  }
}
