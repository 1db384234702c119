/**
 * Large values of a snapshot as commands (`aof-use-rdb-preamble no`), in slices as in an RDB file: see LargeValue. What is
 * frozen, guarded and kept is the same; here is what the parts are written as. The order of the commands of one key follows
 * from that of its parts, and elements of dicts have none.
 *
 * The key is copied, as it may be gone when its value is written, and so is its expiry: PEXPIREAT comes last.
 */

import {
  ENCODING_HASHTABLE_EX,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "../../db/entry";
import { Dict } from "../../memory/dict";
import { IdTree } from "../../memory/id-tree";
import { Listpack } from "../../memory/listpack";
import type { QuicklistNodes } from "../../memory/quicklist-nodes";
import { StringBlocks } from "../../memory/string-block";
import { FieldBlocks, NO_FIELD_EXPIRY } from "../../types/hash/hash-field";
import { hashType } from "../../types/hash/hash-type";
import type { StreamNode } from "../../types/stream/stream-node";
import { IndexedZset } from "../../types/zset/zset-indexed";
import { formatShortest } from "../../util/doubles";
import { int64ToBigInt } from "../../util/integers";
import type { StreamId } from "../../util/stream-id";
import type { DictElements } from "../rdb/codecs/codec";
import { RdbOutput } from "../rdb/rdb-output";
import type { ValueCodecs } from "../rdb/value-codecs";
import { largeDict } from "../snapshot/large-dict";
import type { GroupFormat } from "../snapshot/large-group";
import { LargeList } from "../snapshot/large-list";
import { LargeStream } from "../snapshot/large-stream";
import { LargeString } from "../snapshot/large-string";
import type { LargeFrame, LargeValue, LargeWriter } from "../snapshot/large-value";
import { CommandBatch } from "./command-batch";
import { CommandOutput } from "./command-output";
import { StreamCommands } from "./stream-commands";

/** See SnapshotWriter.freeze. */
export function freezeAsCommands(
  codecs: ValueCodecs,
  writer: LargeWriter,
  ref: number,
  database: number,
  failed: (error: unknown) => void,
): LargeValue | null {
  if (codecs.large(ref) === null) return null;
  const { entries, keyspace } = codecs;
  entries.locateKey(ref);
  const key = Buffer.from(entries.bytes.subarray(entries.at, entries.at + entries.length));
  const early = new RdbOutput(false);
  const tail = new RdbOutput(false);
  const frame = { keyspace, writer, database, root: entries.valueWord(ref, 0), early, tail, failed };
  const value = freeze(codecs, ref, key, frame);
  if (entries.hasExpiry(ref)) {
    const commands = new CommandOutput(tail);
    commands.command(3, "PEXPIREAT");
    commands.bulk(key, 0, key.length);
    commands.text(String(int64ToBigInt(entries.expiryHi(ref), entries.expiryLo(ref))));
  }
  return value;
}

type Frame = LargeFrame & { readonly tail: RdbOutput };

function freeze({ entries, keyspace }: ValueCodecs, ref: number, key: Buffer, frame: Frame): LargeValue {
  switch (entries.type(ref)) {
    case TYPE_STRING:
      return freezeString(frame, key, entries.valueWord(ref, 1));
    case TYPE_LIST:
      return freezeList(frame, key);
    case TYPE_SET:
      return largeDict(setElements(frame, key)).freeze(frame);
    case TYPE_ZSET:
      return largeDict(zsetElements(frame, key)).freeze(frame);
    case TYPE_HASH: {
      const { timers } = hashType(keyspace).hashes;
      const isTimed = entries.encoding(ref) === ENCODING_HASHTABLE_EX;
      const root = isTimed ? timers.inner(frame.root) : frame.root;
      return largeDict(hashElements(frame, key, root)).freeze(frame);
    }
    case TYPE_STREAM:
      return freezeStream(frame, key);
    default:
      throw new Error("no large value is of another type");
  }
}

function freezeString(frame: Frame, key: Buffer, length: number): LargeValue {
  const head = new CommandOutput(frame.early);
  head.command(3, "SET");
  head.bulk(key, 0, key.length);
  head.bulkLength(length);
  new CommandOutput(frame.tail).bulkEnd();
  return new LargeString(frame, length, () => {});
}

function freezeList(frame: Frame, key: Buffer): LargeValue {
  const batch = new CommandBatch("RPUSH", 1, key);
  const listpack = new Listpack(frame.keyspace.heap);
  const writeNode = (out: RdbOutput, nodes: QuicklistNodes, node: number): void => {
    if (nodes.isPlain(node)) {
      batch.element(out);
      nodes.visit(node, (bytes, at, length) => batch.args.bulk(bytes, at, length));
    } else {
      nodes.openListpack(node, listpack);
      for (let p = listpack.first(); p !== 0; p = listpack.next(p)) {
        batch.element(out);
        listpack.read(p);
        batch.args.bulk(listpack.value, listpack.at, listpack.length);
      }
    }
    batch.finish(out);
  };
  return new LargeList(frame, writeNode);
}

function setElements({ keyspace, root }: Frame, key: Buffer): DictElements {
  const batch = new CommandBatch("SADD", 1, key);
  const blocks = new StringBlocks(keyspace.heap);
  const dict = new Dict(keyspace.heap, keyspace.hasher, blocks);
  return elementsOf(dict, root, batch, (block) => {
    blocks.locate(block);
    batch.args.bulk(blocks.bytes, blocks.at, blocks.length);
  });
}

function zsetElements({ keyspace, root }: Frame, key: Buffer): DictElements {
  const batch = new CommandBatch("ZADD", 2, key);
  const { blocks, dict } = new IndexedZset(keyspace.heap, keyspace.hasher);
  return elementsOf(dict, IndexedZset.dictOf(keyspace.heap, root), batch, (block) => {
    batch.args.text(formatShortest(blocks.score(block)));
    blocks.locate(block);
    batch.args.bulk(blocks.bytes, blocks.at, blocks.length);
  });
}

function hashElements({ keyspace }: Frame, key: Buffer, root: number): DictElements {
  const batch = new CommandBatch("HMSET", 2, key);
  const blocks = new FieldBlocks(keyspace.heap);
  const dict = new Dict(keyspace.heap, keyspace.hasher, blocks);
  return elementsOf(dict, root, batch, (block) => {
    blocks.locateField(block);
    batch.args.bulk(blocks.bytes, blocks.at, blocks.length);
    blocks.locateValue(block);
    batch.args.bulk(blocks.bytes, blocks.at, blocks.length);
    const expireAt = blocks.expireAt(block);
    if (expireAt === NO_FIELD_EXPIRY) return;
    const { after } = batch;
    after.command(6, "HPEXPIREAT");
    after.bulk(key, 0, key.length);
    for (const text of [String(expireAt), "FIELDS", "1"]) after.text(text);
    blocks.locateField(block);
    after.bulk(blocks.bytes, blocks.at, blocks.length);
  });
}

function elementsOf(dict: Dict, root: number, batch: CommandBatch, write: (block: number) => void): DictElements {
  return {
    dict,
    root,
    write(out, block) {
      batch.element(out);
      write(block);
    },
    finish: (out) => batch.finish(out),
  };
}

/** An XCLAIM takes ten times as long as a pending entry in a file. */
const CLAIMS_PER_LOOK = 64;

function freezeStream(frame: Frame, key: Buffer): LargeValue {
  const { root } = frame;
  const { heap } = frame.keyspace;
  const figures = new RdbOutput(false);
  const commands = new CommandOutput(frame.early);
  const stream = new StreamCommands(heap, commands, () => commands.bulk(key, 0, key.length));
  stream.writeHead(root);
  commands.out = figures;
  stream.writeIds(root);
  const kept = new IdTree(heap);
  kept.create();
  const to = (out: RdbOutput): StreamCommands => {
    commands.out = out;
    return stream;
  };
  const groups: GroupFormat = {
    itemsPerLook: CLAIMS_PER_LOOK,
    // Each entry says whose it is.
    listsOwned: false,
    writeHead: (out, _, { ref, lastId, readHi, readLo }) => to(out).writeGroupHead(ref, lastId, readHi, readLo),
    writePending: (out, _, head, id, ref) => to(out).writePending(head.ref, id, ref),
    endPending() {},
    writeConsumer(out, _, head, ref, __, owned) {
      if (owned === null) to(out).writeConsumer(head.ref, ref);
    },
    writeOwned() {},
  };
  const writeNode = (out: RdbOutput, masterId: StreamId, node: StreamNode): void => {
    node.masterId.copy(masterId);
    to(out).writeNode(node);
  };
  return new LargeStream(frame, kept, figures, stream.groupRefs(root), { groups, writeNode });
}
