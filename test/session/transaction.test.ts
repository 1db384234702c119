/** Transactions in process: what two clients do to each other, time, and the memory of what is queued. */

import { describe, expect, test } from "bun:test";
import { requestOf } from "../../src/resp/request";
import { Transaction } from "../../src/session/transaction";
import { InProcess } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { array, bulk, error, integer, NULL_ARRAY, NULL_BULK, OK, simple, text } from "../support/reply";

const QUEUED = simple("QUEUED");
const ABORTED = error("EXECABORT Transaction discarded because of previous errors.");

function info(redbun: InProcess, field: string): string {
  return new RegExp(`\r\n${field}:(.*)\r\n`).exec(text(redbun.run("INFO everything")))?.[1] ?? "";
}

/** Whether EXEC finds a key that was watched before the commands changed. */
function changes(commands: string[], prepare: string[] = ["SET k v"]): boolean {
  const redbun = new InProcess();
  redbun.run(...prepare);
  const watcher = redbun.connect();
  expect(watcher.run("WATCH k")).toEqual([OK]);
  redbun.run(...commands);
  watcher.run("MULTI");
  watcher.run("PING");
  const [reply] = watcher.run("EXEC");
  expect(redbun.keyspace.hooks).toBeNull();
  return reply.type === "null-array";
}

describe("queue", () => {
  test("requests come back as they were, whatever their number and size", () => {
    const random = new Random(seedFromEnvironment(11));
    const transaction = new Transaction<number>();
    const sent: string[][] = [];
    let bytes = 0;
    for (let i = 0; i < 3000; i++) {
      const args = Array.from({ length: random.integer(1, random.chance(0.01) ? 400 : 5) }, () =>
        random.string(random.chance(0.01) ? 100_000 : random.integer(0, 40)),
      );
      sent.push(args);
      bytes += args.join("").length;
      transaction.add(i, 1 << (i % 20), requestOf(args));
    }
    expect(transaction.count).toBe(sent.length);
    expect(transaction.argumentBytes).toBe(bytes);
    expect(transaction.memoryBytes).toBeGreaterThan(bytes);
    expect(transaction.clear()).toBe(false);
    expect(transaction.flags).toBe((1 << 20) - 1);
    for (const args of sent) {
      const { buf, starts, ends, argc } = transaction.read();
      expect(Array.from({ length: argc }, (_, i) => buf.toString("latin1", starts[i], ends[i]))).toEqual(args);
    }
  });

  test("of one transaction leaves nothing to the next", () => {
    const redbun = new InProcess();
    for (let round = 0; round < 3; round++) {
      redbun.run("MULTI", "SET k v", "NOSUCH", "EXEC", "MULTI", "SET k w", "DISCARD");
      redbun.run("MULTI", `SET k ${"x".repeat(3000 * round)}`, "EXEC");
      expect(redbun.run("MULTI", "STRLEN k", "EXEC")).toEqual(array(integer(3000 * round)));
      expect(redbun.run("MULTI", "EXEC")).toEqual(array());
    }
  });

  test("its memory is the client's", () => {
    const redbun = new InProcess();
    const client = redbun.connect();
    client.run("WATCH abc");
    client.run("MULTI");
    client.run(`SET k ${"x".repeat(5000)}`);
    const line = text(redbun.run(`CLIENT LIST ID ${client.client.id}`));
    expect(line).toContain(" flags=x ");
    expect(line).toContain(" multi=1 ");
    const bytes = Number(/ multi-mem=(\d+) /.exec(line)?.[1]);
    expect(bytes).toBeGreaterThan(5000);
    expect(bytes).toBeLessThan(8000);
    expect(line).toContain(` tot-mem=${bytes} `);
    client.run("DISCARD");
    expect(text(redbun.run(`CLIENT LIST ID ${client.client.id}`))).toContain(" multi=-1 ");
    expect(client.client.memoryBytes).toBe(0);
  });

  test("buffers of requests may be used again after they were queued", () => {
    const redbun = new InProcess();
    redbun.run("MULTI");
    const request = requestOf(["SET", "k", "value"]);
    redbun.server.dispatcher.execute(redbun.client, request);
    redbun.server.gate.reply.truncate(0);
    request.buf.fill(0x78);
    expect(redbun.run("EXEC", "GET k")).toEqual(bulk("value"));
  });
});

