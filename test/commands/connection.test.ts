/** The connection commands in process: state that replies alone do not show. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { bulk, error, NULL_BULK, OK, pairs, simple, text } from "../support/reply";

const NO_AUTH = error("NOAUTH Authentication required.");
const WRONG_PASS = error("WRONGPASS invalid username-password pair or user is disabled.");

/** A server with a password, and a client that has not given it. */
function locked(password: string): InProcess {
  const redbun = new InProcess({ requirepass: password });
  redbun.client.authenticated = false;
  return redbun;
}

describe("HELLO", () => {
  test("greets with what clients look at", () => {
    const redbun = new InProcess();
    const greeting = pairs(redbun.run("HELLO 3")).map(([name, value]) => [text(name), value.type]);
    expect(greeting).toEqual([
      ["server", "bulk"],
      ["version", "bulk"],
      ["proto", "integer"],
      ["id", "integer"],
      ["mode", "bulk"],
      ["role", "bulk"],
      ["modules", "array"],
    ]);
    expect(redbun.client.protocol).toBe(3);
  });

  test("changes nothing when any of it is wrong", () => {
    const redbun = new InProcess();
    redbun.run("CLIENT SETNAME before");
    expect(redbun.run("HELLO 3 SETNAME after NOSUCH")).toEqual(error("ERR Syntax error in HELLO option 'NOSUCH'"));
    expect(redbun.run("HELLO 3 SETNAME after AUTH default")).toEqual(error("ERR Syntax error in HELLO option 'AUTH'"));
    expect(redbun.run("HELLO 3 SETNAME after AUTH nosuch x")).toEqual(WRONG_PASS);
    expect(redbun.client.protocol).toBe(2);
    expect(redbun.client.name).toBe("before");
  });

  test("needs the password, before or in it", () => {
    const redbun = locked("secret");
    expect(redbun.run("HELLO 3").type).toBe("error");
    expect(redbun.client.protocol).toBe(2);
    expect(redbun.run("HELLO 3 AUTH default secret").type).toBe("map");
    expect(redbun.run("GET k")).toEqual({ type: "null" });
  });
});

describe("AUTH", () => {
  test("compares all bytes, and counts failures", () => {
    const redbun = locked("a\x00b\xff");
    expect(redbun.call("AUTH", "a")).toEqual(WRONG_PASS);
    expect(redbun.call("AUTH", Uint8Array.of(0x61, 0, 0x62))).toEqual(WRONG_PASS);
    expect(redbun.call("GET", "k")).toEqual(NO_AUTH);
    expect(redbun.call("AUTH", Uint8Array.of(0x61, 0, 0x62, 0xff))).toEqual(OK);
    expect(redbun.call("GET", "k")).toEqual(NULL_BULK);
    expect(redbun.server.acl.log.denied.auth).toBe(2);
  });

  test("a password set at run time does not throw out who is in, and one removed lets everybody in", () => {
    const redbun = new InProcess();
    redbun.run("CONFIG SET requirepass secret");
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("RESET")).toEqual(simple("RESET"));
    expect(redbun.run("GET k")).toEqual(NO_AUTH);
    expect(redbun.run("AUTH secret", "CONFIG SET requirepass other", "AUTH secret")).toEqual(WRONG_PASS);
    redbun.run("RESET", "AUTH other");
    redbun.call("CONFIG", "SET", "requirepass", "");
    redbun.client.authenticated = false;
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("AUTH default whatever")).toEqual(OK);
  });
});

test("RESET brings everything back but id and library", () => {
  const redbun = new InProcess();
  redbun.run("HELLO 3", "SELECT 5", "CLIENT SETNAME me", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on");
  redbun.run("CLIENT SETINFO LIB-NAME mine");
  expect(redbun.run("RESET")).toEqual(simple("RESET"));
  const { client } = redbun;
  expect([client.protocol, client.database, client.name, client.noEvict, client.noTouch]).toEqual([
    2,
    0,
    "",
    false,
    false,
  ]);
  expect(client.libraryName).toBe("mine");
});

test("SELECT keeps the database when there is no such number", () => {
  const redbun = new InProcess({ databases: "4" });
  redbun.run("SELECT 3", "SET k three");
  expect(redbun.run("SELECT 4")).toEqual(error("ERR DB index is out of range"));
  expect(redbun.run("SELECT -1")).toEqual(error("ERR DB index is out of range"));
  expect(redbun.run("SELECT 2147483648")).toEqual(
    error("ERR value is out of range, value must between -2147483648 and 2147483647"),
  );
  expect(redbun.run("GET k")).toEqual(bulk("three"));
});
