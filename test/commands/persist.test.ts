/** DUMP and RESTORE in process: expiry, access bits, events, damaged payloads. */

import { beforeEach, describe, expect, test } from "bun:test";
import { EVENT_GENERIC } from "../../src/db/keyspace";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { sealed } from "../support/rdb-payload";
import { bulk, error, integer, NULL_BULK, OK, type Reply, text } from "../support/reply";

let redbun: InProcess;
beforeEach(() => {
  redbun = new InProcess();
});

/** Values that make every encoding of strings. */
const STRINGS: readonly string[] = [
  "",
  "v",
  "12345",
  "-1",
  "9223372036854775807",
  "01",
  "x".repeat(44),
  "x".repeat(45),
  "ab".repeat(3000),
  "z".repeat(100_000),
];

function dump(key: string): Uint8Array {
  return Buffer.from(text(redbun.call("DUMP", key)), "latin1");
}

describe("DUMP and RESTORE", () => {
  test("give the same value in the same encoding", () => {
    for (const value of STRINGS) {
      redbun.call("SET", "k", value);
      expect(redbun.call("RESTORE", "copy", "0", dump("k"), "REPLACE")).toEqual(OK);
      expect(redbun.call("GET", "copy")).toEqual(bulk(value));
      expect(redbun.encoding("copy")).toBe(redbun.encoding("k"));
    }
  });

  test("a missing key has no payload", () => expect(redbun.run("DUMP k")).toEqual(NULL_BULK));

  test("a key that is there needs REPLACE", () => {
    redbun.run("SET k v");
    const payload = dump("k");
    redbun.run("SET k w PX 1000");
    expect(redbun.call("RESTORE", "k", "0", payload)).toEqual(error("BUSYKEY Target key name already exists."));
    expect(redbun.call("RESTORE", "k", "0", payload, "REPLACE")).toEqual(OK);
    expect(redbun.run("GET k")).toEqual(bulk("v"));
    expect(redbun.expireAt("k")).toBe(-1);
  });

  test("a TTL is a span, or a time with ABSTTL; 0 is none", () => {
    redbun.run("SET k v");
    const payload = dump("k");
    redbun.call("RESTORE", "a", "5000", payload);
    expect(redbun.expireAt("a")).toBe(redbun.clock.now() + 5000);
    const time = redbun.clock.now() + 7000;
    redbun.call("RESTORE", "b", String(time), payload, "ABSTTL");
    expect(redbun.expireAt("b")).toBe(time);
    redbun.call("RESTORE", "c", "0", payload, "ABSTTL");
    expect(redbun.expireAt("c")).toBe(-1);
    redbun.call("RESTORE", "d", "9223372036854775807", payload, "ABSTTL");
    expect(redbun.run("PEXPIRETIME d")).toEqual(integer(9223372036854775807n));
  });

  test("what has expired already is not restored, and replaces by nothing", () => {
    redbun.run("SET k v");
    const payload = dump("k");
    const events = redbun.recordEvents();
    const { dirty } = redbun.keyspace;
    expect(redbun.call("RESTORE", "new", "1", payload, "ABSTTL")).toEqual(OK);
    expect(redbun.entry("new")).toBe(0);
    expect(events).toEqual([]);
    expect(redbun.call("RESTORE", "k", "1", payload, "ABSTTL", "REPLACE")).toEqual(OK);
    expect(redbun.entry("k")).toBe(0);
    expect(events).toEqual([{ event: "del", key: "k", eventClass: EVENT_GENERIC, change: true }]);
    expect(redbun.keyspace.dirty).toBe(dirty + 1);
  });

  test("announce one change", () => {
    redbun.run("SET k v");
    const payload = dump("k");
    const events = redbun.recordEvents();
    const { dirty } = redbun.keyspace;
    redbun.call("RESTORE", "new", "1000", payload);
    expect(events).toEqual([{ event: "restore", key: "new", eventClass: EVENT_GENERIC, change: true }]);
    expect(redbun.keyspace.dirty).toBe(dirty + 1);
  });

  test("IDLETIME and FREQ set what their policy keeps", () => {
    redbun.run("SET k v");
    const payload = dump("k");
    redbun.call("RESTORE", "idle", "0", payload, "IDLETIME", "1000");
    expect(redbun.run("OBJECT IDLETIME idle")).toEqual(integer(1000));
    redbun.call("RESTORE", "other", "0", payload, "FREQ", "100");
    expect(redbun.run("OBJECT IDLETIME other")).toEqual(integer(0));
    redbun.run("CONFIG SET maxmemory-policy allkeys-lfu");
    redbun.call("RESTORE", "often", "0", payload, "FREQ", "100");
    expect(redbun.run("OBJECT FREQ often")).toEqual(integer(100));
  });
});

describe("damaged payloads", () => {
  const CHECKSUM = error("ERR DUMP payload version or checksum are wrong");

  function restore(payload: Uint8Array): Reply {
    return redbun.call("RESTORE", "copy", "0", payload, "REPLACE");
  }

  test("every changed byte and every missing end is noticed", () => {
    for (const value of ["v", "12345", "ab".repeat(20)]) {
      redbun.call("SET", "k", value);
      const payload = Buffer.from(dump("k"));
      for (let at = 0; at < payload.length; at++) {
        payload[at] ^= 0x10;
        expect(restore(payload)).toEqual(CHECKSUM);
        payload[at] ^= 0x10;
        expect(restore(payload.subarray(0, at))).toEqual(CHECKSUM);
      }
    }
    expect(redbun.entry("copy")).toBe(0);
  });

  test("a newer version is refused", () => {
    redbun.run("SET k v");
    expect(restore(sealed(Buffer.from("000176", "hex"), 13))).toEqual(CHECKSUM);
    expect(restore(sealed(Buffer.from("000176", "hex"), 12))).toEqual(OK);
    expect(restore(sealed(Buffer.from("000176", "hex"), 1))).toEqual(OK);
  });

  test("with a right checksum they do no harm, and leave nothing behind", () => {
    for (const deep of ["no", "yes", "clients"]) {
      redbun.call("CONFIG", "SET", "sanitize-dump-payload", deep);
      for (const value of ["v", "12345", "ab".repeat(20), "z".repeat(9000)]) {
        redbun.call("SET", "k", value);
        const body = Buffer.from(dump("k")).subarray(0, -10);
        redbun.call("DEL", "copy");
        for (let at = 0; at < Math.min(body.length, 100); at++) {
          for (const flip of [1, 0x80, 0xff]) {
            const damaged = Buffer.from(body);
            damaged[at] ^= flip;
            restore(sealed(damaged));
          }
          restore(sealed(body.subarray(0, at)));
        }
        redbun.call("DEL", "copy");
        expectNoLeak(redbun);
      }
    }
  });

  test("a type that there is not is no data", () => {
    for (const hex of ["08", "ff00", "1a", "0600", "07810000000000000000"]) {
      expect(restore(sealed(Buffer.from(hex, "hex")))).toEqual(error("ERR Bad data format"));
    }
  });
});
