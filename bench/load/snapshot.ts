/**
 * BGSAVE of many keys under a full write load: what it costs the others (requests a second, the longest answer to PING,
 * resident memory), and whether the file is exactly the data at the moment when it began.
 */

import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RespClient } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import { type ProbeResult, probeDuring } from "./probe";
import { residentBytes, settle, start, TITLES } from "./servers";
import { WriteLoad } from "./write-load";

/** What others get done, and how long they wait. */
export interface Phase {
  /** Requests a second of the write load. */
  readonly rate: number;
  readonly probe: ProbeResult;
}

export interface SnapshotRow {
  readonly server: ServerName;
  readonly keys: number;
  /** The load without BGSAVE, and with it. */
  readonly before: Phase;
  readonly during: Phase;
  /** From BGSAVE to its end. */
  readonly seconds: number;
  readonly bytesBefore: number;
  /** Of the server and its child processes together; pages that they share count once. */
  readonly bytesPeak: number;
  readonly fileBytes: number;
  /** Whether the file holds what there was when BGSAVE began. */
  readonly exact: boolean;
}

const CONNECTIONS = 50;
const PIPELINE = 16;
const SAMPLE_MS = 50;
const SAVE_LIMIT_MS = 600_000;

export async function measureSnapshots(names: readonly ServerName[], options: Options): Promise<SnapshotRow[]> {
  const rows: SnapshotRow[] = [];
  for (const name of names) {
    const row = await measureSnapshot(name, options);
    rows.push(row);
    const { before, during } = row;
    console.log(
      `  ${TITLES[name]}: ${(during.rate / 1000).toFixed(0)}k requests/s during BGSAVE (${row.seconds.toFixed(1)} s), ` +
        `${(before.rate / 1000).toFixed(0)}k before; longest PING ${during.probe.max.toFixed(1)} ms, ` +
        `${before.probe.max.toFixed(1)} before, without waiting for a processor ${during.probe.maxRunning.toFixed(1)} ` +
        `and ${before.probe.maxRunning.toFixed(1)}; memory × ${(row.bytesPeak / row.bytesBefore).toFixed(2)}; ` +
        `the file is ${row.exact ? "exact" : "WRONG"}`,
    );
  }
  return rows;
}

async function measureSnapshot(name: ServerName, options: Options): Promise<SnapshotRow> {
  const keys = options.memoryKeys;
  const folder = mkdtempSync(join(tmpdir(), "redbun-snapshot-"));
  try {
    const measured = await measureServer(name, options, folder);
    await using copy = await start(name, options, ["--dir", folder]);
    await using client = await copy.client();
    const { digest, ...row } = measured;
    return { ...row, server: name, keys, exact: (await client.text("DEBUG", "DIGEST")) === digest };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureServer(name: ServerName, options: Options, folder: string) {
  await using server = await start(name, options);
  await using client = await server.client();
  await client.text("DEBUG", "POPULATE", options.memoryKeys, "memtier-", 4);
  await settle(options);
  await using load = await WriteLoad.start(server.port, options.memoryKeys, CONNECTIONS, PIPELINE);
  // What runs for the first time is slower, and takes memory for itself.
  await loadDuring(load, server, () => Bun.sleep(options.snapshotSeconds * 500));
  const before = await loadDuring(load, server, () => Bun.sleep(options.snapshotSeconds * 1000));
  const bytesBefore = allResidentBytes(server.pid);
  const digest = await client.text("DEBUG", "DIGEST");
  let bytesPeak = bytesBefore;
  const begun = performance.now();
  await client.text("BGSAVE");
  const during = await loadDuring(load, server, async () => {
    await whileSaving(client, () => {
      bytesPeak = Math.max(bytesPeak, allResidentBytes(server.pid));
    });
  });
  const seconds = (performance.now() - begun) / 1000;
  const file = join(folder, "dump.rdb");
  renameSync(join(server.directory, "dump.rdb"), file);
  return { before, during, seconds, digest, bytesBefore, bytesPeak, fileBytes: statSync(file).size };
}

async function loadDuring(load: WriteLoad, server: TestServer, work: () => Promise<void>): Promise<Phase> {
  let rate = 0;
  const probe = await probeDuring(server, async () => {
    load.go();
    await work();
    const { requests, seconds } = await load.stop();
    rate = requests / seconds;
  });
  return { rate, probe };
}

async function whileSaving(client: RespClient, sample: () => void): Promise<void> {
  const deadline = Date.now() + SAVE_LIMIT_MS;
  for (;;) {
    sample();
    const info = await client.text("INFO", "persistence");
    if (/^rdb_bgsave_in_progress:0\r$/m.test(info)) {
      if (!/^rdb_last_bgsave_status:ok\r$/m.test(info)) throw new Error("BGSAVE has failed");
      return;
    }
    if (Date.now() > deadline) throw new Error("BGSAVE does not end");
    await Bun.sleep(SAMPLE_MS);
  }
}

/** Resident bytes of a process, and of its children what is theirs alone: Redis saves in a child. */
function allResidentBytes(pid: number): number {
  let bytes = residentBytes(pid);
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")) {
    if (child !== "") bytes += privateBytes(Number(child));
  }
  return bytes;
}

/** What a process shares with no other. */
function privateBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    let bytes = 0;
    for (const match of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)) bytes += Number(match[1]) * 1024;
    return bytes;
  } catch {
    // It has ended in between.
    return 0;
  }
}
