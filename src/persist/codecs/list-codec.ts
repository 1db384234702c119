/**
 * Lists in RDB files: the number of nodes, and each node as the block that it is, a listpack or the bytes of one large
 * element. A list that is one listpack is written as one node. Older files hold ziplists, or elements one by one.
 */

import { ENCODING_LISTPACK, TYPE_LIST } from "../../db/entry";
import { Listpack } from "../../memory/listpack";
import { Quicklist } from "../../memory/quicklist";
import { listEncoding } from "../../types/list/list";
import type { EntryHead } from "../../types/string/string";
import * as format from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { listpackCount } from "./block-checks";
import { type CodecContext, EMPTY_VALUE, makeEntry, type ValueCodec } from "./codec";
import { eachInZiplist } from "./old-blocks";

export interface ListLimits {
  readonly listMaxListpackSize: number;
}

/** What an element may take in a listpack besides its text. */
const ELEMENT_OVERHEAD = 8;

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
    list.eachBlock((bytes, at, length, isPlain) => {
      out.size(isPlain ? format.QUICKLIST_PLAIN : format.QUICKLIST_PACKED);
      out.string(bytes, at, length);
    });
  }

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    const { list } = this;
    list.setFill(this.limits.listMaxListpackSize);
    if (rdbType === format.RDB_LIST || rdbType === format.RDB_LIST_ZIPLIST) list.create();
    else list.createNodes();
    try {
      this.decodeInto(input, rdbType, deep);
      list.settle();
    } catch (error) {
      list.free();
      throw error;
    }
    if (list.length > 0) return makeEntry(this.context.keyspace, head, TYPE_LIST, listEncoding(list), list.root);
    list.free();
    return EMPTY_VALUE;
  }

  private decodeInto(input: RdbInput, rdbType: number, deep: boolean): void {
    if (rdbType === format.RDB_LIST_ZIPLIST) {
      input.string();
      const push = (buf: Uint8Array, start: number, end: number): void => this.push(buf, start, end);
      eachInZiplist(input.value, input.from, input.length, push, "List ziplist");
      return;
    }
    const count = input.size();
    for (let i = 0; i < count; i++) {
      if (rdbType === format.RDB_LIST) {
        input.string();
        this.push(input.value, input.from, input.from + input.length);
      } else if (rdbType === format.RDB_LIST_QUICKLIST) {
        this.decodeZiplist(input);
      } else {
        this.decodeNode(input, deep);
      }
    }
  }

  private push(buf: Uint8Array, start: number, end: number): void {
    const { list } = this;
    list.grow(end - start + ELEMENT_OVERHEAD, 1);
    list.push(true, buf, start, end);
  }

  private decodeNode(input: RdbInput, deep: boolean): void {
    const container = input.size();
    if (container !== format.QUICKLIST_PACKED && container !== format.QUICKLIST_PLAIN) {
      throw corrupt("Quicklist integrity check failed.");
    }
    input.string();
    const { value, from, length } = input;
    if (length === 0) throw corrupt("Quicklist integrity check failed.");
    if (container === format.QUICKLIST_PLAIN) {
      this.list.addPlain(value, from, from + length);
      return;
    }
    if (deep) this.context.sanitizations++;
    const count = listpackCount(value, from, length);
    if (count < 0) throw corrupt("Listpack integrity check failed.");
    // Nodes without elements are not kept.
    if (count === 0) return;
    this.listpack.createFrom(value, from, length);
    this.addNode(count);
  }

  /** Adds the listpack that is open as a node. */
  private addNode(count: number): void {
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
    if (count > 0) this.addNode(count);
    else listpack.free();
  }
}
