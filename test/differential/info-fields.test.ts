/**
 * INFO has every field that Redis has, in its sections: monitoring looks fields up by name. What is missing is named
 * here with its reason. And each field has a value of the same kind: a number where Redis has one.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { text } from "../support/reply";
import { type Peer, requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";

/** Sections by heading: names and values. */
type Sections = Map<string, Map<string, string>>;

/** Fields that redbun does not have, by peer. */
const MISSING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  redis7: {},
  redis8: {
    allocator_muzzy: "of 7.4: pages between two states of jemalloc",
    mem_replica_full_sync_buffer: "of 8.0",
    mem_overhead_db_hashtable_rehashing: "of 7.4: redbun's tables grow by a segment at a time and are never rehashed",
    evicted_scripts: "of 7.4",
    allocator_allocated_lua: "of 8.0: an allocator for scripts alone",
    allocator_active_lua: "of 8.0",
    allocator_resident_lua: "of 8.0",
    allocator_frag_bytes_lua: "of 8.0",
    module: "of 8.0, a module of its own",
    io_thread_0: "of 8.0: threads",
    db0_distrib_strings_sizes: "of 8.0: sizes of keys",
    db0_distrib_lists_items: "of 8.0: sizes of keys",
  },
};

/** Sections that 7.2 does not have, and those that 7.0 does not. */
const NEW_SECTIONS = ["Threads", "Keysizes"];
const NEW_IN_7_2: Readonly<Record<string, readonly string[]>> = { redis7: ["Debug"], redis8: [] };
/** In 8.0 the fields of a module stand where 7.2 has none. */
const FREE_SECTIONS = ["Modules"];

async function infoOf(server: TestServer): Promise<Sections> {
  await using client = await server.client();
  for (const command of [
    "SET k v",
    "SET e v EX 100",
    "LPUSH l a",
    "LPUSH k a",
    "NOSUCH",
    "GET k",
    "GET m",
    "SUBSCRIBE",
  ]) {
    await client.call(...command.split(" "));
  }
  const sections: Sections = new Map();
  let current = new Map<string, string>();
  const shown = ["everything", "debug"].map(async (choice) => text(await client.call("INFO", choice)));
  for (const line of (await Promise.all(shown)).join("\r\n").split("\r\n")) {
    if (line.startsWith("# ")) {
      current = new Map();
      sections.set(line.slice(2), current);
    } else if (line !== "") {
      current.set(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1));
    }
  }
  return sections;
}

/** What kind of value it is: readers parse numbers. */
function kindOf(value: string): string {
  if (/^-?\d+$/.test(value)) return "integer";
  if (/^-?\d+\.\d+$/.test(value)) return "decimal";
  if (/^-?\d+\.\d+%$/.test(value)) return "percentage";
  if (/^\d+(?:\.\d+)?[BKMGT]$/.test(value)) return "size";
  // Several figures in one value: their names.
  if (value.includes("=")) return value.replace(/=[^,]*/g, "");
  return "text";
}

/** INFO tells more where there is an append-only file. */
const WITH_AOF = { args: ["--appendonly", "yes"] };

let ours: Sections;
let server: TestServer;

beforeAll(async () => {
  server = await startRedbun(WITH_AOF);
  ours = await infoOf(server);
});
afterAll(async () => {
  await server.stop();
});

for (const peer of ["redis7", "redis8"] satisfies Peer[]) {
  describe.if(requireRedis(peer))(`beside ${peer}`, () => {
    let theirs: Sections;
    beforeAll(async () => {
      await using other = await startRedis(peer, WITH_AOF);
      theirs = await infoOf(other);
    });

    test("the sections are the same, in the same order", () => {
      const then = [...ours.keys()].filter((name) => !NEW_IN_7_2[peer].includes(name));
      expect(then).toEqual([...theirs.keys()].filter((name) => !NEW_SECTIONS.includes(name)));
    });

    test("no field is missing that is not named with a reason", () => {
      const missing: string[] = [];
      for (const [section, fields] of theirs) {
        if (FREE_SECTIONS.includes(section)) continue;
        for (const name of fields.keys()) if (!ours.get(section)?.has(name)) missing.push(name);
      }
      expect(missing.filter((name) => MISSING[peer][name] === undefined)).toEqual([]);
      const known = new Set([...theirs.values()].flatMap((fields) => [...fields.keys()]));
      // What is there need not be excused.
      const here = new Set([...ours.values()].flatMap((fields) => [...fields.keys()]));
      expect(Object.keys(MISSING[peer]).filter((name) => here.has(name) || !known.has(name))).toEqual([]);
    });

    test("each field has a value of the same kind", () => {
      const different: string[] = [];
      for (const [section, fields] of theirs) {
        for (const [name, value] of fields) {
          const own = ours.get(section)?.get(name);
          if (own === undefined || kindOf(own) === kindOf(value) || FREE_TEXTS.includes(name)) continue;
          different.push(`${name}: ${own}, not ${value}`);
        }
      }
      expect(different).toEqual([]);
    });
  });
}

/** Hexadecimal digits, which may all be decimal ones; and fields that have grown after 7.2. */
const FREE_TEXTS = ["redis_git_sha1", "redis_build_id", "run_id", "master_replid", "gcc_version", "db0"];
