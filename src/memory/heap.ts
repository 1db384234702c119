/**
 * The heap: all keys and values, outside the JavaScript heap.
 *
 * Layout: an array of 16 MiB segments, each an ArrayBuffer of 1,024 pages of 16 KiB. A *ref* is one unsigned 32-bit
 * number that counts granules of 8 bytes, so the heap reaches 32 GiB:
 *
 *     31            21 20                0
 *     +---------------+------------------+
 *     | segment (11)  | granule (21)     |
 *     +---------------+------------------+
 *
 * A block of up to 32 KiB lives in a slab: one or more pages cut into equal blocks of one size class, with the free
 * blocks of a slab chained through their first word. A larger block is a span of whole pages; one that exceeds a
 * segment, or has grown to 4 MiB, gets a segment (an ArrayBuffer) of its own. A block has no header: its page knows its
 * size.
 *
 * All bookkeeping is in typed arrays indexed by page. They are allocated for the full address space at once: untouched
 * pages of them cost no memory.
 *
 * Invariants:
 * - ref 0 is never handed out (page 0 of segment 0 is reserved) and means "nothing";
 * - a slab is in the partial list of its class exactly while it has a free block;
 * - a free page is marked dirty from the moment it is freed until it is released to the system or reused.
 */

import { assert } from "../util/assert";
import { OutOfMemoryError } from "../util/out-of-memory";
import type { BlockGuard } from "./block-guard";
import type { DictGuard } from "./dict-guard";
import type { GroupGuard } from "./group-guard";
import type { ListGuard } from "./list-guard";
import { mapMemory, movePages } from "./mapped-memory";
import { releasePages } from "./page-release";
import {
  CLASS_COUNT,
  classCapacity,
  classGranules,
  classOfGranules,
  classPages,
  classSize,
  LARGEST_CLASS,
  PAGE_BYTES,
  PAGE_GRANULES,
  tightClassOfGranules,
} from "./size-classes";
import type { StreamGuard } from "./stream-guard";

export const SEGMENT_SHIFT = 21;
export const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1;
const SEGMENT_BYTES = (SEGMENT_MASK + 1) * 8;
const SEGMENT_PAGES = SEGMENT_BYTES / PAGE_BYTES;
const SEGMENT_WORDS = SEGMENT_PAGES / 32;
const MAX_SEGMENTS = 2048;
const MAX_PAGES = MAX_SEGMENTS * SEGMENT_PAGES;
const PAGE_SEGMENT_SHIFT = 10;
const PAGE_SHIFT_IN_REF = 11;

const NO_BLOCK = 0xffff;
const NO_SLAB = -1;
const KIND_FREE = 0;
const KIND_SPAN = 255;

/**
 * A block that grows has a segment of its own from this many bytes on, as then it need not be copied again. Not when half
 * the numbers of segments are taken by such: 32 GiB must remain within reach.
 */
const OWN_SEGMENT_MIN = 4 * 1024 * 1024;
const OWN_SEGMENTS_MAX = MAX_SEGMENTS / 2;
/** Free pages may take this much physical memory; then a new segment gives back as much as it takes first. */
const DIRTY_MAX = 64 * 1024 * 1024;

/** A slab in which this share of the blocks is used is left alone by compaction. */
const DENSE_SLAB = 0.85;

/** Blocks in an index from which on they are not in the processor's cache: then loading them ahead pays (Heap.touch()). */
export const BEYOND_CACHE = 16 * 1024;

/** The reference that refers to nothing. */
export const NIL = 0;

export class HeapFullError extends OutOfMemoryError {
  constructor(reason: string) {
    super(`the heap cannot grow: ${reason}`);
  }
}

export class Heap {
  /** Bytes of each segment. Buffers, because Buffer.prototype.copy is the fastest copy there is. */
  readonly u8: Buffer[] = [];
  /** The same memory as 32-bit words. */
  readonly u32: Uint32Array[] = [];
  /** The same memory as doubles: one a granule. */
  readonly f64: Float64Array[] = [];
  /** Bytes in live blocks, rounded up to their size class. */
  usedBytes = 0;
  /** Bytes in pages that belong to a slab or span. */
  committedBytes = 0;
  /** Bytes in free pages that the system has not got back yet. */
  dirtyBytes = 0;
  /**
   * A block in a chain to which somebody comes back later (0: none). Who frees it notes the one that follows it instead.
   */
  bookmark = NIL;

