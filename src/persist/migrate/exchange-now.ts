/**
 * An exchange with another server during which this process stands still: what MIGRATE needs in a transaction. Bun can
 * only wait for a socket by going back to the event loop, so the exchange happens in another thread
 * (`migration-worker.ts`), and this one sleeps until that has written its result into memory that both see:
 *
 *     32 bits  0, then READY    32 bits  length    the result as JSON
 */

import type { TlsSettings } from "../../net/tls/tls-settings";
import type { ExchangeResult } from "./migration-link";

export interface Exchange {
  readonly host: string;
  readonly port: number;
  /** So long may the connection take, and so long nothing may move, ms. */
  readonly limitMs: number;
  readonly tls: TlsSettings | null;
  /** What is sent. */
  readonly chunks: readonly Uint8Array[];
  /** How many replies are expected. */
  readonly replies: number;
}

/** What the thread gets. */
export interface ExchangeJob extends Exchange {
  readonly shared: SharedArrayBuffer;
}

export const HEADER_BYTES = 8;
export const READY = 1;
const RESULT_MAX = 1 << 30;

/** In an executable the files of the bundle stand below its root. */
const WORKER = import.meta.path.endsWith(".ts") ? "./migration-worker.ts" : "./persist/migrate/migration-worker.ts";

/** Sends, and waits for so many replies. Never throws. */
export function exchangeNow(exchange: Exchange): ExchangeResult {
  const shared = new SharedArrayBuffer(HEADER_BYTES, { maxByteLength: RESULT_MAX });
  const header = new Int32Array(shared, 0, 2);
  const worker = new Worker(new URL(WORKER, import.meta.url).href);
  try {
    const job: ExchangeJob = { ...exchange, shared };
    worker.postMessage(job);
    Atomics.wait(header, 0, 0);
    return JSON.parse(Buffer.from(shared, HEADER_BYTES, header[1]).toString("latin1"));
  } finally {
    worker.terminate();
  }
}