describe("EXEC", () => {
  test("nothing of what others see is there before it", () => {
    const redbun = new InProcess();
    const other = redbun.connect();
    redbun.run("MULTI", "SET a 1", "SET b 2");
    expect(other.run("EXISTS a b")).toEqual([integer(0)]);
    expect(redbun.run("EXEC")).toEqual(array(OK, OK));
    expect(other.run("EXISTS a b")).toEqual([integer(2)]);
  });

  test("no time passes for keys while it runs", () => {
    const redbun = new InProcess();
    redbun.run("SET k v PX 1", "MULTI", "GET k", "DEBUG SLEEP 0", "GET k");
    const { databases } = redbun.keyspace;
    const now = redbun.keyspace.now;
    redbun.clock.advance(1);
    redbun.run("EXEC");
    expect(redbun.keyspace.now).toBe(now + 1);
    expect(databases[0].size).toBe(1);
  });

  test("errors: when queued, EXEC is refused; when run, the others run", () => {
    const redbun = new InProcess();
    expect(redbun.run("MULTI", "SET a")).toEqual(error("ERR wrong number of arguments for 'set' command"));
    expect(redbun.run("SET b 1")).toEqual(QUEUED);
    expect(redbun.run("EXEC")).toEqual(ABORTED);
    expect(redbun.run("EXISTS b")).toEqual(integer(0));
    redbun.run("SET s text", "MULTI", "INCR s", "INCR n");
    expect(redbun.run("EXEC")).toEqual(array(error("ERR value is not an integer or out of range"), integer(1)));
  });

  test("figures: the commands count, EXEC takes the time of all, and only who fails has failed", () => {
    const redbun = new InProcess();
    redbun.run("SET s text", "CONFIG RESETSTAT", "MULTI", "INCR s", "INCR n", "GET");
    expect(redbun.run("EXEC")).toEqual(ABORTED);
    redbun.run("MULTI", "INCR s", "INCR n", "INCR n", "EXEC");
    expect(info(redbun, "cmdstat_incr")).toMatch(/^calls=3,.*,rejected_calls=0,failed_calls=1$/);
    expect(info(redbun, "cmdstat_exec")).toMatch(/^calls=2,.*,rejected_calls=0,failed_calls=1$/);
    expect(info(redbun, "cmdstat_get")).toMatch(/^calls=0,.*,rejected_calls=1,failed_calls=0$/);
    expect(info(redbun, "errorstat_EXECABORT")).toBe("count=1");
    expect(info(redbun, "errorstat_ERR")).toBe("count=2");
  });

  test("without memory: nothing is queued, as that takes memory, and EXEC with what may take more is refused", () => {
    const redbun = new InProcess();
    const oom = "OOM command not allowed when used memory > 'maxmemory'.";
    redbun.run("MULTI", "SET k v");
    const other = redbun.connect();
    other.run("CONFIG SET maxmemory 1");
    expect(redbun.run("EXEC")).toEqual(error(`EXECABORT Transaction discarded because of: ${oom}`));
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("MULTI", "SET k v")).toEqual(error(oom));
    expect(redbun.run("EXEC")).toEqual(ABORTED);
    expect(redbun.run("MULTI", "GET k")).toEqual(error(oom));
    expect(redbun.run("EXEC")).toEqual(ABORTED);
  });

  test("a transaction cannot be paused away: it is held as a whole", () => {
    const redbun = new InProcess();
    redbun.run("MULTI", "SET k v");
    const other = redbun.connect();
    other.run("CLIENT PAUSE 100 WRITE");
    const { dispatcher, gate } = redbun.server;
    const held = dispatcher.execute(redbun.client, requestOf(["EXEC"]));
    expect([held, gate.reply.length]).toEqual([1, 0]);
    redbun.clock.advance(100);
    expect(redbun.run("EXEC")).toEqual(array(OK));
  });

  test("RESET and the end of the connection leave nothing behind", () => {
    const redbun = new InProcess();
    const client = redbun.connect();
    client.run("WATCH a b");
    client.run("MULTI");
    expect(redbun.server.watches.keys).toBe(2);
    expect(client.run("RESET")).toEqual([simple("RESET")]);
    expect(client.run("EXEC")).toEqual([error("ERR EXEC without MULTI")]);
    client.run("WATCH a b");
    redbun.run(`CLIENT KILL ID ${client.client.id}`);
    expect(redbun.server.watches.keys).toBe(0);
    expect(redbun.keyspace.hooks).toBeNull();
  });
});

