/**
 * Blocking in process, with commands made for it: a string is a queue of characters, which need no type of their own.
 *
 *   TAKE key … timeout        takes the first character of the first string that there is
 *   PASS from to timeout      moves the first character of one string to the end of another
 *   LONGER key n timeout      waits until a string is longer than n, or is none any more
 */

import { describe, expect, test } from "bun:test";
import { closeIdleClients } from "../../src/admin/process/housekeeping";
import type { Call } from "../../src/command/call";
import { BLOCKING, type CommandDefinition, WRITE } from "../../src/command/command-spec";
import { DONE, HELD } from "../../src/command/dispatcher";
import { NO_EXPIRY, TYPE_STRING } from "../../src/db/entry";
import { EVENT_GENERIC, EVENT_STRING } from "../../src/db/keyspace";
import { requestOf } from "../../src/resp/request";
import { setString, stringBytes } from "../../src/types/string/string";
import { eventually } from "../support/eventually";
import { InProcess, type InProcessClient } from "../support/in-process";
import { array, bulk, error, integer, NULL, NULL_ARRAY, NULL_BULK, OK, text } from "../support/reply";

function contents(c: Call, ref: number): string {
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  return Buffer.from(bytes.subarray(at, at + length)).toString("latin1");
}

function store(c: Call, i: number, value: string): void {
  const args = requestOf([c.text(i), value]);
  if (value === "") c.db.remove(args.buf, 0, args.ends[0], false);
  else setString(c.db, c.write(i), args, 0, 1, NO_EXPIRY);
  c.changed(i, value === "" ? EVENT_GENERIC : EVENT_STRING, value === "" ? "del" : "set");
}

function isString(c: Call, ref: number): boolean {
  return ref !== 0 && c.db.keyspace.entries.type(ref) === TYPE_STRING;
}

function take(c: Call): void {
  const timeout = c.blockTimeout(c.argc - 1);
  if (c.failed) return;
  for (let i = 1; i < c.argc - 1; i++) {
    const ref = c.write(i);
    if (!isString(c, ref)) continue;
    const value = contents(c, ref);
    store(c, i, value.slice(1));
    c.reply.array(2);
    c.reply.bulkText(c.text(i));
    c.reply.bulkText(value[0]);
    return;
  }
  c.block({ type: TYPE_STRING, first: 1, count: c.argc - 2, timeout, onTimeout: "nullArray" });
}

function pass(c: Call): void {
  const timeout = c.blockTimeoutMs(3);
  if (c.failed) return;
  const ref = c.write(1);
  if (ref === 0) {
    c.block({ type: TYPE_STRING, first: 1, count: 1, timeout, onTimeout: "null" });
    return;
  }
  const value = contents(c, ref);
  store(c, 1, value.slice(1));
  const target = c.write(2);
  store(c, 2, (target === 0 ? "" : contents(c, target)) + value[0]);
  c.reply.bulkText(value[0]);
}

function longer(c: Call): void {
  const n = c.integer(2);
  const timeout = c.blockTimeout(3);
  if (c.failed) return;
  const ref = c.read(1);
  const length = ref === 0 ? -1 : contents(c, ref).length;
  if (length < 0) c.fail("ERR it is gone");
  else if (length > n) c.reply.integer(length);
  else {
    const rewrite = [{ argument: 2, text: String(n) }];
    c.block({ type: TYPE_STRING, first: 1, count: 1, timeout, onTimeout: "null", wakeOnDelete: true, rewrite });
  }
}

const COMMANDS: CommandDefinition[] = [
  { name: "take", arity: -3, flags: WRITE | BLOCKING, categories: "", handler: take },
  { name: "pass", arity: 4, flags: WRITE | BLOCKING, categories: "", handler: pass },
  { name: "longer", arity: 4, flags: BLOCKING, categories: "", handler: longer },
];

function start(): InProcess {
  return new InProcess({}, COMMANDS);
}

/** Clients that have sent this and wait. */
function blocked(redbun: InProcess, count: number, command: string): InProcessClient[] {
  return Array.from({ length: count }, () => {
    const client = redbun.connect();
    expect(client.run(command)).toEqual([]);
    return client;
  });
}

function taken(key: string, value: string): ReturnType<typeof array> {
  return array(bulk(key), bulk(value));
}

function info(redbun: InProcess, field: string): string {
  return new RegExp(`\r\n${field}:(.*)\r\n`).exec(text(redbun.run("INFO everything")))?.[1] ?? "";
}

