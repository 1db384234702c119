/**
 * DEBUG DIGEST: 20 bytes that tell whether two data sets are the same, computed as Redis does, so that redbun's and
 * Redis's can be compared. What has no order (keys, members) is combined by XOR of SHA-1 sums; what has is fed back:
 *
 *     xor:  digest = digest XOR SHA1(data)
 *     mix:  digest = SHA1(digest XOR SHA1(data))
 */

import type { Database } from "../../db/database";
import type { Keyspace } from "../../db/keyspace";
import { valueTools } from "./value-tools";

const BYTES = 20;
const EXPIRES = Buffer.from("!!expire!!", "latin1");

export class Digest {
  private bytes: Buffer = Buffer.alloc(BYTES);

  xor(data: Uint8Array): void {
    const sum = sha1(data);
    for (let i = 0; i < BYTES; i++) this.bytes[i] ^= sum[i];
  }

  mix(data: Uint8Array): void {
    this.xor(data);
    this.bytes = sha1(this.bytes);
  }

  /** Combines another digest's value into this one, in any order. */
  xorDigest(other: Digest): void {
    this.xor(other.bytes);
  }

  toString(): string {
    return this.bytes.toString("hex");
  }
}

function sha1(data: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha1").update(data).digest();
}

/** A number in network byte order. */
function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
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
  db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
    const digest = new Digest();
    entries.locateKey(ref);
    digest.mix(entries.bytes.subarray(entries.at, entries.at + entries.length));
    digestValue(keyspace, ref, digest);
    total.xorDigest(digest);
  });
}
