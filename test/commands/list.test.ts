/** The list commands in process: events, the count of changes, memory, and clients that wait, over every encoding. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_LIST, EVENT_NONE } from "../../src/db/keyspace";
import { expectNoLeak } from "../support/heap-account";
import { InProcess, type InProcessClient } from "../support/in-process";
import { array, bulk, error, integer, items, NULL_ARRAY, NULL_BULK, OK, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

/** Limits under which lists of a few elements have this shape. */
const SHAPES: Record<string, { directives: Record<string, string>; plainFrom: string; encoding: string }> = {
  listpack: { directives: {}, plainFrom: "0", encoding: "listpack" },
  "nodes of one element": { directives: { "list-max-listpack-size": "1" }, plainFrom: "0", encoding: "quicklist" },
  "nodes of four elements": { directives: { "list-max-listpack-size": "4" }, plainFrom: "0", encoding: "quicklist" },
  "plain nodes": { directives: { "list-max-listpack-size": "1" }, plainFrom: "1", encoding: "quicklist" },
};

function start(shape: string): InProcess {
  const { directives, plainFrom } = SHAPES[shape];
  const redbun = new InProcess({ "enable-debug-command": "yes", ...directives });
  expect(redbun.call("DEBUG", "QUICKLIST-PACKED-THRESHOLD", plainFrom)).toEqual(OK);
  return redbun;
}