/** Nothing is left of any client that waited. */
function expectNobodyWaits(redbun: InProcess): void {
  const { blocking } = redbun.server;
  expect([blocking.clients, blocking.keys, blocking.deletionKeys, blocking.clientsWithDeadline]).toEqual([0, 0, 0, 0]);
  expect(redbun.keyspace.hooks).toBeNull();
  expect(blocking.hasReady).toBe(false);
}

describe("who is served", () => {
  test("the first that blocked, and as many as there is something for", () => {
    const redbun = start();
    const [a, b, c] = blocked(redbun, 3, "TAKE k 0");
    redbun.run("SET k 12");
    expect([a.received(), b.received(), c.received()]).toEqual([[taken("k", "1")], [taken("k", "2")], []]);
    expect(redbun.run("EXISTS k")).toEqual(integer(0));
    redbun.run("APPEND k 3");
    expect(c.received()).toEqual([taken("k", "3")]);
    expectNobodyWaits(redbun);
  });

  test("a client that waits for several keys, once, also when a key is named twice", () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "TAKE x y x z 0");
    expect(info(redbun, "total_blocking_keys")).toBe("3");
    redbun.run("MSET z 3 y 2");
    expect(a.received()).toEqual([taken("y", "2")]);
    expect(redbun.run("GET z")).toEqual(bulk("3"));
    expectNobodyWaits(redbun);
  });

  test("keys are served in the order in which they became ready", () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "TAKE one two 0");
    const [b] = blocked(redbun, 1, "TAKE two 0");
    // "two" first: its queue is a, then b. a runs again from the start and so prefers "one".
    redbun.run("MSET two 2 one 1");
    expect([a.received(), b.received()]).toEqual([[taken("one", "1")], [taken("two", "2")]]);
  });

  test("of another type, or of another database: nobody", () => {
    const redbun = start();
    blocked(redbun, 1, "TAKE k 0");
    redbun.run("SELECT 1", "SET k v", "SELECT 0");
    expect(info(redbun, "blocked_clients")).toBe("1");
    redbun.run("MOVE nothing 1", "SELECT 1", "MOVE k 0");
    expectNobodyWaits(redbun);
  });

  test("whatever brings the key: SWAPDB, RENAME, COPY", () => {
    for (const commands of [
      ["SELECT 1", "SET k v", "SWAPDB 0 1"],
      ["SET other v", "RENAME other k"],
      ["SET other v", "COPY other k"],
      ["SELECT 1", "SET other v", "COPY other k DB 0"],
    ]) {
      const redbun = start();
      const [a] = blocked(redbun, 1, "TAKE k 0");
      redbun.run(...commands);
      expect(a.received()).toEqual([taken("k", "v")]);
      expectNobodyWaits(redbun);
    }
  });

  test("what a served client makes ready is served, too", () => {
    const redbun = start();
    const [first] = blocked(redbun, 1, "PASS a b 0");
    const [second] = blocked(redbun, 1, "PASS b c 0");
    const [third] = blocked(redbun, 1, "TAKE c 0");
    redbun.run("SET a x");
    expect([first.received(), second.received(), third.received()]).toEqual([
      [bulk("x")],
      [bulk("x")],
      [taken("c", "x")],
    ]);
    expectNobodyWaits(redbun);
  });

  test("in a circle, it comes to an end", () => {
    const redbun = start();
    const [first] = blocked(redbun, 1, "PASS a b 0");
    const [second] = blocked(redbun, 1, "PASS b a 0");
    redbun.run("SET a x");
    expect([first.received(), second.received()]).toEqual([[bulk("x")], [bulk("x")]]);
    expect(redbun.run("GET a")).toEqual(bulk("x"));
    expectNobodyWaits(redbun);
  });

  test("who finds nothing again keeps its place and its deadline", () => {
    const redbun = start();
    redbun.run("SET k 1");
    const [a] = blocked(redbun, 1, "LONGER k 2 1");
    const [b] = blocked(redbun, 1, "LONGER k 1 0");
    redbun.clock.advance(999);
    redbun.run("SET k 12");
    expect([a.received(), b.received()]).toEqual([[], [integer(2)]]);
    redbun.clock.advance(1);
    redbun.server.unblocker.expire();
    expect(a.received()).toEqual([NULL_BULK]);
    expectNobodyWaits(redbun);
  });

  test("wakeOnDelete: deleted, flushed, expired, swapped away", async () => {
    for (const commands of [["DEL k"], ["FLUSHALL"], ["FLUSHDB"], ["SWAPDB 0 1"], ["RENAME k other"]]) {
      const redbun = start();
      redbun.run("SET k 1");
      const [a] = blocked(redbun, 1, "LONGER k 1 0");
      redbun.run(...commands);
      expect(a.received()).toEqual([error("ERR it is gone")]);
      expectNobodyWaits(redbun);
    }
  });

  test("wakeOnDelete: a key that expires while no command runs", async () => {
    const redbun = start();
    redbun.run("SET k 1 PX 10");
    const [a] = blocked(redbun, 1, "LONGER k 1 0");
    redbun.clock.advance(11);
    redbun.keyspace.now = redbun.clock.now();
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(a.received()).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(a.received()).toEqual([error("ERR it is gone")]);
    expectNobodyWaits(redbun);
  });
});