  /** Who guards dicts that are values, by the refs of their roots: see Dict.open(). null: nobody. */
  guards: Map<number, DictGuard> | null = null;
  /** Who guards quicklists and streams, in the same way. */
  listGuards: Map<number, ListGuard> | null = null;
  streamGuards: Map<number, StreamGuard> | null = null;
  /** Who guards consumer groups of streams that somebody guards, by their refs. */
  groupGuards: Map<number, GroupGuard> | null = null;
  /** Who guards blocks of strings. These are so large that nobody moves them. */
  blockGuards: Map<number, BlockGuard> | null = null;

  /** KIND_FREE, KIND_SPAN or size class + 1, for every page. */
  private readonly pageKind = new Uint8Array(MAX_PAGES);
  /** Distance back to the first page of the slab. */
  private readonly pageBack = new Uint8Array(MAX_PAGES);
  /** Per slab (at its first page): blocks in use, head of the free chain, first granule never handed out. */
  private readonly slabUsed = new Uint16Array(MAX_PAGES);
  private readonly slabFree = new Uint16Array(MAX_PAGES);
  private readonly slabFresh = new Uint16Array(MAX_PAGES);
  /** Links of the partial list of a class; a span keeps its page count in `next`. */
  private readonly slabNext = new Int32Array(MAX_PAGES);
  private readonly slabPrevious = new Int32Array(MAX_PAGES);
  private readonly partial = new Int32Array(CLASS_COUNT).fill(NO_SLAB);

  /** One bit a page: 1 is free. */
  private readonly freeBits = new Uint32Array(MAX_PAGES / 32);
  /** One bit a page: 1 is free and still holds physical memory. */
  private readonly dirtyBits = new Uint32Array(MAX_PAGES / 32);
  private readonly segmentFreePages = new Int32Array(MAX_SEGMENTS);
  /** Segment that holds one block alone: its bytes, else 0. */
  private readonly hugeBytes = new Float64Array(MAX_SEGMENTS);
  private ownSegments = 0;
  private lowestFreeSegment = 0;
  /** Meaningless: where touch() leaves a sum of what it loaded, so that the compiler does not drop the loads. */
  touched = 0;
  /** Buffers of freed blocks that had a segment of their own, whose pages still have to go back; `left` bytes of each. */
  private readonly retired: { bytes: Buffer; left: number }[] = [];

  constructor() {
    this.addSegment();
    this.takePages(0, 0, 1);
    this.pageKind[0] = KIND_SPAN;
    this.slabNext[0] = 1;
    this.committedBytes = 0;
  }

  /**
   * Returns a ref to at least `bytes` bytes (at least 1) of unspecified content, aligned to 8.
   * Throws HeapFullError when the address space is used up or the system gives no memory.
   */
  allocate(bytes: number): number {
    if (bytes > LARGEST_CLASS) return this.allocateSpan(bytes);
    return this.take(classOfGranules[(bytes + 7) >>> 3]);
  }

  /** As allocate(), for a block that will not grow: it has less to spare. */
  allocateTight(bytes: number): number {
    if (bytes > LARGEST_CLASS) return this.allocateSpan(bytes);
    return this.take(tightClassOfGranules[(bytes + 7) >>> 3]);
  }

  /**
   * A block of at least `bytes` bytes that begins with the first `kept` bytes of the one at `ref`, in place of which it is
   * to be used: that one is released. For blocks that grow again and again: a large one is not copied, its pages move.
   * Throws HeapFullError, with nothing changed.
   */
  grow(ref: number, kept: number, bytes: number): number {
    const hasOwn = this.hugeBytes[ref >>> SEGMENT_SHIFT] !== 0;
    const own = bytes >= OWN_SEGMENT_MIN && (hasOwn || this.ownSegments < OWN_SEGMENTS_MAX);
    const grown = own ? this.allocateHuge(bytes) : this.allocate(bytes);
    if (this.moveHuge(ref, grown)) return grown;
    this.copyBlock(ref, grown, kept);
    this.release(ref);
    return grown;
  }

  private copyBlock(from: number, to: number, bytes: number): void {
    const at = Heap.offset(from);
    this.u8[from >>> SEGMENT_SHIFT].copy(this.u8[to >>> SEGMENT_SHIFT], Heap.offset(to), at, at + bytes);
  }

