/**
 * How long a server takes to load an RDB file or an append-only file, as its log says: the same file for all of them,
 * written by Redis 7.0, which all of them can read. An append-only file is rewritten only where that is said: otherwise it
 * is commands from end to end.
 */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RespClient } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";
import { each, load, type Words } from "./loader";
import type { Options, ServerName } from "./options";
import { start, TITLES } from "./servers";
import { SHAPES, type Shape } from "./shapes";
import { median } from "./statistics";

/** What is loaded: a shape, from a file of one kind. */
export interface Loaded extends Pick<Shape, "name" | "title" | "elements" | "commands" | "fill"> {
  readonly file: "dump.rdb" | "appendonlydir";
  /** Comes after `fill`, when the append-only file has been rewritten. */
  readonly fillOn?: Shape["fill"];
}

const FIVE_MILLION = 5_000_000;
/** How often a server is asked whether it has rewritten its file, and for how long. */
const POLL_MS = 20;
const REWRITE_LIMIT_MS = 120_000;

const set = (i: number): Words => ["SET", `memtier-:${i}`, "abcd"];

const KEYS = {
  elements: FIVE_MILLION,
  commands: ["set"],
  fill: (n: number) => each(n, set),
} as const;

/** Elements of small collections of every type, one a command. */
const COLLECTIONS = {
  elements: 2_000_000,
  commands: ["hset", "rpush", "sadd", "zadd", "xadd"],
  fill: (n: number) => each(n, (i) => ADDITIONS[i % ADDITIONS.length](Math.floor(i / ADDITIONS.length))),
} as const;

const ADDITIONS: readonly ((i: number) => Words)[] = [
  (i) => ["HSET", `hash:${i >> 4}`, `field:${i}`, `value:${i}`],
  (i) => ["RPUSH", `list:${i >> 5}`, `value:${i}`],
  (i) => ["SADD", `set:${i >> 5}`, String(i)],
  (i) => ["ZADD", `zset:${i >> 4}`, String(i % 1000), `member:${i}`],
  (i) => ["XADD", `stream:${i >> 6}`, `${1_700_000_000_000 + i}-0`, "a", "1", "b", "2"],
];

export const LOADED: readonly Loaded[] = [
  { ...KEYS, name: "keys", title: "strings of 4 bytes", file: "dump.rdb" },
  { ...KEYS, name: "aof", title: "strings of 4 bytes, SET by SET in an append-only file", file: "appendonlydir" },
  {
    ...KEYS,
    elements: 2_000_000,
    name: "aof-base",
    title: "strings of 4 bytes, half of them in the base of an append-only file",
    file: "appendonlydir",
    fill: (n) => each(n / 2, set),
    fillOn: (n) => each(n / 2, (i) => set(n / 2 + i)),
  },
  {
    ...COLLECTIONS,
    name: "aof-elements",
    title: "elements of small collections, one a command",
    file: "appendonlydir",
  },
  // As many elements as keys: where loading takes no time that anybody notices, nothing is to be compared.
  ...SHAPES.map((shape) => ({ ...shape, elements: FIVE_MILLION, file: "dump.rdb" as const })),
];

export interface LoadingRow {
  readonly name: string;
  readonly elements: number;
  /** Seconds by server, one for each round. */
  readonly rounds: Readonly<Partial<Record<ServerName, readonly number[]>>>;
}

export async function measureLoading(
  names: readonly ServerName[],
  options: Options,
  what: readonly Loaded[],
): Promise<LoadingRow[]> {
  if (!names.includes("redis7")) throw new Error("the files to load are written by redis7");
  const rows: LoadingRow[] = [];
  for (const loaded of what) {
    const elements = Math.round(loaded.elements * options.collectionScale);
    const folder = mkdtempSync(join(tmpdir(), "redbun-loading-"));
    try {
      await makeFile(loaded, elements, folder, options);
      const row = { name: loaded.name, elements, rounds: await measureFile(names, options, loaded, folder) };
      rows.push(row);
      const figures = names.map((name) => `${TITLES[name]} ${median(row.rounds[name] ?? []).toFixed(3)}`);
      console.log(`  ${elements.toLocaleString("en-US")} × ${loaded.title}: ${figures.join(", ")} s`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function makeFile(loaded: Loaded, elements: number, folder: string, options: Options): Promise<void> {
  await using server = await start("redis7", options, argumentsFor(loaded));
  await using client = await server.client();
  await load(client, loaded.fill(elements));
  if (loaded.fillOn !== undefined) {
    await rewrite(client);
    await load(client, loaded.fillOn(elements));
  }
  // Of an append-only file nothing waits for the disk that other processes could not read.
  if (loaded.file === "dump.rdb") await client.text("SAVE");
  cpSync(join(server.directory, loaded.file), join(folder, loaded.file), { recursive: true });
}

async function rewrite(client: RespClient): Promise<void> {
  await client.text("BGREWRITEAOF");
  const deadline = Date.now() + REWRITE_LIMIT_MS;
  while (!/^aof_rewrite_in_progress:0\r$/m.test(await client.text("INFO", "persistence"))) {
    if (Date.now() > deadline) throw new Error("BGREWRITEAOF does not end");
    await Bun.sleep(POLL_MS);
  }
}

function argumentsFor({ file }: Loaded): string[] {
  return file === "dump.rdb" ? [] : ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"];
}

/** Loads the folder's file, the servers in turn. */
async function measureFile(names: readonly ServerName[], options: Options, loaded: Loaded, folder: string) {
  const rounds: Partial<Record<ServerName, number[]>> = {};
  for (let round = 0; round < options.loadingRounds; round++) {
    for (const name of names) {
      await using server = await start(name, options, [...argumentsFor(loaded), "--dir", folder]);
      const list = rounds[name] ?? [];
      rounds[name] = list;
      list.push(await loadSeconds(server));
    }
  }
  return rounds;
}

async function loadSeconds(server: TestServer): Promise<number> {
  const line = await server.waitForLog(/DB loaded from (disk|append only file): /);
  return Number(/([0-9.]+) seconds/.exec(line)?.[1]);
}
