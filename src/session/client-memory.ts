/**
 * The memory of all clients together, and which of them have most: for `used_memory`, and to end the connections that
 * take too much (`maxmemory-clients`).
 *
 * Nobody asks as long as there is no limit; then the sum is as old as the last recount. While there is one (`counting`),
 * each connection says so when its buffers have changed, after a batch of commands. Clients that may be evicted are
 * kept in buckets by the power of two of their memory, so that the largest are found without a search.
 */

import type { Client } from "./client";

/** Bucket 0 holds what takes less than twice this (as a power of two), the last one what takes more than 4 GiB. */
const SMALLEST_LOG = 15;
const LARGEST_LOG = 33;
const BUCKETS = LARGEST_LOG - SMALLEST_LOG + 1;

/** The bucket of a client that is in none. */
export const NO_BUCKET = -1;

export class ClientMemory {
  /** Bytes of all clients, as far as they have been counted. */
  total = 0;
  /** Whether changes are to be announced at once. */
  counting = false;
  /** From how many bytes on clients are evicted. */
  private limit = Number.POSITIVE_INFINITY;
  /** The limit is reached. It may be called again and again until it is not. */
  onExceeded: () => void = () => {};
  private readonly buckets: Set<Client>[] = Array.from({ length: BUCKETS }, () => new Set());

  /** Sets the limit, in bytes; Infinity: there is none. */
  setLimit(limit: number, clients: Iterable<Client>): void {
    this.limit = limit;
    this.recount(clients);
  }

  get isExceeded(): boolean {
    return this.total >= this.limit;
  }

  /** Takes note of what a client takes now. */
  update(client: Client): void {
    const bytes = client.memoryBytes;
    if (bytes !== client.countedBytes) {
      this.total += bytes - client.countedBytes;
      client.countedBytes = bytes;
    }
    this.sort(client);
    if (this.total >= this.limit) this.onExceeded();
  }

  /** Takes note of what all clients take now. */
  recount(clients: Iterable<Client>): void {
    for (const client of clients) this.update(client);
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.total -= client.countedBytes;
    client.countedBytes = 0;
    this.put(client, NO_BUCKET);
  }

  private sort(client: Client): void {
    this.put(client, this.limit === Number.POSITIVE_INFINITY || client.noEvict ? NO_BUCKET : bucketOf(client));
  }

  private put(client: Client, bucket: number): void {
    if (client.memoryBucket === bucket) return;
    if (client.memoryBucket !== NO_BUCKET) this.buckets[client.memoryBucket].delete(client);
    if (bucket !== NO_BUCKET) this.buckets[bucket].add(client);
    client.memoryBucket = bucket;
  }

  /** A client of the topmost bucket that has any; null: none may be evicted. */
  largest(): Client | null {
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      for (const client of this.buckets[bucket]) return client;
    }
    return null;
  }
}

function bucketOf(client: Client): number {
  const log = client.countedBytes < 1 ? 0 : Math.floor(Math.log2(client.countedBytes));
  return Math.min(Math.max(log, SMALLEST_LOG), LARGEST_LOG) - SMALLEST_LOG;
}
