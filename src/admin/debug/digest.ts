/**
 * DEBUG DIGEST: 20 bytes that tell whether two data sets are the same, computed as Redis does, so that redbun's and
 * Redis's can be compared. What has no order (keys, members) is combined by XOR of SHA-1 sums; what has is fed back:
 *
 *     xor:  digest = digest XOR SHA1(data)
 *     mix:  digest = SHA1(digest XOR SHA1(data))
 */

import type { Database } from "../../db/database";
import type { Keyspace } from "../../db/keyspace";
import { copyBytes } from "../../util/bytes";
import { valueTools } from "./value-tools";

const BYTES = 20;
const EXPIRES = Buffer.from("!!expire!!", "latin1");

// Shared by all, so that the digest of millions of keys leaves no garbage behind.
const sum = Buffer.alloc(BYTES);
const number = Buffer.alloc(4);

/** Buffers for short ranges, by length: the hash function takes whole buffers, and a view for each is garbage, too. */
const ranges: (Buffer | undefined)[] = [];
const SHORT_RANGE = 64;

/** A buffer with the bytes [start, end) of another one, valid until the next call. */
function rangeOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > SHORT_RANGE) return bytes.subarray(start, end);
  const range = ranges[length] ?? Buffer.alloc(length);
  ranges[length] = range;
  copyBytes(bytes, start, range, 0, length);
  return range;
}

export class Digest {
  private readonly bytes = Buffer.alloc(BYTES);

  /** Starts again. */
  reset(): void {
    this.bytes.fill(0);
  }

  xor(data: Uint8Array): void {
    Bun.SHA1.hash(data, sum);
    for (let i = 0; i < BYTES; i++) this.bytes[i] ^= sum[i];
  }

  /** As mix(), of the bytes [start, end) of a buffer. */
  mixRange(bytes: Uint8Array, start: number, end: number): void {
    this.mix(rangeOf(bytes, start, end));
  }

  /** As xor(), of the bytes [start, end) of a buffer. */
  xorRange(bytes: Uint8Array, start: number, end: number): void {
    this.xor(rangeOf(bytes, start, end));
  }

  mix(data: Uint8Array): void {
    this.xor(data);
    Bun.SHA1.hash(this.bytes, sum);
    sum.copy(this.bytes);
  }

  /** Combines another digest's value into this one, in any order. */
  xorDigest(other: Digest): void {
    this.xor(other.bytes);
  }

  toString(): string {
    return this.bytes.toString("hex");
  }
}

/** A number in network byte order; valid until the next call. */
function bigEndian(value: number): Buffer {
  number.writeUInt32BE(value);
  return number;
}

/** Adds type, value and expiry of an entry. */
export function digestValue(keyspace: Keyspace, ref: number, digest: Digest): void {
  digest.mix(bigEndian(keyspace.entries.type(ref)));
  valueTools(keyspace, ref).digest(keyspace, ref, digest);
  if (keyspace.entries.hasExpiry(ref)) digest.xor(EXPIRES);
}

/** The digest of everything. */
export function digestAll(keyspace: Keyspace): Digest {
  const total = new Digest();
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    total.mix(bigEndian(db.id));
    digestDatabase(db, total);
  }
  return total;
}

function digestDatabase(db: Database, total: Digest): void {
  const { keyspace } = db;
  const { entries } = keyspace;
  const digest = new Digest();
  db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
    digest.reset();
    entries.locateKey(ref);
    digest.mixRange(entries.bytes, entries.at, entries.at + entries.length);
    digestValue(keyspace, ref, digest);
    total.xorDigest(digest);
  });
}
