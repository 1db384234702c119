/**
 * What is to be appended to a file: bytes that gather until they are written together.
 *
 * Most of them are commands of a pipeline, which stand one behind the other in the chunk that they were received in. Such
 * a row is noted where it stands, and copied at once when it is over.
 */

import { copyBytes } from "../../util/bytes";

const FIRST_BYTES = 64 * 1024;
/** A buffer larger than this is not kept. */
const RETAINED_BYTES = 1024 * 1024;

const NOTHING = new Uint8Array(0);

export class AppendBuffer {
  private buf: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private gathered = 0;
  /** The row that is not copied yet: source[from, to). */
  private source: Uint8Array = NOTHING;
  private from = 0;
  private to = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.gathered + this.to - this.from;
  }

  /** Bytes of memory that they are in. */
  get capacity(): number {
    return this.buf.length;
  }

  /** Appends `src[start, end)`. */
  add(src: Uint8Array, start: number, end: number): void {
    this.settle();
    this.copy(src, start, end);
  }

  /** Appends `src[start, end)`, which stays as it is until settle(). */
  addLasting(src: Uint8Array, start: number, end: number): void {
    if (src === this.source && start === this.to) {
      this.to = end;
      return;
    }
    this.settle();
    this.source = src;
    this.from = start;
    this.to = end;
  }

  /** Appends latin1 text. */
  addText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.add(bytes, 0, bytes.length);
  }

  /** All that waits, from byte 0 on: `length` bytes of it count. */
  settled(): Buffer {
    this.settle();
    return this.buf;
  }

  /** Copies the row that is not copied yet. */
  settle(): void {
    const { source, from, to } = this;
    if (source === NOTHING) return;
    this.source = NOTHING;
    this.from = 0;
    this.to = 0;
    this.copy(source, from, to);
  }

  private copy(src: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.gathered + size > this.buf.length) this.grow(this.gathered + size);
    copyBytes(src, start, this.buf, this.gathered, size);
    this.gathered += size;
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.buf.length * 2));
    this.buf.copy(larger, 0, 0, this.gathered);
    this.buf = larger;
  }

  /** Forgets the first `count` bytes, which are written. */
  take(count: number): void {
    this.settle();
    this.buf.copyWithin(0, count, this.gathered);
    this.gathered -= count;
  }

  /** Forgets everything. */
  clear(): void {
    this.source = NOTHING;
    this.from = 0;
    this.to = 0;
    this.gathered = 0;
  }

  /** Lets go of the memory of an unusual amount, once nothing waits. */
  shrink(): void {
    if (this.gathered === 0 && this.buf.length > RETAINED_BYTES) this.buf = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }
}
