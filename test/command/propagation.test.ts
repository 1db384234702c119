/** What is handed to sinks, when, and from where: verbatim commands, transactions, expiry, replies and failures aside. */

import { describe, expect, test } from "bun:test";
import { ANY_DATABASE, type EffectSink } from "../../src/command/propagation";
import { requestOf } from "../../src/resp/request";
import { PARSED_COMMAND, RequestParser } from "../../src/resp/request-parser";
import { InProcess } from "../support/in-process";

/** The effects of commands, after others that prepare. */
function effectsOf(commands: readonly string[], prepare: readonly string[] = []): string[] {
  const redbun = new InProcess();
  redbun.run(...prepare);
  const effects = redbun.recordEffects();
  redbun.run(...commands);
  return effects;
}

describe("units", () => {
  test("a command that changes data is an effect, and one that does not is none", () => {
    expect(effectsOf(["SET k v", "GET k", "DEL missing", "APPEND k w", "INCR k", "FOO"])).toEqual([
      "SET k v",
      "APPEND k w",
    ]);
  });

  test("effects name their database", () => {
    expect(effectsOf(["SELECT 3", "SET k v", "SELECT 0", "SET k v"])).toEqual(["3: SET k v", "SET k v"]);
  });

  test("several effects of a transaction stand between MULTI and EXEC, one alone", () => {
    expect(effectsOf(["MULTI", "SET a 1", "GET a", "EXEC"])).toEqual(["SET a 1"]);
    expect(effectsOf(["MULTI", "GET a", "EXEC"])).toEqual([]);
    expect(effectsOf(["MULTI", "SET a 1", "SELECT 2", "SET a 1", "EXEC"])).toEqual([
      "MULTI",
      "SET a 1",
      "2: SET a 1",
      "EXEC",
    ]);
    expect(effectsOf(["MULTI", "SET a 1", "DISCARD"])).toEqual([]);
  });

  test("MULTI and EXEC belong to no database", () => {
    const redbun = new InProcess();
    const databases: number[] = [];
    redbun.server.propagation.attach({ append: (db) => databases.push(db) });
    redbun.run("SELECT 1", "MULTI", "SET a 1", "SET b 1", "EXEC");
    expect(databases).toEqual([ANY_DATABASE, 1, 1, ANY_DATABASE]);
  });

  test("a blocked command is a unit of its own, after the one that woke it", () => {
    const redbun = new InProcess();
    const effects = redbun.recordEffects();
    const waiting = redbun.connect();
    waiting.run("BRPOPLPUSH a b 0");
    expect(effects).toEqual([]);
    redbun.run("MULTI", "RPUSH a 1", "RPUSH a 2", "EXEC");
    expect(effects.slice(0, 4)).toEqual(["MULTI", "RPUSH a 1", "RPUSH a 2", "EXEC"]);
    expect(effects).toHaveLength(5);
  });
});

describe("expired keys", () => {
  function expired(read: readonly string[], directives: Record<string, string> = {}): string[] {
    const redbun = new InProcess(directives);
    redbun.run("PSETEX k 10 v", "SELECT 1", "PSETEX l 10 v", "SELECT 0");
    redbun.clock.advance(20);
    const effects = redbun.recordEffects();
    redbun.run(...read);
    return effects;
  }

  test("a read propagates the deletion alone", () => expect(expired(["GET k"])).toEqual(["DEL k"]));

  test("lazyfree-lazy-expire: UNLINK", () => {
    expect(expired(["GET k"], { "lazyfree-lazy-expire": "yes" })).toEqual(["UNLINK k"]);
  });

  test("a write propagates the deletion before itself", () => {
    expect(expired(["APPEND k x"])).toEqual(["MULTI", "DEL k", "APPEND k x", "EXEC"]);
    expect(expired(["DEL k"])).toEqual(["DEL k"]);
  });

  test("in a transaction, among its effects", () => {
    expect(expired(["MULTI", "SET a 1", "GET k", "EXEC"])).toEqual(["MULTI", "SET a 1", "DEL k", "EXEC"]);
  });

  test("the expire cycle: each alone, in its database", () => {
    const redbun = new InProcess();
    redbun.run("PSETEX k 10 v", "SELECT 1", "PSETEX l 10 v", "PSETEX m 10 v");
    redbun.clock.advance(20);
    const effects = redbun.recordEffects();
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(effects.toSorted()).toEqual(["1: DEL l", "1: DEL m", "DEL k"]);
  });

  test("fields of hashes: each alone, packed or not", () => {
    for (const limit of ["0", "10"]) {
      const redbun = new InProcess({ "hash-max-listpack-entries": limit });
      redbun.run(
        "SELECT 2",
        "HSET h a 1 bb 2 3 3",
        "HSET i x 1",
        "HPEXPIRE h 10 FIELDS 2 a 3",
        "HPEXPIRE i 10 FIELDS 1 x",
      );
      redbun.clock.advance(20);
      const effects = redbun.recordEffects();
      redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
      expect(effects.toSorted()).toEqual(["2: HDEL h 3", "2: HDEL h a", "2: HDEL i x"]);
    }
  });

  test("what SCAN comes across is no transaction", () => {
    const redbun = new InProcess();
    redbun.run("PSETEX a 10 v", "PSETEX b 10 v");
    redbun.clock.advance(20);
    const effects = redbun.recordEffects();
    redbun.run("SCAN 0");
    expect(effects.toSorted()).toEqual(["DEL a", "DEL b"]);
  });
});

