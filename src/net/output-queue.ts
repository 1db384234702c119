/** What a peer has not taken yet: buffers in order, each with the position up to which it was sent. */
export class OutputQueue {
  bytes = 0;
  private readonly chunks: Buffer[] = [];
  private sent = 0;

  get chunkCount(): number {
    return this.chunks.length;
  }

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  /** Appends bytes, which belong to the queue from now on. */
  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Writes until everything is out or `write` takes less than it was offered. Returns the bytes written. */
  drain(write: (buf: Buffer, at: number, length: number) => number): number {
    let total = 0;
    while (this.chunks.length > 0) {
      const chunk = this.chunks[0];
      const length = chunk.length - this.sent;
      const written = write(chunk, this.sent, length);
      if (written <= 0) break;
      total += written;
      this.bytes -= written;
      this.sent += written;
      if (written < length) break;
      this.chunks.shift();
      this.sent = 0;
    }
    return total;
  }

  clear(): void {
    this.chunks.length = 0;
    this.bytes = 0;
    this.sent = 0;
  }
}
