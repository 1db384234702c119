/** The RDB file of a server without a process: saving, loading, INFO, damaged files. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOG_NOTICE } from "../../src/admin/process/logger";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { bulk, error, integer, OK, simple, text } from "../support/reply";
import { parseInfo } from "../support/server";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-rdb-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(directives: Readonly<Record<string, string>> = {}): InProcess {
  return new InProcess({ dir: folder, "enable-debug-command": "yes", ...directives });
}

const path = (): string => join(folder, "dump.rdb");
const digest = (redbun: InProcess): string => text(redbun.run("DEBUG DIGEST"));

/** Strings of every encoding, with and without expiry, in two databases. */
function fill(redbun: InProcess): void {
  const values = ["", "v", "12345", "-9223372036854775808", "x".repeat(50), "ab".repeat(4000), "z".repeat(300_000)];
  for (const [i, value] of values.entries()) redbun.call("SET", `k${i}`, value);
  redbun.call("SET", "later", "v", "PX", "100000");
  redbun.run("PEXPIREAT k1 9223372036854775807");
  redbun.call("SET", Buffer.from([0, 255, 13, 10]), "binary");
  redbun.call("SET", "k".repeat(70_000), "long key");
  redbun.run("SELECT 9", "SET other 1", "SELECT 0");
}

describe("SAVE", () => {
  test("writes a file that another server loads, whatever is compressed and summed up", async () => {
    for (const off of ["", "rdbcompression", "rdbchecksum", "rdb-save-incremental-fsync"]) {
      const redbun = start(off === "" ? {} : { [off]: "no" });
      fill(redbun);
      expect(redbun.run("SAVE")).toEqual(OK);
      expect(readdirSync(folder)).toEqual(["dump.rdb"]);
      const other = start();
      expect(await other.server.loadData()).toBe("loaded");
      expect(digest(other)).toBe(digest(redbun));
      expect(other.run("PEXPIRETIME k1")).toEqual(integer(9223372036854775807n));
      expectNoLeak(other);
      expect(parseInfo(other.run("INFO keyspace")).get("db9")).toBe("keys=1,expires=0,avg_ttl=0");
    }
  });

  test("counts, and forgets the changes", () => {
    const redbun = start();
    redbun.run("SET a 1", "SET b 2");
    expect(parseInfo(redbun.run("INFO persistence")).get("rdb_changes_since_last_save")).toBe("2");
    redbun.clock.advance(10_000);
    redbun.run("SAVE");
    const info = parseInfo(redbun.run("INFO persistence"));
    expect(info.get("rdb_changes_since_last_save")).toBe("0");
    expect(info.get("rdb_saves")).toBe("1");
    const now = Math.floor(redbun.clock.now() / 1000);
    expect(info.get("rdb_last_save_time")).toBe(String(now));
    expect(redbun.run("LASTSAVE")).toEqual(integer(now));
  });

  test("that fails leaves the old file, and nothing else", () => {
    const redbun = start();
    redbun.run("SET a 1", "SAVE");
    const before = readFileSync(path());
    redbun.run("SET a 2");
    // Its temporary name is taken by a folder.
    mkdirSync(join(folder, `temp-${process.pid}.rdb`));
    expect(redbun.run("SAVE")).toEqual(error("ERR"));
    expect(readFileSync(path()).equals(before)).toBe(true);
    expect(redbun.keyspace.dirty).toBe(1);
    rmSync(join(folder, `temp-${process.pid}.rdb`), { recursive: true });
    // Its name is.
    mkdirSync(join(folder, "taken"));
    expect(start({ dbfilename: "taken" }).run("SAVE")).toEqual(error("ERR"));
    expect(readdirSync(folder).sort()).toEqual(["dump.rdb", "taken"]);
  });

  test("keeps idle times and frequencies where a policy needs them", async () => {
    const lru = start({ "maxmemory-policy": "allkeys-lru" });
    lru.server.keyspace.access.update(lru.clock.now());
    lru.run("SET k v");
    lru.clock.advance(500_000);
    lru.server.keyspace.access.update(lru.clock.now());
    lru.run("SAVE");
    const lruToo = start({ "maxmemory-policy": "allkeys-lru" });
    await lruToo.server.loadData();
    expect(lruToo.run("OBJECT IDLETIME k")).toEqual(integer(500));

    const lfu = start({ "maxmemory-policy": "volatile-lfu" });
    lfu.run("SET k v", "SAVE");
    const lfuToo = start({ "maxmemory-policy": "volatile-lfu" });
    await lfuToo.server.loadData();
    expect(lfuToo.run("OBJECT FREQ k")).toEqual(lfu.run("OBJECT FREQ k"));
  });
});

