/** CLIENT in process: lines, pauses by hand-moved time. What needs sockets is in test/integration/client.test.ts. */

import { describe, expect, test } from "bun:test";
import { DONE, HELD } from "../../src/command/dispatcher";
import { requestOf } from "../../src/resp/request";
import { REPLY_OFF } from "../../src/session/client";
import { InProcess } from "../support/in-process";
import { bulk, error, integer, NULL_BULK, OK, text } from "../support/reply";

describe("CLIENT INFO and LIST", () => {
  test("the line has the fields of 7.2 in their order", () => {
    const redbun = new InProcess();
    redbun.clock.advance(5_000);
    redbun.run("CLIENT SETNAME me", "CLIENT SETINFO lib-ver 1.2", "SELECT 3");
    expect(text(redbun.run("CLIENT INFO"))).toBe(
      "id=1 addr= laddr= fd=-1 name=me age=5 idle=5 flags=N db=3 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 " +
        "argv-mem=10 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=10 events=r cmd=client|info user=default " +
        "redir=-1 resp=2 lib-name= lib-ver=1.2\n",
    );
  });

  test("flags say what is special", () => {
    const redbun = new InProcess();
    redbun.run("CLIENT NO-EVICT on", "CLIENT NO-TOUCH on");
    expect(text(redbun.run("CLIENT INFO"))).toContain(" flags=eT ");
    redbun.client.closing = true;
    expect(text(redbun.run("CLIENT INFO"))).toContain(" flags=ceT ");
  });

  test("by id and type; in RESP3 a text", () => {
    const redbun = new InProcess();
    expect(redbun.run("CLIENT LIST ID 2 3")).toEqual(bulk(""));
    expect(text(redbun.run("CLIENT LIST ID 3 1"))).toStartWith("id=1 ");
    expect(redbun.run("CLIENT LIST TYPE replica")).toEqual(bulk(""));
    expect(redbun.run("HELLO 3", "CLIENT LIST TYPE normal").type).toBe("verbatim");
  });
});

test("CLIENT NO-TOUCH: reading leaves the idle time alone", () => {
  const redbun = new InProcess();
  redbun.run("SET k v");
  const idle = (): unknown => redbun.run("OBJECT IDLETIME k");
  const pass = (ms: number): void => {
    redbun.clock.advance(ms);
    redbun.keyspace.access.update(redbun.clock.now());
  };
  pass(10_000);
  redbun.run("CLIENT NO-TOUCH on", "GET k");
  expect(idle()).toEqual(integer(10));
  redbun.run("TOUCH k");
  expect(idle()).toEqual(integer(0));
  pass(10_000);
  redbun.run("CLIENT NO-TOUCH off", "GET k");
  expect(idle()).toEqual(integer(0));
});

test("CLIENT REPLY SKIP does not end OFF", () => {
  const redbun = new InProcess();
  redbun.client.replyMode = REPLY_OFF;
  const { dispatcher, gate } = redbun.server;
  for (const command of ["CLIENT REPLY SKIP", "PING", "PING"]) {
    dispatcher.execute(redbun.client, requestOf(command.split(" ")));
    expect(gate.reply.length).toBe(0);
  }
  expect(redbun.run("CLIENT REPLY ON")).toEqual(OK);
});

test("CLIENT REPLY SKIP leaves out the reply of a command that is held first", () => {
  const redbun = new InProcess();
  redbun.run("CLIENT PAUSE 100 WRITE");
  const { dispatcher, gate, pause } = redbun.server;
  const run = (command: string): number => dispatcher.execute(redbun.client, requestOf(command.split(" ")));
  expect(run("CLIENT REPLY SKIP")).toBe(DONE);
  expect([run("SET k v"), run("SET k v")]).toEqual([HELD, HELD]);
  pause.end();
  expect(run("SET k v")).toBe(DONE);
  expect(gate.reply.length).toBe(0);
  expect(redbun.run("GET k")).toEqual(bulk("v"));
});

describe("CLIENT PAUSE", () => {
  /** What the dispatcher says of a command; its reply is thrown away. */
  function offer(redbun: InProcess, command: string): number {
    const { dispatcher, gate } = redbun.server;
    dispatcher.startBatch();
    const result = dispatcher.execute(redbun.client, requestOf(command.split(" ")));
    gate.reply.truncate(0);
    return result;
  }

  test("WRITE holds what may write, until its time has passed", () => {
    const redbun = new InProcess();
    expect(redbun.run("CLIENT PAUSE 100 WRITE")).toEqual(OK);
    expect(offer(redbun, "GET k")).toBe(DONE);
    expect(offer(redbun, "SET k v")).toBe(HELD);
    expect(redbun.client.paused).toBe(true);
    expect(redbun.run("INFO clients").type).toBe("bulk");
    redbun.clock.advance(99);
    expect(offer(redbun, "SET k v")).toBe(HELD);
    redbun.clock.advance(1);
    expect(offer(redbun, "SET k v")).toBe(DONE);
    expect(redbun.client.paused).toBe(false);
  });

  test("ALL holds everything, but not what is refused anyway", () => {
    const redbun = new InProcess();
    redbun.run("CLIENT PAUSE 100");
    expect(offer(redbun, "PING")).toBe(HELD);
    expect(offer(redbun, "CLIENT UNPAUSE")).toBe(HELD);
    expect(offer(redbun, "NOSUCH")).toBe(DONE);
    expect(offer(redbun, "GET")).toBe(DONE);
  });

  test("a second pause keeps the later end and the stricter mode", () => {
    const redbun = new InProcess();
    const { pause } = redbun.server;
    const now = redbun.clock.now();
    redbun.run("CLIENT PAUSE 100 WRITE", "CLIENT PAUSE 50 WRITE");
    expect([pause.mode, pause.until]).toEqual(["write", now + 100]);
    redbun.run("CLIENT PAUSE 10 ALL");
    expect([pause.mode, pause.until]).toEqual(["all", now + 100]);
  });

  test("keys whose time comes meanwhile are hidden, and deleted afterwards", () => {
    const redbun = new InProcess();
    redbun.run("SET k v PX 10", "CLIENT PAUSE 1000 WRITE");
    redbun.clock.advance(20);
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("DBSIZE")).toEqual(integer(1));
    redbun.run("CLIENT UNPAUSE");
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("DBSIZE")).toEqual(integer(0));
  });

  test("times that make no sense", () => {
    const redbun = new InProcess();
    expect(redbun.run("CLIENT PAUSE -1")).toEqual(error("ERR timeout is negative"));
    expect(redbun.run("CLIENT PAUSE 9223372036854775807")).toEqual(error("ERR timeout is out of range"));
    expect(redbun.run("CLIENT PAUSE 1.5")).toEqual(error("ERR timeout is not an integer or out of range"));
    expect(redbun.server.pause.mode).toBe("off");
  });
});