describe("without memory", () => {
  test("an effect that was not completed is none", () => {
    const redbun = new InProcess();
    const effects = redbun.recordEffects();
    const { propagation } = redbun.server;
    redbun.call("MULTI");
    redbun.call("SET", "k", "v");
    propagation.begin(0, 2).bulkText("GET");
    propagation.dropIncomplete();
    const whole = propagation.begin(0, 2);
    whole.bulkText("DEL");
    whole.bulkText("x");
    propagation.dropIncomplete();
    redbun.call("EXEC");
    expect(effects).toEqual(["MULTI", "DEL x", "SET k v", "EXEC"]);
  });
});

describe("sinks", () => {
  test("a command is handed over where it was received", async () => {
    const redbun = new InProcess();
    const buffers: Uint8Array[] = [];
    redbun.server.propagation.attach({
      append: (_db, buf, start, end) => {
        expect(Buffer.from(buf.subarray(start, end)).toString()).toBe("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
        buffers.push(buf);
      },
    });
    const { parser } = redbun.server.gate;
    const chunk = Buffer.from("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\nSET k v\r\n");
    parser.begin(chunk, 0, chunk.length);
    while (parser.next() === PARSED_COMMAND) redbun.server.dispatcher.execute(redbun.client, parser);
    expect(buffers).toHaveLength(2);
    expect(buffers[0]).toBe(chunk);
    expect(buffers[1]).not.toBe(chunk);
  });

  test("none: nobody hears of removals", () => {
    const redbun = new InProcess();
    const sink: EffectSink = { append() {} };
    expect(redbun.server.propagation.active).toBe(false);
    redbun.server.propagation.attach(sink);
    expect(redbun.server.propagation.active).toBe(true);
    redbun.server.propagation.mute(true);
    expect(redbun.server.propagation.active).toBe(false);
    redbun.server.propagation.mute(false);
    expect(redbun.keyspace.removals).not.toBeNull();
    redbun.server.propagation.detach(sink);
    expect(redbun.server.propagation.active).toBe(false);
    expect(redbun.keyspace.removals).toBeNull();
  });

  test("each gets everything; what happened while nobody listened is gone", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1");
    const first = redbun.recordEffects();
    redbun.run("SET b 1");
    const second = redbun.recordEffects();
    redbun.run("MULTI", "SET c 1", "SET d 1", "EXEC");
    expect(first).toEqual(["SET b 1", "MULTI", "SET c 1", "SET d 1", "EXEC"]);
    expect(second).toEqual(["MULTI", "SET c 1", "SET d 1", "EXEC"]);
  });
});

describe("canonicalStart", () => {
  /** A request as it is received in the middle of a chunk. */
  function received(bytes: string): RequestParser {
    const parser = new RequestParser({ maxBulk: 1e9, authenticated: true });
    const chunk = Buffer.from(`*1\r\n$4\r\nPING\r\n${bytes}*1\r\n$4\r\nPING\r\n`, "latin1");
    parser.begin(chunk, 0, chunk.length);
    for (let i = 0; i < 2; i++) expect(parser.next()).toBe(PARSED_COMMAND);
    return parser;
  }

  function found(bytes: string): string | null {
    const request = received(bytes);
    const start = request.canonicalStart(request);
    if (start < 0) return null;
    return request.buf.toString("latin1", start, request.position);
  }

  test("a request is where it was received", () => {
    const long = "x".repeat(100_000);
    for (const command of [
      "*1\r\n$8\r\nFLUSHALL\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n",
      "*3\r\n$3\r\nSET\r\n$10\r\n0123456789\r\n$4\r\n\r\n\r\n\r\n",
      `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${long}\r\n`,
      `*12\r\n$4\r\nMSET\r\n${"$1\r\nk\r\n".repeat(11)}`,
    ]) {
      expect(found(command)).toBe(command);
    }
  });

  test("not if its bytes are others than they should be", () => {
    expect(found("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nvxx")).toBeNull();
    expect(found("*3\r\n$3\r\nSETxx$1\r\nk\r\n$1\r\nv\r\n")).toBeNull();
    expect(found("SET k v\r\n")).toBeNull();
    expect(found("'*1\\r\\n$8\\r\\nFLUSHALL\\r\\n'\r\n")).toBeNull();
  });

  test("not for another request", () => {
    const parser = received("*1\r\n$8\r\nFLUSHALL\r\n");
    expect(parser.canonicalStart(requestOf(["FLUSHALL"]))).toBe(-1);
    expect(parser.canonicalStart({ buf: parser.buf, starts: parser.starts.slice(), ends: parser.ends, argc: 1 })).toBe(
      -1,
    );
  });
});