describe("loading", () => {
  test("without a file is no error", async () => {
    expect(await start().server.loadData()).toBe("missing");
  });

  test("leaves out what has expired", async () => {
    const redbun = start();
    redbun.run("SET a 1 PX 1000", "SET b 2 PX 100000", "SET c 3", "SAVE");
    const other = start();
    other.clock.advance(1001);
    await other.server.loadData();
    expect(other.run("DBSIZE")).toEqual(integer(2));
    const info = parseInfo(other.run("INFO persistence"));
    expect(info.get("rdb_last_load_keys_expired")).toBe("1");
    expect(info.get("rdb_last_load_keys_loaded")).toBe("2");
    expectNoLeak(other);
  });

  test("goes in slices, between which the server answers", async () => {
    const redbun = start();
    redbun.run("DEBUG POPULATE 2000", "SAVE");
    const other = start({ "loading-process-events-interval-bytes": "1024" });
    const done = other.server.loadData();
    let slices = 0;
    while (other.server.persistence.loading) {
      slices++;
      expect(other.run("GET key:0")).toEqual(error("LOADING Redis is loading the dataset in memory"));
      expect(other.run("PING").type).toBe("error");
      expect(other.run("CONFIG SET appendonly yes")).toEqual(error("LOADING Redis is loading the dataset in memory"));
      const info = parseInfo(other.run("INFO persistence"));
      expect(info.get("loading")).toBe("1");
      expect(Number(info.get("loading_loaded_bytes"))).toBeLessThanOrEqual(Number(info.get("loading_total_bytes")));
      expect(info.get("loading_eta_seconds")).toBe("1");
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(await done).toBe("loaded");
    expect(slices).toBeGreaterThan(20);
    expect(digest(other)).toBe(digest(redbun));
    expect(parseInfo(other.run("INFO persistence")).has("loading_start_time")).toBe(false);
  });

  test("keeps libraries of functions, and saves them again", async () => {
    const redbun = start();
    redbun.run("SET k v", "SAVE");
    const library = "#!lua name=mine\nredis.register_function('f', function() return 1 end)";
    writeFileSync(path(), withLibrary(readFileSync(path()), library));
    const other = start();
    expect(await other.server.loadData()).toBe("loaded");
    other.run("SAVE");
    expect(readFileSync(path()).includes("#!lua name=mine")).toBe(true);
  });
});

/** A file with a library before its first database, without a checksum. */
function withLibrary(file: Buffer, source: string): Buffer {
  const at = file.indexOf(Buffer.from([254, 0, 251]));
  const length = Buffer.from([0x40 | (source.length >>> 8), source.length & 0xff]);
  const library = Buffer.concat([Buffer.from([245]), length, Buffer.from(source)]);
  return Buffer.concat([file.subarray(0, at), library, file.subarray(at, -8), Buffer.alloc(8)]);
}

describe("damaged files", () => {
  test("every missing end and every changed byte is noticed, does no harm, and leaves nothing behind", () => {
    const redbun = start();
    redbun.run("SET a 1", "SET b 12345 PX 100000", "SELECT 2");
    redbun.call("SET", "c", "ab".repeat(100));
    redbun.run("SAVE");
    const whole = readFileSync(path());
    const other = start();
    for (let at = 0; at < whole.length; at++) {
      writeFileSync(path(), whole.subarray(0, at));
      other.run("FLUSHALL");
      expect(["refused", "damaged"]).toContain(load(other));
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] ^= flip;
        writeFileSync(path(), damaged);
        other.run("FLUSHALL");
        // Files before version 5 have no checksum: the version itself is what is not protected.
        if (at < 5 || at > 8) expect(["refused", "damaged"]).toContain(load(other));
        else load(other);
        expectNoLeak(other);
        expect(readFileSync(path()).equals(damaged)).toBe(true);
      }
    }
    expect(other.server.persistence.loading).toBe(false);
  });

  function load(redbun: InProcess): string {
    return redbun.server.persistence.loadNow({ replace: false, keepExpired: false });
  }

  test("DEBUG RELOAD is a notice in the log: nothing is wrong", () => {
    const redbun = start();
    const { log } = redbun.server;
    log.level = LOG_NOTICE;
    log.file = join(folder, "log");
    redbun.run("SET a 1", "DEBUG RELOAD");
    expect(readFileSync(log.file, "utf8")).toMatch(/ \* DB reloaded by DEBUG RELOAD\n/);
  });

  test("a key that is there twice is one, unless it may replace", () => {
    const redbun = start();
    redbun.run("SET a 1", "SAVE");
    expect(redbun.run("DEBUG RELOAD NOSAVE NOFLUSH")).toEqual(
      error("ERR Error trying to load the RDB dump, check server logs."),
    );
    expect(redbun.run("DEBUG RELOAD NOSAVE NOFLUSH MERGE")).toEqual(OK);
    expect(redbun.run("GET a")).toEqual(bulk("1"));
  });

  test("a file with more databases than there are is refused", () => {
    const redbun = start();
    redbun.run("SELECT 9", "SET a 1", "SAVE");
    expect(load(start({ databases: "9" }))).toBe("refused");
    expect(load(start({ databases: "10" }))).toBe("loaded");
  });
});

describe("FLUSHALL", () => {
  test("empties the file, too, where there are save points", () => {
    const redbun = start();
    redbun.call("CONFIG", "SET", "save", "3600 1");
    redbun.run("SET k v", "SAVE");
    const before = readFileSync(path()).length;
    redbun.run("SET l v", "FLUSHALL");
    expect(readFileSync(path()).length).toBeLessThan(before);
    expect(redbun.keyspace.dirty).toBe(0);
  });

  test("writes nothing where there are none", () => {
    const redbun = start();
    redbun.run("SET k v", "FLUSHALL");
    expect(existsSync(path())).toBe(false);
    expect(redbun.run("TYPE k")).toEqual(simple("none"));
  });
});
