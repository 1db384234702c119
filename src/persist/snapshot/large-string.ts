/**
 * A long string in a snapshot: its block is written in chunks. See LargeValue.
 *
 * A chunk that is about to be changed is copied, once; whoever does not need the block any more leaves it to the snapshot.
 * What is appended lies behind what there was, and is none of its business.
 *
 * With rdbcompression the chunks are compressed one by one: what comes of that, put together, is what a decompressor makes
 * the whole string of. But how long it is stands before it in the file. So the string is *measured* first: it is compressed
 * a chunk a step, and what there is room for is kept. Then what was kept is written, and the rest is compressed once more:
 * it takes time twice, and not the memory of another copy.
 */

import type { BlockGuard } from "../../memory/block-guard";
import { Heap, SEGMENT_SHIFT } from "../../memory/heap";
import { assert } from "../../util/assert";
import { lzfCompress, lzfRoom } from "../rdb/lzf";
import { STRING_LZF } from "../rdb/rdb-format";
import type { RdbOutput } from "../rdb/rdb-output";
import { guarded, type LargeFrame, LargeValue, unguarded } from "./large-value";

const CHUNK_BYTES = 64 * 1024;
/** Compressed bytes that are kept between measuring and writing. */
const PACKED_MAX = 8 * 1024 * 1024;
/** Chunks after which a string that has not become shorter so far is taken for one that does not. */
const PATIENCE = 16;

const scratch = Buffer.allocUnsafeSlow(lzfRoom(CHUNK_BYTES));

const MEASURING = 0;
const WRITING = 1;
const PACKING = 2;

export class LargeString extends LargeValue implements BlockGuard {
  private readonly heap: Heap;
  private readonly block: number;
  private readonly chunks: number;
  /** Copies of chunks that have changed since; 0: as it is. */
  private readonly kept: Uint32Array;
  private phase: typeof MEASURING | typeof WRITING | typeof PACKING = MEASURING;
  /** The next chunk of the phase. */
  private position = 0;
  /** Bytes of all chunks measured so far, compressed, and the first of them themselves. */
  private packedBytes = 0;
  private keptBytes = 0;
  private readonly packed: Buffer[] = [];
  private isOrphan = false;

  constructor(
    frame: LargeFrame,
    private readonly length: number,
    private readonly writeLength: (out: RdbOutput, length: number) => void = (out) => out.size(length),
  ) {
    super(frame);
    const { heap } = frame.keyspace;
    this.heap = heap;
    this.block = frame.root;
    this.chunks = Math.ceil(length / CHUNK_BYTES);
    this.kept = new Uint32Array(this.chunks);
    heap.blockGuards = guarded<BlockGuard>(heap.blockGuards, frame.root, this);
  }

  protected get isWritten(): boolean {
    return this.phase !== MEASURING && this.position === this.chunks;
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  changing(from: number, to: number): void {
    if (this.isOrphan) return;
    const last = Math.min(Math.ceil(to / CHUNK_BYTES), this.chunks);
    this.attempt(() => {
      for (let chunk = Math.floor(from / CHUNK_BYTES); chunk < last; chunk++) this.keep(chunk);
    });
  }

  /** Copies a chunk, unless it is written or copied already. */
  private keep(chunk: number): void {
    if (this.kept[chunk] !== 0 || (this.phase !== MEASURING && chunk < this.position)) return;
    const bytes = this.locate(chunk);
    const copy = this.heap.allocate(bytes.length);
    bytes.copy(this.heap.u8[copy >>> SEGMENT_SHIFT], Heap.offset(copy));
    this.kept[chunk] = copy;
  }

  released(): void {
    this.isOrphan = true;
  }

  /** The bytes of a chunk, as they were. */
  private locate(chunk: number): Buffer {
    const { heap, block, length } = this;
    const kept = this.kept[chunk];
    const ref = kept === 0 ? block : kept;
    const start = kept === 0 ? Heap.offset(block) + chunk * CHUNK_BYTES : Heap.offset(kept);
    return heap.u8[ref >>> SEGMENT_SHIFT].subarray(start, start + Math.min(CHUNK_BYTES, length - chunk * CHUNK_BYTES));
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  protected advance(): void {
    const chunk = this.position;
    if (this.phase === MEASURING) this.measure(chunk);
    else this.write(chunk);
  }

  private measure(chunk: number): void {
    const { out, length } = this;
    const isHopeful = out.compress && (chunk < PATIENCE || this.packedBytes < chunk * CHUNK_BYTES);
    if (isHopeful && chunk < this.chunks) {
      this.measureChunk(chunk);
    } else if (isHopeful && out.isGain(this.packedBytes, length)) {
      this.begin(PACKING);
      out.byte(STRING_LZF);
      out.size(this.packedBytes);
      out.size(length);
    } else {
      this.begin(WRITING);
      this.writeLength(out, length);
    }
  }

  private begin(phase: typeof WRITING | typeof PACKING): void {
    this.phase = phase;
    this.position = 0;
    if (phase === WRITING) this.packed.length = 0;
  }

  private measureChunk(chunk: number): void {
    const bytes = compressed(this.locate(chunk));
    this.packedBytes += bytes;
    this.position++;
    // The first ones, without a gap: those of which the packed ones are.
    if (this.packed.length < chunk || this.keptBytes + bytes > PACKED_MAX) return;
    this.packed.push(Buffer.from(scratch.subarray(0, bytes)));
    this.keptBytes += bytes;
  }

  private write(chunk: number): void {
    const { out, packed } = this;
    const source = this.locate(chunk);
    if (this.phase === WRITING) out.raw(source, 0, source.length);
    else if (chunk < packed.length) out.raw(packed[chunk], 0, packed[chunk].length);
    else out.raw(scratch, 0, compressed(source));
    out.sumUp();
    this.position++;
    this.drop(chunk);
  }

  /** Frees the copy of a chunk. */
  private drop(chunk: number): void {
    if (this.kept[chunk] !== 0) this.heap.free(this.kept[chunk]);
    this.kept[chunk] = 0;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  protected letGo(): void {
    const { heap } = this;
    heap.blockGuards = unguarded<BlockGuard>(heap.blockGuards, this.block, this);
    for (let chunk = 0; chunk < this.chunks; chunk++) this.drop(chunk);
    this.packed.length = 0;
  }

  protected freeOrphan(): void {
    if (this.isOrphan) this.heap.free(this.block);
  }
}

/** Compresses a chunk to `scratch`; what does not become shorter becomes a little longer. Returns its bytes. */
function compressed(chunk: Buffer): number {
  const bytes = lzfCompress(chunk, 0, chunk.length, scratch, 0, scratch.length);
  assert(bytes > 0, "there is room for any chunk");
  return bytes;
}