const contents = (redbun: InProcess, key: string): string[] => items(redbun.call("LRANGE", key, 0, -1)).map(text);
const some = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i}`);

describe.each(Object.keys(SHAPES))("%s", (shape) => {
  test("lists have this shape", () => {
    const redbun = start(shape);
    redbun.call("RPUSH", "k", ...some(10));
    expect(redbun.encoding("k")).toBe(SHAPES[shape].encoding);
    redbun.call("COPY", "k", "l");
    expect(redbun.encoding("l")).toBe(SHAPES[shape].encoding);
    expect(contents(redbun, "l")).toEqual(some(10));
    expectNoLeak(redbun);
  });

  test("events and the count of changes", () => {
    const cases: [setup: string[], command: string, events: string[], dirty: number][] = [
      [[], "LPUSH k a b c", ["lpush k"], 3],
      [["RPUSH k a"], "RPUSH k b c", ["rpush k"], 2],
      [["RPUSH k a"], "LPUSHX k b", ["lpush k"], 1],
      [["RPUSH k a"], "RPUSHX k b c", ["rpush k"], 2],
      [[], "LPUSHX k a", [], 0],
      [["RPUSH k a b"], "LPOP k", ["+lpop k", "modified k"], 1],
      [["RPUSH k a"], "RPOP k", ["+rpop k", "+del k", "modified k"], 1],
      [["RPUSH k a b c"], "LPOP k 2", ["+lpop k", "modified k"], 2],
      [["RPUSH k a b c"], "RPOP k 9", ["+rpop k", "+del k", "modified k"], 3],
      [["RPUSH k a b c"], "LPOP k 0", [], 0],
      [[], "LPOP k", [], 0],
      [["RPUSH k a b c"], "LSET k 1 x", ["lset k"], 1],
      [["RPUSH k a b c"], "LSET k 3 x", [], 0],
      [["RPUSH k a b c"], "LINSERT k BEFORE b x", ["linsert k"], 1],
      [["RPUSH k a b c"], "LINSERT k AFTER x x", [], 0],
      [["RPUSH k a b a"], "LREM k 0 a", ["modified k", "+lrem k"], 2],
      [["RPUSH k a a"], "LREM k -5 a", ["modified k", "+lrem k", "+del k"], 2],
      [["RPUSH k a"], "LREM k 0 x", [], 0],
      [["RPUSH k a b c d"], "LTRIM k 1 2", ["+ltrim k", "modified k"], 2],
      [["RPUSH k a b"], "LTRIM k 0 -1", ["+ltrim k", "modified k"], 0],
      [["RPUSH k a b"], "LTRIM k 5 9", ["+ltrim k", "+del k", "modified k"], 2],
      [[], "LTRIM k 0 0", [], 0],
      [["RPUSH k a b"], "LMOVE k l LEFT RIGHT", ["rpush l", "+lpop k", "modified k"], 1],
      [["RPUSH k a"], "LMOVE k l RIGHT LEFT", ["lpush l", "+rpop k", "+del k", "modified k"], 1],
      [["RPUSH k a b"], "LMOVE k k LEFT RIGHT", ["rpush k", "+lpop k", "modified k"], 1],
      [["RPUSH k a"], "RPOPLPUSH k k", ["lpush k", "+rpop k", "modified k"], 1],
      [["RPUSH k a", "RPUSH l b"], "RPOPLPUSH k l", ["lpush l", "+rpop k", "+del k", "modified k"], 1],
      [[], "LMOVE k l LEFT RIGHT", [], 0],
      [["RPUSH l a b c"], "LMPOP 2 k l LEFT COUNT 2", ["+lpop l", "modified l"], 2],
      [["RPUSH l a b c"], "LMPOP 2 k l RIGHT COUNT 9", ["+rpop l", "+del l", "modified l"], 3],
      [["RPUSH l a"], "BLPOP k l 0", ["+lpop l", "+del l", "modified l"], 1],
      [["RPUSH l a b"], "BRPOP k l 0", ["+rpop l", "modified l"], 1],
      [["RPUSH k a b"], "BLMOVE k l LEFT LEFT 0", ["lpush l", "+lpop k", "modified k"], 1],
      [["RPUSH k a b"], "BRPOPLPUSH k l 0", ["lpush l", "+rpop k", "modified k"], 1],
      [["RPUSH k a b"], "BLMPOP 0 1 k LEFT COUNT 2", ["+lpop k", "+del k", "modified k"], 2],
      [["RPUSH k a"], "LRANGE k 0 -1", [], 0],
      [["RPUSH k a"], "LPOS k a", [], 0],
    ];
    for (const [setup, command, events, dirty] of cases) {
      const redbun = start(shape);
      if (setup.length > 0) redbun.run(...setup);
      const before = redbun.keyspace.dirty;
      const recorded = redbun.recordEvents();
      redbun.run(command);
      // "+" stands for an event beside the change that was announced.
      const seen = recorded.map(({ change, event, key }) => `${change ? "" : "+"}${event} ${key}`);
      expect([command, ...seen, redbun.keyspace.dirty - before]).toEqual([command, ...events, dirty]);
      for (const { event, eventClass } of recorded.filter((each) => each.eventClass !== EVENT_NONE)) {
        expect(eventClass).toBe(event === "del" ? EVENT_GENERIC : EVENT_LIST);
      }
      expectNoLeak(redbun);
    }
  });

  test("hits and misses: those who read count, those who change do not", () => {
    const redbun = start(shape);
    redbun.run("RPUSH k a b c");
    const { stats } = redbun.keyspace;
    const before = { ...stats };
    redbun.run("LLEN k", "LINDEX k 0", "LRANGE k 0 -1", "LPOS k b");
    redbun.run("LLEN x", "LINDEX x 0", "LRANGE x 0 -1");
    redbun.run("LPOP k", "LSET k 0 x", "LREM k 0 y", "LTRIM k 0 -1", "LMOVE k x LEFT LEFT", "RPOP nothing");
    expect([stats.hits - before.hits, stats.misses - before.misses]).toEqual([4, 3]);
  });

  test("the list of a key that expires, is deleted or overwritten gives its memory back", () => {
    const redbun = start(shape);
    const { heap } = redbun.keyspace;
    const before = heap.usedBytes;
    const ends: (() => Reply)[] = [
      () => redbun.run("DEL k"),
      () => redbun.run("UNLINK k"),
      () => redbun.run("SET k x", "DEL k"),
      () => redbun.run("RENAME k l", "DEL l"),
      () => redbun.run("LTRIM k 1 0"),
      () => redbun.run("LPOP k 100000"),
      () => redbun.run("FLUSHALL"),
      () => redbun.run("FLUSHALL ASYNC"),
      () => {
        redbun.run("PEXPIRE k 10");
        redbun.clock.advance(20);
        return redbun.run("EXISTS k");
      },
    ];
    for (const end of ends) {
      redbun.call("RPUSH", "k", ...some(3000));
      end();
      redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
      expect(redbun.keyspace.size).toBe(0);
      expect(heap.usedBytes).toBe(before);
    }
  });

  test("UNLINK leaves a list of many nodes to the background", () => {
    const redbun = start(shape);
    redbun.call("RPUSH", "k", ...some(1000));
    const nodes = redbun.encoding("k") === "quicklist" ? 1000 / (shape === "nodes of four elements" ? 4 : 1) : 1;
    redbun.run("UNLINK k");
    expect(redbun.keyspace.free.pending).toBe(nodes > 64 ? 1 : 0);
    expectNoLeak(redbun);
  });

  test("a heap that cannot grow: a refused command loses nothing, and what removes always works", () => {
    const redbun = start(shape);
    const long = "x".repeat(9000);
    const commands: string[][] = [
      ["RPUSH", "new", "a"],
      ["LPUSH", "new", "a", "b", long, "c"],
      ["RPUSH", "k", "a"],
      ["LPUSH", "k", "a", long, "b", "c", "d", "e"],
      ["RPUSH", "k", ...some(60)],
      ["LPUSH", "k", ...some(60)],
      ["LSET", "k", "5", long],
      ["LSET", "k", "5", "x".repeat(300)],
      ["LINSERT", "k", "BEFORE", "e5", long],
      ["LINSERT", "k", "AFTER", "e5", "x".repeat(300)],
      ["LMOVE", "k", "l", "LEFT", "RIGHT"],
      ["LMOVE", "k", "new", "LEFT", "RIGHT"],
      ["LMOVE", "k", "k", "LEFT", "RIGHT"],
      ["RPOPLPUSH", "l", "k"],
      ["COPY", "k", "new"],
      ["COPY", "k", "l", "REPLACE"],
      ["LPOP", "k"],
      ["RPOP", "k", "7"],
      ["LTRIM", "k", "3", "-4"],
      ["LREM", "k", "0", "e5"],
      ["LMPOP", "1", "k", "LEFT", "COUNT", "1000"],
      ["DEL", "k"],
    ];
    const state = (): string[][] => ["k", "l", "new"].map((key) => contents(redbun, key));
    let before: string[][] = [];
    const prepare = (): InProcess => {
      redbun.run("FLUSHALL");
      redbun.call("RPUSH", "k", ...some(20));
      redbun.call("RPUSH", "l", "one", "two");
      before = state();
      return redbun;
    };
    let refused = 0;
    for (const command of commands) {
      const check = (reply: Reply): void => {
        // Removing takes a smaller block if it can be had, and else leaves the one that there is.
        if (reply.type !== "error") return;
        refused++;
        expect(["LPOP", "RPOP", "LTRIM", "LREM", "LMPOP", "DEL"]).not.toContain(command[0]);
        expect(reply.value).toStartWith("OOM ");
        expect(state()).toEqual(before);
      };
      starve({ name: command.slice(0, 3).join(" "), prepare, run: () => redbun.call(...command), check });
    }
    expect(refused).toBeGreaterThan(15);
  });

  describe("clients that wait", () => {
    function waiting(redbun: InProcess, ...commands: string[]): InProcessClient[] {
      return commands.map((command) => {
        const client = redbun.connect();
        expect(client.run(command)).toEqual([]);
        return client;
      });
    }

    const popped = (key: string, element: string): Reply => array(bulk(key), bulk(element));

    test("are served in the order in which they came, one element each", () => {
      const redbun = start(shape);
      const clients = waiting(redbun, "BLPOP k 0", "BRPOP k 0", "BLPOP x k 0", "BLPOP k 0");
      expect(redbun.run("RPUSH k a b c")).toEqual(integer(3));
      expect(clients.map((client) => client.received())).toEqual([
        [popped("k", "a")],
        [popped("k", "c")],
        [popped("k", "b")],
        [],
      ]);
      expect(redbun.run("EXISTS k")).toEqual(integer(0));
      expect(redbun.server.blocking.clients).toBe(1);
    });

    test("a push of many at the head is complete before anybody is served", () => {
      const redbun = start(shape);
      const [client] = waiting(redbun, "BLPOP k 0");
      expect(redbun.run("LPUSH k a b c")).toEqual(integer(3));
      expect(client.received()).toEqual([popped("k", "c")]);
    });

    test("BLMPOP takes as many as it asks for, and leaves the rest to the next", () => {
      const redbun = start(shape);
      const [first, second] = waiting(redbun, "BLMPOP 0 2 x k LEFT COUNT 2", "BLMPOP 0 1 k RIGHT COUNT 9");
      redbun.run("RPUSH k a b c d");
      expect(first.received()).toEqual([array(bulk("k"), array(bulk("a"), bulk("b")))]);
      expect(second.received()).toEqual([array(bulk("k"), array(bulk("d"), bulk("c")))]);
    });

    test("a move serves those who wait for its destination, in a chain and in a circle", () => {
      const redbun = start(shape);
      const [one, two, three] = waiting(redbun, "BLMOVE a b RIGHT LEFT 0", "BRPOPLPUSH b c 0", "BLPOP c 0");
      redbun.run("RPUSH a x");
      expect(one.received()).toEqual([bulk("x")]);
      expect(two.received()).toEqual([bulk("x")]);
      expect(three.received()).toEqual([popped("c", "x")]);
      expect(redbun.run("DBSIZE")).toEqual(integer(0));
      waiting(redbun, "BRPOPLPUSH a b 0", "BRPOPLPUSH b a 0");
      redbun.run("RPUSH a y");
      expect(contents(redbun, "a")).toEqual(["y"]);
      expect(redbun.run("EXISTS b")).toEqual(integer(0));
      waiting(redbun, "BRPOPLPUSH self self 0");
      redbun.run("RPUSH self z");
      expect(contents(redbun, "self")).toEqual(["z"]);
    });

    test("a destination of another type is an error for the one who waits, and the element stays", () => {
      const redbun = start(shape);
      redbun.run("SET target x");
      const [first, second] = waiting(redbun, "BLMOVE k target LEFT LEFT 0", "BLPOP k 0");
      redbun.run("RPUSH k a");
      expect(first.received()).toMatchObject([{ type: "error" }]);
      expect(second.received()).toEqual([popped("k", "a")]);
    });

    test("a key that becomes another type is nothing for them", () => {
      const redbun = start(shape);
      const [client] = waiting(redbun, "BLPOP k 0");
      redbun.run("SET k x", "DEL k", "SADD k a", "DEL k");
      expect(client.received()).toEqual([]);
      redbun.run("RPUSH other a b", "RENAME other k");
      expect(client.received()).toEqual([popped("k", "a")]);
    });

    test("a list that a transaction makes and removes was never there; one that it makes is there at its end", () => {
      const redbun = start(shape);
      const [client] = waiting(redbun, "BLPOP k 0");
      redbun.run("MULTI", "RPUSH k a", "DEL k", "EXEC");
      expect(client.received()).toEqual([]);
      redbun.run("MULTI", "RPUSH k a", "LPUSH k b", "LLEN k", "EXEC");
      expect(client.received()).toEqual([popped("k", "b")]);
    });

    test("COPY brings a list, too", () => {
      const redbun = start(shape);
      const [client] = waiting(redbun, "BRPOP k 0");
      redbun.run("RPUSH other a b", "COPY other k");
      expect(client.received()).toEqual([popped("k", "b")]);
    });

    test("timeouts and CLIENT UNBLOCK", () => {
      const redbun = start(shape);
      const clients = waiting(redbun, "BLPOP k 1.5", "BLMOVE k l LEFT LEFT 1.5", "BLMPOP 1.5 1 k LEFT", "BRPOP k 0");
      redbun.clock.advance(1499);
      redbun.server.unblocker.expire();
      for (const client of clients) expect(client.received()).toEqual([]);
      redbun.clock.advance(1);
      redbun.server.unblocker.expire();
      for (const client of clients.slice(0, 3)) expect(client.received()).toEqual([NULL_ARRAY]);
      expect(redbun.run(`CLIENT UNBLOCK ${clients[3].client.id} ERROR`)).toEqual(integer(1));
      expect(clients[3].received()).toEqual([error("UNBLOCKED client unblocked via CLIENT UNBLOCK")]);
      expect(redbun.server.blocking.clients).toBe(0);
    });

    test("in a transaction nobody waits", () => {
      const redbun = start(shape);
      redbun.run("MULTI", "BLPOP k 0", "BLMOVE k l LEFT LEFT 0", "BRPOPLPUSH k l 0", "BLMPOP 0 1 k LEFT");
      expect(redbun.run("EXEC")).toEqual(array(NULL_ARRAY, NULL_BULK, NULL_BULK, NULL_ARRAY));
    });

    test("many clients and many pushes: every element goes to one, in order", () => {
      const redbun = start(shape);
      const clients = waiting(redbun, ...Array.from({ length: 500 }, (_, i) => (i % 2 ? "BLPOP k 0" : "BLPOP x k 0")));
      for (let i = 0; i < 700; i += 7) redbun.call("RPUSH", "k", ...some(700).slice(i, i + 7));
      const received = clients.map((client) => client.received());
      expect(received).toEqual(some(500).map((element) => [popped("k", element)]));
      expect(contents(redbun, "k")).toEqual(some(700).slice(500));
      expectNoLeak(redbun);
    });
  });

  test("MEMORY USAGE counts all nodes, or estimates from some", () => {
    const redbun = start(shape);
    redbun.call("RPUSH", "k", ...some(100));
    const before = redbun.keyspace.heap.usedBytes;
    redbun.run("COPY k l");
    const exact = redbun.keyspace.heap.usedBytes - before;
    expect(Number(text(redbun.run("MEMORY USAGE l SAMPLES 0")))).toBeGreaterThanOrEqual(exact);
    const estimated = Number(text(redbun.run("MEMORY USAGE l SAMPLES 5")));
    expect(Math.abs(estimated / Number(text(redbun.run("MEMORY USAGE l SAMPLES 0"))) - 1)).toBeLessThan(0.1);
  });
});

describe("limits that change at run time", () => {
  test("the next change converts, and not before", () => {
    const redbun = new InProcess();
    redbun.call("RPUSH", "k", ...some(20));
    redbun.run("CONFIG SET list-max-listpack-size 5", "LRANGE k 0 -1", "LPOP k");
    expect(redbun.encoding("k")).toBe("listpack");
    redbun.run("RPUSH k x");
    expect(redbun.encoding("k")).toBe("quicklist");
    redbun.run("LTRIM k 0 3");
    expect(redbun.encoding("k")).toBe("quicklist");
    redbun.run("CONFIG SET list-max-listpack-size 100", "LRANGE k 0 -1");
    expect(redbun.encoding("k")).toBe("quicklist");
    redbun.run("LPOP k");
    expect(redbun.encoding("k")).toBe("listpack");
    expect(contents(redbun, "k")).toEqual(["e2", "e3", "e4"]);
    expectNoLeak(redbun);
  });
});
