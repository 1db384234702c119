/**
 * Messages that many clients get in one turn, one behind the other in a block. Who gets several in a row sends one range
 * of it: nothing is joined for each of a thousand subscribers. The block is empty again when nobody's range is left.
 */

/** How much of a turn stands in a block; what comes then goes into queues as buffers. */
const BLOCK_BYTES = 64 * 1024;
/** What is larger is not worth a copy. */
const MESSAGE_MAX = 8 * 1024;

export class SharedMessages {
  readonly buf = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private length = 0;
  /** What was put in last, and where: the same message comes for one client after the other. */
  private last: Buffer | null = null;
  private lastAt = 0;
  /** How many ranges of it wait to be sent. */
  private held = 0;

  /** Where the message stands, which is put in unless it was the last; -1: not in here. */
  place(message: Buffer): number {
    if (message === this.last) return this.lastAt;
    const at = this.length;
    if (message.length > MESSAGE_MAX || at + message.length > BLOCK_BYTES) return -1;
    this.buf.set(message, at);
    this.length += message.length;
    this.last = message;
    this.lastAt = at;
    return at;
  }

  /** A queue has a range of it. */
  hold(): void {
    this.held++;
  }

  /** A queue does not need its range any more. */
  letGo(): void {
    if (--this.held > 0) return;
    this.length = 0;
    this.last = null;
  }
}