describe("timeouts", () => {
  test("each at its time, whatever the order", () => {
    const redbun = start();
    const seconds = [3, 1, 0, 2, 0.0001];
    const clients = seconds.map((each) => blocked(redbun, 1, `TAKE k ${each}`)[0]);
    expect(info(redbun, "clients_in_timeout_table")).toBe("4");
    const order: number[] = [];
    for (let ms = 0; ms < 3500; ms += 500) {
      redbun.server.unblocker.expire();
      clients.forEach((client, i) => {
        for (const reply of client.received()) {
          expect(reply).toEqual(NULL_ARRAY);
          order.push(seconds[i]);
        }
      });
      redbun.clock.advance(500);
    }
    expect(order).toEqual([0.0001, 1, 2, 3]);
    expect(info(redbun, "blocked_clients")).toBe("1");
    expect(info(redbun, "clients_in_timeout_table")).toBe("0");
  });

  test("in RESP3, null", () => {
    const redbun = start();
    const client = redbun.connect();
    client.run("HELLO 3");
    client.run("TAKE k 1");
    redbun.clock.advance(1000);
    redbun.server.unblocker.expire();
    expect(client.received()).toEqual([NULL]);
  });

  test("a real timer fires", async () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "PASS k l 5");
    redbun.clock.advance(5);
    await eventually("its time is over", () => redbun.server.blocking.clients === 0);
    expect(a.received()).toEqual([NULL_BULK]);
  });

  test("what is no timeout", () => {
    const redbun = start();
    const now = redbun.clock.now();
    const message = (command: string): string => text(redbun.run(command));
    for (const value of ["x", "", "1x", "nan", " 1"]) {
      expect(text(redbun.call("TAKE", "k", value))).toBe("ERR timeout is not a float or out of range");
    }
    for (const value of ["1e400", "inf", "9223372036854775", "1e17"]) {
      expect(message(`TAKE k ${value}`)).toBe("ERR timeout is out of range");
    }
    for (const value of ["-1", "-0.01", "-inf", "-1e400"]) {
      expect(message(`TAKE k ${value}`)).toBe("ERR timeout is negative");
    }
    for (const value of ["1.5", "x", "9223372036854775808"]) {
      expect(message(`PASS k l ${value}`)).toBe("ERR timeout is not an integer or out of range");
    }
    expect(message("PASS k l -1")).toBe("ERR timeout is negative");
    expect(message(`PASS k l ${2n ** 63n - BigInt(now)}`)).toBe("ERR timeout is out of range");
    // These wait: a time that is less than nothing by less than a millisecond is none.
    for (const value of ["1e-400", "-0.0001", "-0", "0x1p4", "1e3"]) blocked(redbun, 1, `TAKE k ${value}`);
    expect(info(redbun, "clients_in_timeout_table")).toBe("3");
  });
});