  /** A block of a class. */
  private take(sizeClass: number): number {
    let slab = this.partial[sizeClass];
    if (slab === NO_SLAB) slab = this.addSlab(sizeClass);
    const base = (slab << PAGE_SHIFT_IN_REF) >>> 0;
    const free = this.slabFree[slab];
    let ref: number;
    if (free !== NO_BLOCK) {
      ref = base + free;
      this.slabFree[slab] = this.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
    } else {
      const fresh = this.slabFresh[slab];
      ref = base + fresh;
      this.slabFresh[slab] = fresh + classGranules[sizeClass];
    }
    if (++this.slabUsed[slab] === classCapacity[sizeClass]) this.unlinkPartial(slab, sizeClass);
    this.usedBytes += classSize[sizeClass];
    return ref;
  }

  /** Frees the block at `ref`. */
  free(ref: number): void {
    const page = ref >>> PAGE_SHIFT_IN_REF;
    const kind = this.pageKind[page];
    if (kind === KIND_SPAN) {
      this.freeSpan(ref);
      return;
    }
    const sizeClass = kind - 1;
    const slab = page - this.pageBack[page];
    this.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1] = this.slabFree[slab];
    this.slabFree[slab] = ref - ((slab << PAGE_SHIFT_IN_REF) >>> 0);
    this.usedBytes -= classSize[sizeClass];
    const used = --this.slabUsed[slab];
    if (used === classCapacity[sizeClass] - 1) this.linkPartial(slab, sizeClass);
    // The last partial slab of a class stays, so that one key set and deleted in turn does not take and free pages.
    if (used === 0 && !this.isOnlyPartial(slab, sizeClass)) {
      this.unlinkPartial(slab, sizeClass);
      this.releaseRun(slab, classPages[sizeClass]);
    }
  }

  /** As free(), of a block that somebody may guard: then it stays until that one does not need it any more. */
  release(ref: number): void {
    const guard = this.blockGuards?.get(ref);
    if (guard === undefined) this.free(ref);
    else guard.released();
  }

  /** Bytes that the block at `ref` can hold. */
  sizeOf(ref: number): number {
    const page = ref >>> PAGE_SHIFT_IN_REF;
    const kind = this.pageKind[page];
    if (kind !== KIND_SPAN) return classSize[kind - 1];
    const huge = this.hugeBytes[ref >>> SEGMENT_SHIFT];
    return huge !== 0 ? huge : this.slabNext[page] * PAGE_BYTES;
  }

  /** Bytes that `allocate(bytes)` would really take. */
  static roundUp(bytes: number): number {
    if (bytes <= LARGEST_CLASS) return classSize[classOfGranules[(bytes + 7) >>> 3]];
    return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
  }

  /** As roundUp, of `allocateTight(bytes)`. */
  static roundUpTight(bytes: number): number {
    return bytes <= LARGEST_CLASS ? classSize[tightClassOfGranules[(bytes + 7) >>> 3]] : Heap.roundUp(bytes);
  }

  /** Byte offset of `ref` inside its segment `u8[ref >>> SEGMENT_SHIFT]`. */
  static offset(ref: number): number {
    return (ref & SEGMENT_MASK) << 3;
  }

  /** Whether somebody guards values: they have to stay where they are. */
  get isGuarded(): boolean {
    return this.guards !== null || this.listGuards !== null || this.streamGuards !== null;
  }

  /** Bytes of address space taken from the system (not all of it is resident). */
  get reservedBytes(): number {
    let bytes = 0;
    for (const segment of this.u8) bytes += segment.length;
    return bytes;
  }

  /**
   * Gives free pages back to the system (where it can be told), at most about `limitBytes` of them in one call.
   * Returns the bytes that are clean now; 0 when there are none to give back.
   */
  purge(limitBytes: number): number {
    let purged = this.purgeRetired(limitBytes);
    for (let segment = 0; segment < this.u8.length && this.dirtyBytes > 0 && purged < limitBytes; segment++) {
      if (this.segmentFreePages[segment] > 0) purged += this.purgeSegment(segment, limitBytes - purged);
    }
    return purged;
  }

  private purgeRetired(limitBytes: number): number {
    let purged = 0;
    while (this.retired.length > 0 && purged < limitBytes) {
      const last = this.retired[this.retired.length - 1];
      const bytes = Math.min(last.left, wholePages(limitBytes - purged));
      last.left -= bytes;
      releasePages(last.bytes, last.left, bytes);
      purged += bytes;
      if (last.left === 0) this.retired.pop();
    }
    this.dirtyBytes -= purged;
    return purged;
  }

  private purgeSegment(segment: number, limitBytes: number): number {
    let purged = 0;
    let page = segment * SEGMENT_PAGES;
    const end = page + SEGMENT_PAGES;
    while (page < end && purged < limitBytes) {
      if (this.dirtyBits[page >>> 5] === 0) {
        page = (page | 31) + 1;
        continue;
      }
      const first = page;
      const last = Math.min(end, first + wholePages(limitBytes - purged) / PAGE_BYTES);
      while (page < last && this.isDirty(page)) this.clearDirty(page++);
      if (page === first) {
        page++;
        continue;
      }
      const bytes = (page - first) * PAGE_BYTES;
      releasePages(this.u8[segment], (first - segment * SEGMENT_PAGES) * PAGE_BYTES, bytes);
      purged += bytes;
    }
    return purged;
  }

  private isDirty(page: number): boolean {
    return (this.dirtyBits[page >>> 5] & (1 << (page & 31))) !== 0;
  }

  private clearDirty(page: number): void {
    this.dirtyBits[page >>> 5] &= ~(1 << (page & 31));
    this.dirtyBytes -= PAGE_BYTES;
  }

  // --- compaction --------------------------------------------------------------------------------------------------

  /** Share of slab memory that no block uses, 0 to 1. */
  get fragmentation(): number {
    return this.committedBytes === 0 ? 0 : 1 - this.usedBytes / this.committedBytes;
  }

  /**
   * Moves the block at `ref` to a fuller slab, if there is one and its own is less than `dense` full (0 to 1). Returns the
   * block's new ref, and `ref` itself when it stays. Whoever refers to the block has to be told.
   *
   * Slabs find their order by themselves: one that is fuller than the slab from which blocks are handed out takes its
   * place, and is filled next.
   */
  relocate(ref: number, dense = DENSE_SLAB): number {
    const page = ref >>> PAGE_SHIFT_IN_REF;
    const kind = this.pageKind[page];
    if (kind === KIND_SPAN) return ref;
    const sizeClass = kind - 1;
    const slab = page - this.pageBack[page];
    const used = this.slabUsed[slab];
    const target = this.partial[sizeClass];
    if (target === slab || target === NO_SLAB || used === classCapacity[sizeClass]) return ref;
    if (used > this.slabUsed[target]) {
      this.unlinkPartial(slab, sizeClass);
      this.linkPartial(slab, sizeClass);
      return ref;
    }
    if (used >= classCapacity[sizeClass] * dense) return ref;
    return this.move(ref, sizeClass);
  }

  private move(ref: number, sizeClass: number): number {
    const moved = this.take(sizeClass);
    this.copyBlock(ref, moved, classSize[sizeClass]);
    this.free(ref);
    return moved;
  }

  // --- the processor's cache -----------------------------------------------------------------------------------------

  /** Loads the beginning of each of these blocks: asked for together, their cache misses overlap instead of adding up. */
  touch(refs: Uint32Array, count: number): void {
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const ref = refs[i];
      sink ^= this.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
    }
    this.touched = sink;
  }

  // --- what shares a slab ------------------------------------------------------------------------------------------

  /** The first block of the slab that holds the block at `ref`; NIL if that is a span. */
  slabOf(ref: number): number {
    const page = ref >>> PAGE_SHIFT_IN_REF;
    return this.pageKind[page] === KIND_SPAN ? NIL : (page - this.pageBack[page]) * PAGE_GRANULES;
  }

  /** Blocks that the slab with this first block can hold. */
  slabCapacity(slab: number): number {
    return classCapacity[this.pageKind[slab >>> PAGE_SHIFT_IN_REF] - 1];
  }

  /** The `i`th block of the slab, whether it is in use or not; NIL if none behind it ever was, or the slab is none any more. */
  blockInSlab(slab: number, i: number): number {
    const page = slab >>> PAGE_SHIFT_IN_REF;
    const kind = this.pageKind[page];
    if (kind === KIND_FREE || kind === KIND_SPAN || this.pageBack[page] !== 0) return NIL;
    const granule = i * classGranules[kind - 1];
    return granule < this.slabFresh[page] ? slab + granule : NIL;
  }

  // --- slabs -------------------------------------------------------------------------------------------------------

  private addSlab(sizeClass: number): number {
    const pages = classPages[sizeClass];
    const slab = this.takeRun(pages);
    this.pageKind.fill(sizeClass + 1, slab, slab + pages);
    for (let i = 0; i < pages; i++) this.pageBack[slab + i] = i;
    this.slabUsed[slab] = 0;
    this.slabFree[slab] = NO_BLOCK;
    this.slabFresh[slab] = 0;
    this.linkPartial(slab, sizeClass);
    return slab;
  }

  private linkPartial(slab: number, sizeClass: number): void {
    const head = this.partial[sizeClass];
    this.slabNext[slab] = head;
    this.slabPrevious[slab] = NO_SLAB;
    if (head !== NO_SLAB) this.slabPrevious[head] = slab;
    this.partial[sizeClass] = slab;
  }

  private unlinkPartial(slab: number, sizeClass: number): void {
    const next = this.slabNext[slab];
    const previous = this.slabPrevious[slab];
    if (next !== NO_SLAB) this.slabPrevious[next] = previous;
    if (previous !== NO_SLAB) this.slabNext[previous] = next;
    else this.partial[sizeClass] = next;
  }

  private isOnlyPartial(slab: number, sizeClass: number): boolean {
    return this.partial[sizeClass] === slab && this.slabNext[slab] === NO_SLAB;
  }

  // --- spans and pages ---------------------------------------------------------------------------------------------

  private allocateSpan(bytes: number): number {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    if (pages > SEGMENT_PAGES) return this.allocateHuge(bytes);
    const first = this.takeRun(pages);
    this.pageKind.fill(KIND_SPAN, first, first + pages);
    this.slabNext[first] = pages;
    this.usedBytes += pages * PAGE_BYTES;
    return first * PAGE_GRANULES;
  }

  private allocateHuge(bytes: number): number {
    const rounded = Heap.roundUp(bytes);
    const segment = this.mapSegment(rounded);
    const first = segment * SEGMENT_PAGES;
    this.hugeBytes[segment] = rounded;
    this.ownSegments++;
    this.pageKind[first] = KIND_SPAN;
    this.usedBytes += rounded;
    this.committedBytes += rounded;
    return first * PAGE_GRANULES;
  }

  private freeSpan(ref: number): void {
    const segment = ref >>> SEGMENT_SHIFT;
    const huge = this.hugeBytes[segment];
    const first = ref >>> PAGE_SHIFT_IN_REF;
    if (huge !== 0) {
      this.freeHuge(segment, huge);
      return;
    }
    const pages = this.slabNext[first];
    assert(pages > 0, "free of a span that is not one");
    this.usedBytes -= pages * PAGE_BYTES;
    this.releaseRun(first, pages);
  }

  private freeHuge(segment: number, bytes: number): void {
    // Giving hundreds of megabytes back takes long: purge() does it in pieces. What is left then is an address range,
    // which the garbage collector drops some time.
    this.retired.push({ bytes: this.u8[segment], left: bytes });
    this.dirtyBytes += bytes;
    this.dropHuge(segment, bytes);
  }

  /** Moves the pages of one block with a segment of its own to a larger one, and drops it; false if it has to be copied. */
  private moveHuge(ref: number, to: number): boolean {
    const from = ref >>> SEGMENT_SHIFT;
    const bytes = this.hugeBytes[from];
    const target = to >>> SEGMENT_SHIFT;
    if (bytes === 0 || this.hugeBytes[target] < bytes || this.blockGuards?.has(ref) === true) return false;
    if (!movePages(this.u8[from], this.u8[target], bytes)) return false;
    this.dropHuge(from, bytes);
    return true;
  }

  private dropHuge(segment: number, bytes: number): void {
    this.usedBytes -= bytes;
    this.committedBytes -= bytes;
    this.hugeBytes[segment] = 0;
    this.ownSegments--;
    this.pageKind[segment * SEGMENT_PAGES] = KIND_FREE;
    this.u8[segment] = EMPTY_SEGMENT;
    this.u32[segment] = EMPTY_WORDS;
    this.f64[segment] = EMPTY_DOUBLES;
  }

  private addSegment(): number {
    const segment = this.mapSegment(SEGMENT_BYTES);
    this.freeBits.fill(0xffffffff, segment * SEGMENT_WORDS, (segment + 1) * SEGMENT_WORDS);
    this.segmentFreePages[segment] = SEGMENT_PAGES;
    this.lowestFreeSegment = Math.min(this.lowestFreeSegment, segment);
    return segment;
  }

  private mapSegment(bytes: number): number {
    let segment = this.u8.indexOf(EMPTY_SEGMENT);
    if (segment < 0) segment = this.u8.length;
    if (segment >= MAX_SEGMENTS) throw new HeapFullError("its 32 GiB of addresses are used up");
    // Where large blocks come and go faster than purge() is called, what they leave would pile up. To be zeroed costs the
    // new ones more.
    if (this.dirtyBytes > DIRTY_MAX) this.purge(bytes);
    const buffer = newBuffer(bytes);
    this.u8[segment] = Buffer.from(buffer);
    this.u32[segment] = new Uint32Array(buffer);
    this.f64[segment] = new Float64Array(buffer);
    return segment;
  }

  /** Finds and takes `pages` adjacent free pages, as low as possible, so that high segments drain. */
  private takeRun(pages: number): number {
    for (let segment = this.lowestFreeSegment; segment < this.u8.length; segment++) {
      if (this.segmentFreePages[segment] < pages) {
        if (segment === this.lowestFreeSegment && this.segmentFreePages[segment] === 0) this.lowestFreeSegment++;
        continue;
      }
      const first = pages === 1 ? this.findPage(segment) : this.findRun(segment, pages);
      if (first >= 0) return this.takePages(segment, first, pages);
    }
    const segment = this.addSegment();
    return this.takePages(segment, segment * SEGMENT_PAGES, pages);
  }

  private findPage(segment: number): number {
    let word = segment * SEGMENT_WORDS;
    while (this.freeBits[word] === 0) word++;
    const bits = this.freeBits[word];
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  private findRun(segment: number, pages: number): number {
    const end = (segment + 1) * SEGMENT_PAGES;
    let run = 0;
    for (let page = segment * SEGMENT_PAGES; page < end; page++) {
      if (run === 0 && this.freeBits[page >>> 5] === 0) {
        page |= 31;
        continue;
      }
      run = (this.freeBits[page >>> 5] & (1 << (page & 31))) !== 0 ? run + 1 : 0;
      if (run === pages) return page - pages + 1;
    }
    return -1;
  }

  private takePages(segment: number, first: number, pages: number): number {
    for (let page = first; page < first + pages; page++) {
      this.freeBits[page >>> 5] &= ~(1 << (page & 31));
      if (this.isDirty(page)) this.clearDirty(page);
    }
    this.segmentFreePages[segment] -= pages;
    this.committedBytes += pages * PAGE_BYTES;
    return first;
  }

  private releaseRun(first: number, pages: number): void {
    for (let page = first; page < first + pages; page++) {
      this.freeBits[page >>> 5] |= 1 << (page & 31);
      this.dirtyBits[page >>> 5] |= 1 << (page & 31);
      this.pageKind[page] = KIND_FREE;
    }
    const segment = first >>> PAGE_SEGMENT_SHIFT;
    this.segmentFreePages[segment] += pages;
    this.committedBytes -= pages * PAGE_BYTES;
    this.dirtyBytes += pages * PAGE_BYTES;
    if (segment < this.lowestFreeSegment) this.lowestFreeSegment = segment;
  }
}

/** The largest multiple of a page that is not above `bytes`, at least one page. */
function wholePages(bytes: number): number {
  return Math.max(PAGE_BYTES, bytes - (bytes % PAGE_BYTES));
}

const EMPTY_SEGMENT = Buffer.alloc(0);
const EMPTY_WORDS = new Uint32Array(0);
const EMPTY_DOUBLES = new Float64Array(0);

function newBuffer(bytes: number): ArrayBuffer {
  try {
    return mapMemory(bytes);
  } catch (error) {
    throw new HeapFullError(String(error));
  }
}
