/**
 * The ends of a quicklist: a short text is pushed there, or popped, in one look at its root, its node and its listpack.
 *
 * That is most of what is ever done with a long list, and on the general way through quicklist.ts, quicklist-nodes.ts and
 * listpack.ts it costs more to go from one to the next than to do it. Here is only what changes nothing but bytes within
 * one block: where an element is an integer or long, a node is full or empty then, a block has to move, or a guard wants to
 * hear of it, nothing is done, and the caller goes the general way.
 */

import { copyBytes } from "../util/bytes";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import { isOversized, LISTPACK_HEADER, listpackBytes, mayBeInteger, STRING_6, writeListpackHeader } from "./listpack";
import { BLOCK, COUNT, ELEMENTS, EXTENT, HEAD, NODES, TAIL } from "./quicklist-nodes";

/** Text shorter than this has a head of one byte, and a back length of one. */
const SHORT_TEXT = 64;
/** Bytes around a short text. */
const AROUND_SHORT = 2;
/** As many elements are not counted in the header of a listpack any more. */
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;

/** Who takes an element's bytes: a reply. */
export interface ElementSink {
  bulk(source: Uint8Array, at: number, length: number): void;
}

export class QuicklistEnds {
  constructor(private readonly heap: Heap) {}

  /**
   * Adds buf[start, end) at the tail, or else at the head, of the quicklist at `root`. `room`: bytes that the listpack there
   * may have before the element comes; `countLimit`: elements that it may have then. Returns the elements of the list; 0 if
   * nothing was done.
   */
  push(
    root: number,
    atTail: boolean,
    room: number,
    countLimit: number,
    buf: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { heap } = this;
    const length = end - start;
    if (heap.listGuards !== null || length >= SHORT_TEXT || mayBeInteger(buf, start, end)) return 0;
    const rootWords = heap.u32[root >>> SEGMENT_SHIFT];
    const rootAt = (root & SEGMENT_MASK) << 1;
    const node = rootWords[rootAt + (atTail ? TAIL : HEAD)];
    const words = heap.u32[node >>> SEGMENT_SHIFT];
    const word = (node & SEGMENT_MASK) << 1;
    const count = words[word + COUNT] + 1;
    if (node === 0 || count === 1 || count > countLimit || count >= COUNT_UNKNOWN) return 0;

    const block = words[word + BLOCK];
    const gap = words[word + EXTENT];
    const bytes = heap.u8[block >>> SEGMENT_SHIFT];
    let at = ((block & SEGMENT_MASK) << 3) + gap;
    const used = listpackBytes(bytes, at);
    const added = length + AROUND_SHORT;
    if (used > room || (atTail ? gap + used + added > heap.sizeOf(block) : added > gap)) return 0;
    let p = at + used - 1;
    if (atTail) {
      bytes[p + added] = END;
    } else {
      at -= added;
      words[word + EXTENT] = gap - added;
      p = at + LISTPACK_HEADER;
    }
    writeListpackHeader(bytes, at, used + added, count);
    bytes[p] = STRING_6 | length;
    copyBytes(buf, start, bytes, p + 1, length);
    bytes[p + 1 + length] = length + 1;
    words[word + COUNT] = count;
    const elements = rootWords[rootAt + ELEMENTS] + 1;
    rootWords[rootAt + ELEMENTS] = elements;
    return elements;
  }

  /**
   * Removes the element at the tail, or else at the head, of the quicklist at `root`, after `sink` has taken it. Returns
   * whether anything was done. The list keeps its form and is not empty then.
   */
  pop(root: number, atTail: boolean, sink: ElementSink): boolean {
    const { heap } = this;
    const rootWords = heap.u32[root >>> SEGMENT_SHIFT];
    const rootAt = (root & SEGMENT_MASK) << 1;
    // What has one node may become a listpack.
    if (heap.listGuards !== null || rootWords[rootAt + NODES] < 2) return false;
    const node = rootWords[rootAt + (atTail ? TAIL : HEAD)];
    const words = heap.u32[node >>> SEGMENT_SHIFT];
    const word = (node & SEGMENT_MASK) << 1;
    const count = words[word + COUNT];
    if (count < 2 || count >= COUNT_UNKNOWN) return false;

    const block = words[word + BLOCK];
    const gap = words[word + EXTENT];
    const bytes = heap.u8[block >>> SEGMENT_SHIFT];
    const at = ((block & SEGMENT_MASK) << 3) + gap;
    const used = listpackBytes(bytes, at);
    const endAt = at + used - 1;
    // A back length of more than one byte, or of a long text, leads to another byte than the head of a short one.
    const p = atTail ? endAt - 1 - bytes[endAt - 1] : at + LISTPACK_HEADER;
    const length = bytes[p] ^ STRING_6;
    if (length >= SHORT_TEXT || (atTail && p + length + AROUND_SHORT !== endAt)) return false;
    const removed = length + AROUND_SHORT;
    if (isOversized(heap.sizeOf(block), used - removed)) return false;
    sink.bulk(bytes, p + 1, length);
    if (atTail) bytes[p] = END;
    else words[word + EXTENT] = gap + removed;
    writeListpackHeader(bytes, atTail ? at : at + removed, used - removed, count - 1);
    words[word + COUNT] = count - 1;
    rootWords[rootAt + ELEMENTS]--;
    return true;
  }
}
