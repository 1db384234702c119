/** CONFIG in process: what a CONFIG SET brings about, RESETSTAT, and REWRITE. */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOG_DEBUG, LOG_NOTHING, LOG_NOTICE } from "../../src/admin/process/logger";
import { InProcess } from "../support/in-process";
import { array, bulk, error, map, OK, text } from "../support/reply";
import { parseInfo } from "../support/server";

describe("CONFIG GET and SET", () => {
  test("are a flat array in RESP2 and a map in RESP3", () => {
    const redbun = new InProcess();
    expect(redbun.run("CONFIG GET maxclients")).toEqual(array(bulk("maxclients"), bulk("10000")));
    expect(redbun.run("HELLO 3", "CONFIG GET maxclients")).toEqual(map([bulk("maxclients"), bulk("10000")]));
  });

  test("take effect at once", () => {
    const redbun = new InProcess();
    const { keyspace, expireCycle, dispatcher, log } = redbun.server;
    const set = (name: string, value: string): void => expect(redbun.call("CONFIG", "SET", name, value)).toEqual(OK);
    set("active-expire-effort", "7");
    expect(expireCycle.effort).toBe(7);
    set("maxmemory-policy", "allkeys-lfu");
    set("lfu-log-factor", "3");
    set("lfu-decay-time", "9");
    expect([keyspace.access.lfu, keyspace.access.logFactor, keyspace.access.decayMinutes]).toEqual([true, 3, 9]);
    set("lazyfree-lazy-expire", "yes");
    expect(keyspace.lazyExpire).toBe(true);
    set("latency-tracking", "no");
    expect(dispatcher.trackLatency).toBe(false);
    expect(log.level).toBe(LOG_NOTHING);
    log.level = LOG_NOTICE;
    set("loglevel", "debug");
    expect(log.level).toBe(LOG_DEBUG);
    log.level = LOG_NOTHING;
  });

  test("have effect at the start, too", () => {
    const { server } = new InProcess({
      requirepass: "x",
      "active-expire-effort": "4",
      "maxmemory-policy": "volatile-lfu",
    });
    expect(server.acl.authenticationRequired).toBe(true);
    expect(server.expireCycle.effort).toBe(4);
    expect(server.keyspace.access.lfu).toBe(true);
  });

  test("a refused CONFIG SET has none", () => {
    const redbun = new InProcess();
    expect(redbun.run("CONFIG SET requirepass x maxclients 0").type).toBe("error");
    expect(redbun.server.acl.authenticationRequired).toBe(false);
    expect(redbun.run("CONFIG SET requirepass")).toEqual(
      error("ERR wrong number of arguments for 'config|set' command"),
    );
    expect(redbun.run("CONFIG SET requirepass x maxclients")).toEqual(error("ERR syntax error"));
  });
});

test("CONFIG RESETSTAT empties counters and keeps state", () => {
  const redbun = new InProcess();
  redbun.run("SET k v", "GET k", "GET missing", "NOSUCH", "SET gone v PX 1");
  redbun.clock.advance(10);
  redbun.run("GET gone");
  const before = parseInfo(redbun.run("INFO stats"));
  expect([before.get("keyspace_hits"), before.get("keyspace_misses"), before.get("expired_keys")]).toEqual([
    "1",
    "2",
    "1",
  ]);
  redbun.run("CONFIG RESETSTAT");
  const after = parseInfo(redbun.run("INFO stats"));
  for (const name of ["keyspace_hits", "keyspace_misses", "expired_keys", "total_error_replies"]) {
    expect([name, after.get(name)]).toEqual([name, "0"]);
  }
  // CONFIG RESETSTAT itself was counted after it had emptied the counters.
  expect(after.get("total_commands_processed")).toBe("1");
  expect(text(redbun.run("INFO keyspace"))).toContain("db0:keys=1,");
  expect(parseInfo(redbun.run("INFO persistence")).get("rdb_changes_since_last_save")).not.toBe("0");
});

describe("CONFIG REWRITE", () => {
  const folder = mkdtempSync(join(tmpdir(), "redbun-rewrite-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("writes what was set, where there is a file", () => {
    const redbun = new InProcess({ "enable-debug-command": "yes" });
    expect(redbun.run("CONFIG REWRITE")).toEqual(error("ERR The server is running without a config file"));
    expect(redbun.run("DEBUG CONFIG-REWRITE-FORCE-ALL")).toEqual(
      error("ERR CONFIG-REWRITE-FORCE-ALL failed: Bad address"),
    );
    const path = join(folder, "redis.conf");
    writeFileSync(path, "# mine\nmaxclients 5\n");
    redbun.server.config.configFile = path;
    redbun.run("CONFIG SET maxclients 77 timeout 9");
    expect(redbun.run("CONFIG REWRITE")).toEqual(OK);
    const rewritten = readFileSync(path, "latin1");
    expect(rewritten).toStartWith("# mine\nmaxclients 77\n");
    expect(rewritten).toContain("\ntimeout 9\n");
    expect(rewritten).not.toContain("\nhz ");
    expect(redbun.run("DEBUG CONFIG-REWRITE-FORCE-ALL")).toEqual(OK);
    expect(readFileSync(path, "latin1")).toContain("\nhz 10\n");
  });

  test("says why it cannot", () => {
    const redbun = new InProcess();
    redbun.server.config.configFile = join(folder, "no", "such", "redis.conf");
    expect(redbun.run("CONFIG REWRITE")).toEqual(error("ERR Rewriting config file: No such file or directory"));
  });
});
