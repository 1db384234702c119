/**
 * Lists in RDB files: the number of nodes, and each node as the block that it is, a listpack or the bytes of one large
 * element. A list that is one listpack is written as one node. Older files hold ziplists, or elements one by one.
 */

import { ENCODING_LISTPACK, TYPE_LIST } from "../../../db/entry";
import { Listpack } from "../../../memory/listpack";
import { Quicklist } from "../../../memory/quicklist";
import { listEncoding } from "../../../types/list/list";
import type { EntryHead } from "../../../types/string/string";
import { LargeList } from "../../snapshot/large-list";
import { LARGE_BYTES, LARGE_FROM, type LargeShape } from "../../snapshot/large-value";
import * as format from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { listpackCount } from "./block-checks";
import { type CodecContext, EMPTY_VALUE, makeEntry, type ValueCodec } from "./codec";
import { writeListBlock } from "./list-blocks";
import { eachInZiplist } from "./old-blocks";

export interface ListLimits {
  readonly listMaxListpackSize: number;
}

/** What an element may take in a listpack besides its text. */
const ELEMENT_OVERHEAD = 8;
/** Instead of a number of elements: a node that is one large element. */
const PLAIN = -1;

export class ListCodec implements ValueCodec {
  readonly rdbTypes = [
    format.RDB_LIST,
    format.RDB_LIST_ZIPLIST,
    format.RDB_LIST_QUICKLIST,
    format.RDB_LIST_QUICKLIST_2,
  ];
  private readonly list: Quicklist;
  private readonly listpack: Listpack;

  constructor(
    private readonly context: CodecContext,
    private readonly limits: ListLimits,
  ) {
    const { heap } = context.keyspace;
    this.list = new Quicklist(heap);
    this.listpack = new Listpack(heap);
  }

  rdbType(): number {
    return format.RDB_LIST_QUICKLIST_2;
  }

  encode(out: RdbOutput, ref: number): void {
    const { entries } = this.context;
    const { list } = this;
    list.open(entries.valueWord(ref, 0), entries.encoding(ref) === ENCODING_LISTPACK);
    out.size(list.nodeCount);
    list.eachBlock((bytes, at, length, isPlain) => writeListBlock(out, bytes, at, length, isPlain));
  }

  large(ref: number): LargeShape | null {
    const { entries } = this.context;
    if (entries.encoding(ref) === ENCODING_LISTPACK) return null;
    const { list } = this;
    list.open(entries.valueWord(ref, 0), false);
    const { nodeCount } = list;
    if (nodeCount < 2 || (nodeCount < LARGE_FROM && list.contentBytes < LARGE_BYTES)) return null;
    return { writeHead: (out) => out.size(nodeCount), freeze: (frame) => new LargeList(frame) };
  }

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    const { list } = this;
    list.setFill(this.limits.listMaxListpackSize);
    if (rdbType === format.RDB_LIST_QUICKLIST_2) return this.decodeNodes(input, head, deep);
    if (rdbType === format.RDB_LIST_QUICKLIST) list.createNodes();
    else list.create();
    return this.fill(head, () => this.decodeOld(input, rdbType));
  }

  /** Fills the list that was just made, and makes the entry. */
  private fill(head: EntryHead, decode: () => void): number {
    const { list } = this;
    try {
      decode();
      list.settle();
    } catch (error) {
      list.free();
      throw error;
    }
    if (list.length > 0) return makeEntry(this.context.keyspace, head, TYPE_LIST, listEncoding(list), list.root);
    list.free();
    return EMPTY_VALUE;
  }

  private decodeOld(input: RdbInput, rdbType: number): void {
    if (rdbType === format.RDB_LIST_ZIPLIST) {
      input.string();
      const push = (buf: Uint8Array, start: number, end: number): void => this.push(buf, start, end);
      eachInZiplist(input.value, input.from, input.length, push, "List ziplist");
      return;
    }
    const count = input.size();
    for (let i = 0; i < count; i++) {
      if (rdbType === format.RDB_LIST_QUICKLIST) {
        this.decodeZiplist(input);
        continue;
      }
      input.string();
      this.push(input.value, input.from, input.from + input.length);
    }
  }

  private decodeNodes(input: RdbInput, head: EntryHead, deep: boolean): number {
    const count = input.size();
    // Most lists are one small listpack, which needs no nodes.
    if (count === 1) return this.decodeOnly(input, head, deep);
    this.list.createNodes();
    return this.fill(head, () => {
      for (let i = 0; i < count; i++) this.addNode(input, this.readNode(input, deep));
    });
  }

  /** Reads the only node of a list. */
  private decodeOnly(input: RdbInput, head: EntryHead, deep: boolean): number {
    const { list, listpack } = this;
    const elements = this.readNode(input, deep);
    if (elements === 0) return EMPTY_VALUE;
    if (elements > 0 && list.fitsListpack(input.length, elements)) {
      const root = listpack.createFrom(input.value, input.from, input.length);
      return makeEntry(this.context.keyspace, head, TYPE_LIST, ENCODING_LISTPACK, root);
    }
    list.createNodes();
    return this.fill(head, () => this.addNode(input, elements));
  }

  private push(buf: Uint8Array, start: number, end: number): void {
    const { list } = this;
    list.grow(end - start + ELEMENT_OVERHEAD, 1);
    list.push(true, buf, start, end);
  }

  /** Finds the bytes of a node. Returns the number of its elements, PLAIN if they are those of one large element. */
  private readNode(input: RdbInput, deep: boolean): number {
    const container = input.size();
    if (container !== format.QUICKLIST_PACKED && container !== format.QUICKLIST_PLAIN) {
      throw corrupt("Quicklist integrity check failed.");
    }
    input.string();
    if (input.length === 0) throw corrupt("Quicklist integrity check failed.");
    if (container === format.QUICKLIST_PLAIN) return PLAIN;
    if (deep) this.context.sanitizations++;
    const count = listpackCount(input.value, input.from, input.length);
    if (count < 0) throw corrupt("Listpack integrity check failed.");
    return count;
  }

  /** Adds the node that readNode() has found. Nodes without elements are not kept. */
  private addNode({ value, from, length }: RdbInput, elements: number): void {
    if (elements === 0) return;
    if (elements === PLAIN) {
      this.list.addPlain(value, from, from + length);
      return;
    }
    this.listpack.createFrom(value, from, length);
    this.addListpack(elements);
  }

  /** Adds the listpack that is open as a node. */
  private addListpack(count: number): void {
    try {
      this.list.addListpack(this.listpack.ref, count);
    } catch (error) {
      this.listpack.free();
      throw error;
    }
  }

  /** A ziplist becomes a listpack. */
  private decodeZiplist(input: RdbInput): void {
    input.string();
    const { listpack } = this;
    let count = 0;
    listpack.create();
    try {
      count = eachInZiplist(input.value, input.from, input.length, (buf, start, end) =>
        listpack.append(buf, start, end),
      );
    } catch (error) {
      listpack.free();
      throw error;
    }
    if (count > 0) this.addListpack(count);
    else listpack.free();
  }
}