describe("WATCH", () => {
  test("sees every way in which a key changes", () => {
    for (const commands of [
      ["SET k w"],
      ["SET k v"],
      ["APPEND k w"],
      ["DEL k"],
      ["UNLINK k"],
      ["GETDEL k"],
      ["EXPIRE k 100"],
      ["EXPIRE k -1"],
      ["RENAME k other"],
      ["MOVE k 1"],
      ["FLUSHDB"],
      ["FLUSHALL"],
      ["FLUSHALL ASYNC"],
      ["SWAPDB 0 1"],
      ["SET other v", "RENAME other k"],
      ["SET other v", "COPY other k REPLACE"],
      ["SETBIT k 0 1"],
    ]) {
      expect([commands, changes(commands)]).toEqual([commands, true]);
    }
  });

  test("a key that comes is a change, too", () => {
    for (const commands of [["SET k v"], ["SELECT 1", "SET k v", "SWAPDB 0 1"], ["SELECT 1", "SET k v", "MOVE k 0"]]) {
      expect([commands, changes(commands, [])]).toEqual([commands, true]);
    }
  });

  test("what is no change", () => {
    for (const commands of [
      ["GET k"],
      ["TOUCH k"],
      ["SET other v"],
      ["SELECT 1", "SET k w"],
      ["PERSIST k"],
      ["SELECT 1", "FLUSHDB"],
      ["SWAPDB 1 2"],
      ["SWAPDB 0 0"],
    ]) {
      expect([commands, changes(commands)]).toEqual([commands, false]);
    }
    expect(changes(["DEL k", "FLUSHALL", "SWAPDB 0 1"], [])).toBe(false);
  });

  test("its own changes count before MULTI, and end with EXEC", () => {
    const redbun = new InProcess();
    expect(redbun.run("WATCH k", "SET k v", "MULTI", "PING", "EXEC")).toEqual(NULL_ARRAY);
    redbun.run("MULTI", "PING", "EXEC");
    expect(redbun.run("WATCH k", "MULTI", "SET k w", "EXEC")).toEqual(array(OK));
    redbun.run("WATCH k", "SET k x", "UNWATCH");
    expect(redbun.run("MULTI", "PING", "EXEC")).toEqual(array(simple("PONG")));
    redbun.run("WATCH k", "SET k x");
    expect(text(redbun.run("CLIENT INFO"))).toContain(" flags=d ");
  });

  test("a dirty client watches nothing any more", () => {
    const redbun = new InProcess();
    redbun.run("WATCH a b", "SET a 1");
    expect(redbun.server.watches.keys).toBe(0);
    redbun.run("WATCH c");
    expect(redbun.server.watches.keys).toBe(0);
    expect(redbun.run("MULTI", "EXEC")).toEqual(NULL_ARRAY);
  });

  test("a key that expires, deleted or not", () => {
    const redbun = new InProcess();
    for (const deleted of [true, false]) {
      redbun.run("SET k v PX 10", "WATCH k");
      redbun.clock.advance(11);
      if (deleted) redbun.connect().run("GET k");
      redbun.run("MULTI", "PING");
      expect(redbun.run("EXEC")).toEqual(NULL_ARRAY);
    }
  });

  describe("of a key that has expired and is still there", () => {
    function expired(): InProcess {
      const redbun = new InProcess();
      redbun.run("SET k v PX 10");
      redbun.clock.advance(11);
      // A pause keeps commands from deleting it.
      redbun.server.pause.start("write", redbun.clock.now() + 1000);
      redbun.run("WATCH k");
      redbun.server.pause.end();
      expect(redbun.entry("k")).not.toBe(0);
      return redbun;
    }

    test("its deletion is no change, whoever deletes it", () => {
      for (const commands of [["GET k"], ["DEL k"], ["FLUSHALL"], ["SWAPDB 0 1"], ["PING"]]) {
        const redbun = expired();
        for (const command of commands) redbun.connect().run(command);
        expect([commands, redbun.run("MULTI", "EXEC")]).toEqual([commands, array()]);
      }
    });

    test("a new value is", () => {
      for (const commands of [["SET k w"], ["GET k", "SET k w"], ["SELECT 1", "SET k w", "SWAPDB 0 1"]]) {
        const redbun = expired();
        const other = redbun.connect();
        for (const command of commands) other.run(command);
        expect([commands, redbun.run("MULTI", "EXEC")]).toEqual([commands, NULL_ARRAY]);
      }
    });
  });

  test("a missing key in whose place SWAPDB puts one whose time has come", () => {
    const redbun = new InProcess();
    redbun.run("SELECT 1", "SET k v PX 10", "SELECT 0", "WATCH k");
    redbun.clock.advance(11);
    const other = redbun.connect();
    other.run("SWAPDB 0 1");
    expect(redbun.run("MULTI", "EXEC")).toEqual(array());
    redbun.run("SELECT 1", "SET k v PX 10", "SELECT 0", "WATCH k");
    redbun.clock.advance(11);
    other.run("SWAPDB 0 1");
    other.run("SET k new");
    expect(redbun.run("MULTI", "EXEC")).toEqual(NULL_ARRAY);
  });
});
