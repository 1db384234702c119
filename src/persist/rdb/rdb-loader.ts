/**
 * Loads the keys of an RDB file into the keyspace, in steps between which the server can do something else.
 */

import { NO_EXPIRY } from "../../db/entry";
import type { EntryHead } from "../../types/string/string";
import { int64ToNumber } from "../../util/integers";
import { EMPTY_VALUE } from "./codecs/codec";
import { EntryBatch } from "./entry-batch";
import { RDB_MODULE, RDB_MODULE_2 } from "./rdb-format";
import { corrupt, RdbError, type RdbInput } from "./rdb-input";
import { ITEM_AUX, ITEM_DATABASE, ITEM_END, ITEM_KEY, ITEM_LIBRARY, ITEM_MODULE_AUX, RdbReader } from "./rdb-reader";
import type { ValueCodecs } from "./value-codecs";

/** Keys between two looks at the clock. */
const KEYS_PER_LOOK = 64;

export interface RdbLoadOptions {
  /** Whether the checksum is compared (rdbchecksum). */
  readonly checksum: boolean;
  /** sanitize-dump-payload. */
  readonly deep: boolean;
  /** A key that is there already is replaced (DEBUG RELOAD MERGE); otherwise it is an error. */
  readonly replace: boolean;
  /** Keys whose time is over are loaded, too: what follows (an AOF, a primary) will delete them. */
  readonly keepExpired: boolean;
}

/** What the loader tells of what it finds. */
export interface RdbLoadListener {
  /** A field about the file. */
  aux(name: string, value: string): void;
  /** A library of functions. */
  library(source: Buffer): void;
  /** A key without elements was passed over. */
  emptyKey(key: string): void;
  /** The file has no checksum. */
  checksumDisabled(): void;
  /** The checksum is another one than that of the bytes, both in hexadecimal. */
  checksumWrong(expected: string, found: string): void;
  /** A key was loaded; for tests of loading that takes long. */
  loaded(): void;
}

/** The file is no RDB file, or one that cannot be loaded here, as its first bytes say. */
export class RdbRefusal extends Error {}

export class RdbLoader {
  keysLoaded = 0;
  keysExpired = 0;
  emptyKeys = 0;
  readonly reader: RdbReader;
  private readonly head: EntryHead;
  private finished = false;
  private readonly batch: EntryBatch;

  /** @param now ms since the epoch: keys that expired before are left out */
  constructor(
    private readonly codecs: ValueCodecs,
    readonly input: RdbInput,
    private readonly options: RdbLoadOptions,
    private readonly listener: RdbLoadListener,
    private readonly now: number,
  ) {
    input.checksum = options.checksum;
    this.batch = new EntryBatch(options.replace);
    this.reader = new RdbReader(input);
    this.head = {
      type: 0,
      encoding: 0,
      expireAt: NO_EXPIRY,
      lru: 0,
      inlineLength: 0,
      key: this.reader.key,
      keyStart: 0,
      keyEnd: 0,
    };
  }

  /** Reads the beginning of the file. Throws RdbRefusal where it is no file that can be loaded. */
  start(): void {
    const refusal = this.reader.start();
    if (refusal !== null) throw new RdbRefusal(refusal);
  }

  /**
   * Loads until `deadline` (µs of the monotonic clock) or until `bytes` more bytes are read. Returns true when all is
   * loaded. Throws RdbError where the file is damaged, HeapFullError where there is no memory: the keys before are loaded.
   */
  step(deadline: number, bytes: number): boolean {
    const { input } = this;
    const { clock } = this.codecs.keyspace;
    const stop = input.position + bytes;
    try {
      while (!this.finished) {
        for (let i = 0; i < KEYS_PER_LOOK && !this.finished && input.position < stop; i++) this.item();
        if (input.position >= stop || clock.monotonic() >= deadline) break;
      }
    } finally {
      this.batch.flush();
    }
    return this.finished;
  }

  private item(): void {
    const { reader, listener } = this;
    switch (reader.next()) {
      case ITEM_KEY:
        this.loadKey();
        break;
      case ITEM_AUX:
        listener.aux(reader.auxName, reader.auxValue);
        break;
      case ITEM_DATABASE:
        this.checkDatabase();
        break;
      case ITEM_LIBRARY:
        listener.library(reader.library);
        break;
      case ITEM_MODULE_AUX:
        throw new RdbRefusal(
          `The RDB file contains AUX module data I can't load: no matching module '${reader.module}'`,
        );
      case ITEM_END:
        this.finish();
        break;
    }
  }

  private checkDatabase(): void {
    const { databases } = this.codecs.keyspace;
    if (this.reader.database < databases.length) return;
    throw new RdbRefusal(
      `FATAL: Data file was created with a Redis server configured to handle more than ${databases.length} databases. Exiting`,
    );
  }

  private loadKey(): void {
    const { reader, head, input } = this;
    if (reader.type === RDB_MODULE || reader.type === RDB_MODULE_2) {
      reader.readModuleName();
      throw corrupt(`The RDB file contains module data I can't load: no matching module type '${reader.module}'`);
    }
    head.key = reader.key;
    head.keyEnd = reader.keyLength;
    head.expireAt = reader.expires ? int64ToNumber(reader.expiryHi, reader.expiryLo) : NO_EXPIRY;
    head.lru = this.accessBits();
    const ref = this.codecs.decode(input, reader.type, head, this.options.deep);
    if (ref === EMPTY_VALUE) {
      this.emptyKeys++;
      this.listener.emptyKey(reader.keyText);
    } else if (reader.expires && this.isExpired()) {
      this.keysExpired++;
      this.codecs.keyspace.freeEntry(ref);
    } else {
      if (reader.expires) this.codecs.keyspace.entries.setExpiry64(ref, reader.expiryHi, reader.expiryLo);
      this.batch.add(this.codecs.keyspace.databases[reader.database], ref);
      this.keysLoaded++;
      this.listener.loaded();
    }
  }

  private isExpired(): boolean {
    return !this.options.keepExpired && this.head.expireAt < this.now;
  }

  private accessBits(): number {
    const { access } = this.codecs.keyspace;
    return access.restored(this.reader.idleSeconds, this.reader.frequency);
  }

  private finish(): void {
    const { reader, listener, input } = this;
    const result = reader.readChecksum();
    if (result === "disabled") listener.checksumDisabled();
    if (result === "wrong") {
      listener.checksumWrong(input.crc.toString(), input.value.readBigUInt64LE(input.from).toString(16));
      throw new RdbError("RDB CRC error");
    }
    this.finished = true;
  }
}
