/**
 * What other clients feel while the data set changes as a whole: many keys inserted one by one, a mass of keys that
 * expire in the same moment, and everything flushed; and how much memory comes back. A probe of its own process
 * measures the answers to PING during each.
 */

import { text } from "../../test/support/reply";
import type { RespClient } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import { type ProbeResult, probeDuring } from "./probe";
import { residentBytes, settle, start, TITLES } from "./servers";

export interface StallRow {
  readonly server: ServerName;
  readonly insert: ProbeResult;
  readonly flush: ProbeResult;
  readonly expire: ProbeResult;
  /** Of the resident memory that the keys took, the part given back after FLUSHALL ASYNC. */
  readonly returned: number;
}

const BATCH = 1000;
/** How often DBSIZE is asked while keys expire. */
const POLL_MS = 20;
/** How long keys that all expire at once may take to go. */
const EXPIRE_LIMIT_MS = 60_000;
/** The moment of expiry, from the end of the filling. */
const EXPIRE_AFTER_MS = 500;

export async function measureStalls(names: readonly ServerName[], options: Options): Promise<StallRow[]> {
  const rows: StallRow[] = [];
  for (const name of names) {
    await using server = await start(name, options);
    await using client = await server.client();
    const row = { server: name, ...(await measureServer(server, client, options)) };
    rows.push(row);
    const max = (result: ProbeResult) => `${result.max.toFixed(1)} ms`;
    const worst = `insert ${max(row.insert)}, flush ${max(row.flush)}, expire ${max(row.expire)}`;
    console.log(`  ${TITLES[name]}: longest ${worst}; ${(row.returned * 100).toFixed(0)}% of the memory came back`);
  }
  return rows;
}

async function measureServer(
  server: TestServer,
  client: RespClient,
  options: Options,
): Promise<Omit<StallRow, "server">> {
  await settle(options);
  const empty = residentBytes(server.pid);
  const insert = await probeDuring(server, () => fill(client, options.stallKeys, ""));
  const full = residentBytes(server.pid);
  const flush = await probeDuring(server, async () => {
    await client.call("FLUSHALL", "ASYNC");
    await settle(options);
  });
  const returned = Math.max(0, full - residentBytes(server.pid)) / Math.max(1, full - empty);
  const expire = await measureExpiry(server, client, options.expiringKeys);
  return { insert, flush, expire, returned };
}

/** All keys get one moment of expiry once they are there, and the probe runs until the last one is gone. */
async function measureExpiry(server: TestServer, client: RespClient, keys: number): Promise<ProbeResult> {
  // The moment is set far enough ahead that all keys are there by then: a first filling shows how long that takes.
  const started = Date.now();
  await fill(client, keys, `PXAT ${started + 3_600_000}`);
  const at = Date.now() + 2 * (Date.now() - started) + EXPIRE_AFTER_MS;
  await fill(client, keys, `PXAT ${at}`);
  await Bun.sleep(Math.max(0, at - Date.now() - EXPIRE_AFTER_MS / 2));
  return await probeDuring(server, async () => {
    const deadline = Date.now() + EXPIRE_LIMIT_MS;
    while (text(await client.call("DBSIZE")) !== "0") {
      if (Date.now() > deadline) throw new Error(`${server.name} has not expired its keys`);
      await Bun.sleep(POLL_MS);
    }
  });
}

/** SETs keys of 15 bytes with 4-byte values, each a command of its own, in pipelines. */
async function fill(client: RespClient, keys: number, options: string): Promise<void> {
  const words = options === "" ? [] : options.split(" ");
  const tail = words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  const one = `*${3 + words.length}\r\n$3\r\nSET\r\n$15\r\nstall:000000000\r\n$4\r\nabcd\r\n${tail}`;
  const digitsAt = one.indexOf("stall:") + "stall:".length;
  for (let from = 0; from < keys; from += BATCH) {
    const count = Math.min(BATCH, keys - from);
    const batch = Buffer.from(one.repeat(count), "latin1");
    for (let i = 0; i < count; i++) {
      batch.write(String(from + i).padStart(9, "0"), i * one.length + digitsAt, "latin1");
    }
    client.send(batch);
    for (let i = 0; i < count; i++) {
      const reply = await client.readReply();
      if (reply.type !== "simple") throw new Error(`SET failed: ${text(reply)}`);
    }
  }
}
