/**
 * What a peer has not taken yet: buffers in order, and the position up to which the first was sent. Small pieces share a
 * block: a reply of a few bytes in a buffer of its own would take a hundred times the memory that is counted for it.
 */

const BLOCK_BYTES = 16 * 1024;

export class OutputQueue {
  bytes = 0;
  private readonly chunks: Buffer[] = [];
  /** How far each chunk is filled; only the last may have room. */
  private readonly lengths: number[] = [];
  private sent = 0;

  get chunkCount(): number {
    return this.chunks.length;
  }

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  /** Appends a buffer, which belongs to the queue from now on. */
  add(chunk: Buffer): void {
    if (chunk.length > 0) this.append(chunk, chunk.length);
  }

  /** Appends a copy of `source[at, end)`. */
  copy(source: Buffer, at: number, end: number): void {
    const length = end - at;
    const last = this.chunks.length - 1;
    if (last >= 0 && this.chunks[last].length - this.lengths[last] >= length) {
      source.copy(this.chunks[last], this.lengths[last], at, end);
      this.lengths[last] += length;
      this.bytes += length;
    } else if (length > 0) {
      // Mostly the first piece is sent whole, and no other follows.
      const block = Buffer.allocUnsafeSlow(last < 0 ? length : Math.max(length, BLOCK_BYTES));
      source.copy(block, 0, at, end);
      this.append(block, length);
    }
  }

  private append(chunk: Buffer, length: number): void {
    this.chunks.push(chunk);
    this.lengths.push(length);
    this.bytes += length;
  }

  /** Writes until everything is out or `write` takes less than it was offered. Returns the bytes written. */
  drain(write: (buf: Buffer, at: number, length: number) => number): number {
    let total = 0;
    while (this.chunks.length > 0) {
      const length = this.lengths[0] - this.sent;
      const written = write(this.chunks[0], this.sent, length);
      if (written <= 0) break;
      total += written;
      this.bytes -= written;
      this.sent += written;
      if (written < length) break;
      this.chunks.shift();
      this.lengths.shift();
      this.sent = 0;
    }
    return total;
  }
}
