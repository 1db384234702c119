/** Writes an RDB file to an output: the fields about it, the databases, their keys, the end. */

import type { Database } from "../../db/database";
import { REDIS_VERSION } from "../../util/redis-version";
import type { LargeValue } from "../snapshot/large-value";
import * as format from "./rdb-format";
import type { RdbOutput } from "./rdb-output";
import type { ValueCodecs } from "./value-codecs";

const CHECKSUM_BYTES = 8;
/** About two milliseconds. */
const COMPRESS_MAX = 1024 * 1024;
const NO_CHECKSUM = Buffer.alloc(CHECKSUM_BYTES);

/** What is kept of the accesses to a key: it depends on maxmemory-policy what its LRU bits mean. */
export type KeptUsage = "none" | "idle" | "frequency";

export interface RdbFileFields {
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** Bytes. */
  readonly usedMemory: number;
  /** Whether commands of an AOF follow on this file. */
  readonly aofBase: boolean;
}

/** What a snapshot is written with: an RDB file, or commands that make the data anew. */
export interface SnapshotWriter {
  /** Keys written. */
  readonly keys: number;
  /** What the file begins with. */
  begin(fields: RdbFileFields, libraries: readonly Buffer[]): void;
  /** The keys of a database are about to follow, or some of them. */
  database(db: Database): void;
  select(id: number): void;
  readonly entry: (ref: number) => void;
  /** Others wait while an entry is written. */
  hurry?(): void;
  /**
   * In the place of entry(), of one in database `id`: if it takes too long to be written in one go, what goes on with it
   * later; null, and nothing is done, if not. `failed` hears of what goes wrong with it.
   */
  freeze?(ref: number, id: number, failed: (error: unknown) => void): LargeValue | null;
  /** The end: all of it is handed to the sink. */
  end(checksum: boolean): void;
}

export class RdbWriter implements SnapshotWriter {
  /** Keys written. */
  keys = 0;
  /** Bytes of a key's value (of a large one: of an element) that are compressed at most; the rest is written as it is. */
  compressMax = Number.POSITIVE_INFINITY;
  /** The database that keys written now belong to. */
  private selected = -1;

  constructor(
    private readonly codecs: ValueCodecs,
    readonly out: RdbOutput,
    private readonly usage: KeptUsage,
  ) {}

  hurry(): void {
    this.compressMax = COMPRESS_MAX;
  }

  /** What a file begins with: its version and fields, and libraries of functions as they are. */
  begin(fields: RdbFileFields, libraries: readonly Buffer[]): void {
    const { out } = this;
    const magic = `${format.RDB_MAGIC}${String(this.codecs.fileVersion).padStart(4, "0")}`;
    out.raw(Buffer.from(magic, "latin1"), 0, magic.length);
    this.aux("redis-ver", REDIS_VERSION);
    this.aux("redis-bits", "64");
    this.aux("ctime", String(fields.createdAt));
    this.aux("used-mem", String(fields.usedMemory));
    this.aux("aof-base", fields.aofBase ? "1" : "0");
    for (const library of libraries) {
      out.byte(format.OPCODE_FUNCTION);
      out.string(library, 0, library.length);
    }
  }

  private aux(name: string, value: string): void {
    this.out.byte(format.OPCODE_AUX);
    this.out.text(name);
    this.out.text(value);
  }

  /** What stands before the keys of a database: its number, and how many keys there will be. */
  database(db: Database): void {
    const { out } = this;
    this.select(db.id);
    out.byte(format.OPCODE_RESIZE_DB);
    out.size(db.size);
    out.size(db.expires);
  }

  /** The keys that follow belong to this database. */
  select(id: number): void {
    if (id === this.selected) return;
    this.selected = id;
    this.out.byte(format.OPCODE_SELECT_DB);
    this.out.size(id);
  }

  /** A key with its value, its expiry, and what is known of its accesses. */
  readonly entry = (ref: number): void => {
    this.out.compressible = this.compressMax;
    this.metadata(this.out, ref);
    this.codecs.encodeEntry(this.out, ref);
    this.keys++;
  };

  freeze(ref: number, id: number, failed: (error: unknown) => void): LargeValue | null {
    const { codecs } = this;
    const large = codecs.large(ref);
    if (large === null) return null;
    const early = this.out.another();
    this.metadata(early, ref);
    codecs.encodeKey(early, ref);
    large.writeHead(early);
    const root = codecs.entries.valueWord(ref, 0);
    return large.freeze({ keyspace: codecs.keyspace, writer: this, database: id, root, early, tail: null, failed });
  }

  /** What stands before the type of a key. */
  private metadata(out: RdbOutput, ref: number): void {
    const { entries } = this.codecs;
    if (entries.hasExpiry(ref)) {
      out.byte(format.OPCODE_EXPIRE_MS);
      out.int64(entries.expiryHi(ref), entries.expiryLo(ref));
    }
    if (this.usage === "none") return;
    const { access } = this.codecs.keyspace;
    if (this.usage === "idle") {
      out.byte(format.OPCODE_IDLE);
      out.size(access.idleSeconds(entries.lru(ref)));
    } else {
      out.byte(format.OPCODE_FREQ);
      out.byte(access.frequency(entries.lru(ref)));
    }
  }

  /** The end, with the checksum of everything before, and all of it handed to the sink. */
  end(checksum: boolean): void {
    const { out } = this;
    out.byte(format.OPCODE_EOF);
    out.flush();
    if (checksum) out.int64(out.crc.hi, out.crc.lo);
    else out.raw(NO_CHECKSUM, 0, CHECKSUM_BYTES);
    out.flush();
  }
}
