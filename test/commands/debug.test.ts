/** DEBUG in process: who may, POPULATE, digests. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, OK, simple, text } from "../support/reply";

const ALLOWED = { "enable-debug-command": "yes" };
const NOTHING = "0".repeat(40);

describe("enable-debug-command", () => {
  /** A client with this address asks. */
  function ask(directive: string, address: string): string {
    const redbun = new InProcess({ "enable-debug-command": directive });
    Object.defineProperty(redbun.client, "transport", { value: { ...redbun.client.transport, address } });
    return redbun.run("DEBUG SLEEP 0").type;
  }

  test("no: nobody; local: who is on this machine; yes: everybody", () => {
    for (const [directive, address, reply] of [
      ["no", "127.0.0.1:5", "error"],
      ["local", "127.0.0.1:5", "simple"],
      ["local", "[::1]:5", "simple"],
      ["local", "/tmp/redbun.sock:0", "simple"],
      ["local", "", "simple"],
      ["local", "192.168.1.2:5", "error"],
      ["local", "[fe80::1]:5", "error"],
      ["yes", "192.168.1.2:5", "simple"],
    ]) {
      expect([directive, address, ask(directive, address)]).toEqual([directive, address, reply]);
    }
  });

  test("the default is no, and the reply says what to do", () => {
    const reply = new InProcess().run("DEBUG OBJECT k");
    expect(text(reply)).toStartWith(
      'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local"',
    );
  });

  test("a call that is not allowed is a rejected one, as it is for Redis", () => {
    const redbun = new InProcess();
    redbun.run("DEBUG OBJECT k");
    expect(text(redbun.run("INFO commandstats"))).toContain(
      "\r\ncmdstat_debug:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n",
    );
  });
});

describe("POPULATE", () => {
  test("keeps keys that exist, and counts from 0", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.run("SET key:1 mine", "SET key:2 old PX 1");
    redbun.clock.advance(10);
    expect(redbun.run("DEBUG POPULATE 12")).toEqual(OK);
    expect(redbun.run("DBSIZE")).toEqual(integer(12));
    expect(redbun.run("MGET key:0 key:1 key:2 key:9 key:10 key:11")).toEqual(
      array(...["value:0", "mine", "value:2", "value:9", "value:10", "value:11"].map(bulk)),
    );
  });

  test("does not make a key again that is hidden while writes are paused", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.run("SET key:0 old PX 1");
    redbun.clock.advance(10);
    redbun.run("CLIENT PAUSE 100 WRITE", "DEBUG POPULATE 2", "CLIENT UNPAUSE");
    expect(redbun.run("DBSIZE")).toEqual(integer(2));
    expect(redbun.run("EXISTS key:0 key:1")).toEqual(integer(1));
    expect(redbun.run("DBSIZE")).toEqual(integer(1));
  });

  test("cuts values, or fills them with NULs", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.run("DEBUG POPULATE 101 short 5", "DEBUG POPULATE 101 long 12");
    expect(redbun.run("GET short:100")).toEqual(bulk("value"));
    expect(redbun.run("GET long:7")).toEqual(bulk("value:7\0\0\0\0\0"));
    expect(redbun.run("GET long:100")).toEqual(bulk("value:100\0\0\0"));
    expect(redbun.run("DEBUG POPULATE 1 huge 100000", "STRLEN huge:0")).toEqual(integer(100_000));
  });

  test("cuts long names as a buffer of 128 bytes does", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.call("DEBUG", "POPULATE", "20", "p".repeat(125));
    expect(redbun.run("DBSIZE")).toEqual(integer(10));
    expect(redbun.call("GET", `${"p".repeat(125)}:1`)).toEqual(bulk("value:1"));
    redbun.call("DEBUG", "POPULATE", "5", "q".repeat(300));
    expect(redbun.call("GET", "q".repeat(127))).toEqual(bulk("value:0"));
  });

  test("changes announce themselves, in every database its own", () => {
    const redbun = new InProcess(ALLOWED);
    const events = redbun.recordEvents();
    redbun.run("SELECT 2", "DEBUG POPULATE 2 p");
    expect(events.map(({ key }) => key)).toEqual(["p:0", "p:1"]);
    expect(redbun.run("SELECT 0", "DBSIZE")).toEqual(integer(0));
  });
});