describe("CLIENT", () => {
  test("UNBLOCK answers as the timeout, or with an error", () => {
    const redbun = start();
    const [a, b, c] = blocked(redbun, 3, "TAKE k 0");
    const id = (client: InProcessClient): number => client.client.id;
    expect(redbun.run(`CLIENT UNBLOCK ${id(a)}`)).toEqual(integer(1));
    expect(redbun.run(`CLIENT UNBLOCK ${id(b)} timeout`)).toEqual(integer(1));
    expect(redbun.run(`CLIENT UNBLOCK ${id(c)} ERROR`)).toEqual(integer(1));
    expect([a.received(), b.received(), c.received()]).toEqual([
      [NULL_ARRAY],
      [NULL_ARRAY],
      [error("UNBLOCKED client unblocked via CLIENT UNBLOCK")],
    ]);
    expect(redbun.run(`CLIENT UNBLOCK ${id(a)}`)).toEqual(integer(0));
    expect(redbun.run("CLIENT UNBLOCK 99")).toEqual(integer(0));
    expectNobodyWaits(redbun);
    expect(info(redbun, "cmdstat_take")).toMatch(/^calls=3,.*,rejected_calls=0,failed_calls=1$/);
    expect(info(redbun, "cmdstat_client.unblock")).toMatch(/^calls=5,.*,failed_calls=0$/);
    expect(info(redbun, "errorstat_UNBLOCKED")).toBe("count=1");
  });

  test("LIST shows who is blocked, and the memory of its arguments", () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "TAKE k 0");
    const line = text(redbun.run(`CLIENT LIST ID ${a.client.id}`));
    expect(line).toContain(" flags=b ");
    expect(line).toContain(" argv-mem=6 ");
    expect(line).toContain(" cmd=take ");
  });

  test("KILL leaves nothing behind", () => {
    const redbun = start();
    redbun.run("SET other 1");
    const [a] = blocked(redbun, 1, "TAKE k l 10");
    const [b] = blocked(redbun, 1, "LONGER other 5 10");
    for (const { client } of [a, b]) expect(redbun.run(`CLIENT KILL ID ${client.id}`)).toEqual(integer(1));
    expectNobodyWaits(redbun);
    redbun.run("SET k v");
    expect(redbun.run("GET k")).toEqual(bulk("v"));
  });

  test("REPLY OFF: served without an answer", () => {
    const redbun = start();
    const client = redbun.connect();
    client.run("CLIENT REPLY OFF");
    client.run("TAKE k 0");
    redbun.run("SET k 1");
    expect(client.received()).toEqual([]);
    expect(redbun.run("EXISTS k")).toEqual(integer(0));
  });

  test("PAUSE holds back who would be served, until it ends", () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "TAKE k 0");
    const [b] = blocked(redbun, 1, "TAKE k 0");
    const { pause, keyspace } = redbun.server;
    // The key comes from somewhere that a pause does not stop.
    pause.start("write", redbun.clock.now() + 100);
    const args = requestOf(["k", "12"]);
    setString(keyspace.databases[0], 0, args, 0, 1, NO_EXPIRY);
    keyspace.changed(keyspace.databases[0], args.buf, 0, args.ends[0], EVENT_STRING, "set");
    expect(redbun.connect().send("GET", "k")).toBe(DONE);
    expect(redbun.connect().send("SET", "k", "v")).toBe(HELD);
    expect([a.received(), b.received()]).toEqual([[], []]);
    expect(info(redbun, "blocked_clients")).toBe("3");
    redbun.run("CLIENT UNPAUSE");
    expect([a.received(), b.received()]).toEqual([[taken("k", "1")], [taken("k", "2")]]);
    expectNobodyWaits(redbun);
  });
});

test("a client that waits is not idle", () => {
  const redbun = start();
  redbun.run("CONFIG SET timeout 10");
  const [a] = blocked(redbun, 1, "TAKE k 0");
  const idle = redbun.connect();
  redbun.clock.advance(11_000);
  closeIdleClients(redbun.server);
  const { byId } = redbun.server.clients;
  expect([byId.has(a.client.id), byId.has(idle.client.id)]).toEqual([true, false]);
});

describe("figures", () => {
  test("a blocked command is one call, with the time of all its runs", () => {
    const redbun = start();
    redbun.run("SET k 1");
    const calls = (): string => info(redbun, "cmdstat_longer");
    const [a] = blocked(redbun, 1, "LONGER k 2 0");
    expect(calls()).toBe("");
    redbun.run("SET k 12");
    expect(calls()).toBe("");
    redbun.run("SET k 123");
    expect(a.received()).toEqual([integer(3)]);
    expect(calls()).toStartWith("calls=1,");
    expect(a.client.commandsTotal).toBe(1);
  });

  test("an error after waiting counts as a failed call, of its own command only", () => {
    const redbun = start();
    redbun.run("SET k 1");
    blocked(redbun, 1, "LONGER k 2 0");
    expect(redbun.run("DEL k")).toEqual(integer(1));
    expect(info(redbun, "cmdstat_longer")).toMatch(/^calls=1,.*,failed_calls=1$/);
    expect(info(redbun, "cmdstat_del")).toMatch(/^calls=1,.*,failed_calls=0$/);
    expect(info(redbun, "errorstat_ERR")).toBe("count=1");
  });

  test("nobody waits: nobody listens", () => {
    const redbun = start();
    const [a] = blocked(redbun, 1, "TAKE k 0");
    expect(redbun.keyspace.hooks).not.toBeNull();
    expect(redbun.run("SET k 1")).toEqual(OK);
    expect(a.received()).toHaveLength(1);
    expect(redbun.keyspace.hooks).toBeNull();
  });
});