describe("DIGEST", () => {
  test("is nothing for nothing, and Redis's for something", () => {
    const redbun = new InProcess(ALLOWED);
    expect(redbun.run("DEBUG DIGEST")).toEqual(simple(NOTHING));
    expect(redbun.run("DEBUG DIGEST-VALUE missing")).toEqual(array(simple(NOTHING)));
    // From redis-server 7.0.
    redbun.run("SET a 1", "SET b hello");
    expect(redbun.run("DEBUG DIGEST")).toEqual(simple("2539797405e828ad7a3aa48c536b3eaf2803a421"));
    expect(redbun.run("DEBUG DIGEST-VALUE a b")).toEqual(
      array(simple("b4fc66738120fba0b5aa500ab5c2bf89cea1c5da"), simple("36b23a1456b2dce2c3ed252c456761301dba8060")),
    );
  });

  test("does not depend on the order of writing, but on value, expiry and database", () => {
    const digest = (...commands: string[]): string => text(new InProcess(ALLOWED).run(...commands, "DEBUG DIGEST"));
    const reference = digest("SET a 1", "SET b 2");
    expect(digest("SET b 2", "SET c 3", "SET a 1", "DEL c")).toBe(reference);
    expect(digest("SET b 2", "SET a 2", "DECR a")).toBe(reference);
    expect(digest("SET a 1 EX 100", "SET b 2")).not.toBe(reference);
    expect(digest("SELECT 1", "SET a 1", "SET b 2")).not.toBe(reference);
    expect(digest("SET a 2", "SET b 1")).not.toBe(reference);
  });
});

describe("other subcommands", () => {
  test("SET-ACTIVE-EXPIRE", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.run("DEBUG SET-ACTIVE-EXPIRE 0", "SET k v PX 1");
    redbun.clock.advance(10);
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(redbun.run("DBSIZE")).toEqual(integer(1));
    redbun.run("DEBUG SET-ACTIVE-EXPIRE 1");
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(redbun.run("DBSIZE")).toEqual(integer(0));
  });

  test("OBJECT: the address stays when a counter counts, and shared integers say so", () => {
    const redbun = new InProcess(ALLOWED);
    redbun.run("SET k 1234567");
    const before = text(redbun.run("DEBUG OBJECT k"));
    expect(before).toMatch(
      /^Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:5 lru:\d+ lru_seconds_idle:0$/,
    );
    expect(text(redbun.run("INCR k", "DEBUG OBJECT k"))).toBe(before);
    expect(text(redbun.run("SET s 12", "DEBUG OBJECT s"))).toContain(
      "refcount:2147483647 encoding:int serializedlength:2 ",
    );
    expect(redbun.run("DEBUG OBJECT missing")).toEqual(error("ERR no such key"));
  });

  test("OBJECT: what the value takes in a file is what real servers say", () => {
    const redbun = new InProcess(ALLOWED);
    const lengths: [string, number][] = [
      [`SET k ${"a".repeat(1000)}`, 22],
      ["SET k abcdefghijklmnopqrstuvwxyz", 27],
      ["RPUSH k 0 1 2 3 4 5 6 7 8 9", 30],
      ["HSET k a 1", 13],
      ["SADD k 1", 11],
      ["SADD k a b", 14],
      ["ZADD k 1 a", 13],
    ];
    for (const [command, length] of lengths) {
      expect(text(redbun.run("DEL k", command, "DEBUG OBJECT k"))).toContain(` serializedlength:${length} `);
    }
  });

  test("ERROR, STRINGMATCH-TEST, HTSTATS", () => {
    const redbun = new InProcess(ALLOWED);
    expect(redbun.call("DEBUG", "ERROR", "MY\r\nOWN error")).toEqual(error("MY  OWN error"));
    expect(redbun.run("DEBUG STRINGMATCH-TEST")).toEqual(simple("Apparently Redis did not crash: test passed"));
    expect(text(redbun.run("DEBUG HTSTATS 0"))).toContain("[Dictionary HT]\nNo stats available");
    expect(text(redbun.run("SET k v EX 9", "DEBUG HTSTATS 0"))).toMatch(
      /number of elements: 1\n.*\[Expires HT\]\n[^\n]*: 1\n/s,
    );
    expect(redbun.run("DEBUG HTSTATS 16")).toEqual(error("ERR Out of range database"));
  });

  test("numbers of arguments", () => {
    const redbun = new InProcess(ALLOWED);
    for (const line of [
      "JMAP",
      "OBJECT",
      "OBJECT a b",
      "DIGEST x",
      "POPULATE",
      "POPULATE 1 a 2 b",
      "SLEEP",
      "JEMALLOC",
    ]) {
      const name = line.split(" ")[0];
      expect(redbun.run(`DEBUG ${line}`)).toEqual(
        error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`),
      );
    }
  });
});
