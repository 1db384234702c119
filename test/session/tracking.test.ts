/** Client-side caching in process: what is sent to whom, and where it stands between replies. */

import { describe, expect, test } from "bun:test";
import { InProcess, type InProcessClient } from "../support/in-process";
import { array, bulk, integer, NULL, NULL_BULK, OK, type Reply, simple } from "../support/reply";

function push(name: string, value: Reply): Reply {
  return { type: "push", items: [bulk(name), value] };
}

function invalidate(...keys: string[]): Reply {
  return push("invalidate", array(...keys.map(bulk)));
}

/** The same, as a RESP2 client gets it that others redirect to. */
function published(...keys: string[]): Reply {
  return array(bulk("message"), bulk("__redis__:invalidate"), array(...keys.map(bulk)));
}

const EVERYTHING = push("invalidate", NULL);

function tracker(redbun: InProcess, options = "", protocol = 3): InProcessClient {
  const client = redbun.connect();
  client.run(`HELLO ${protocol}`);
  expect(client.run(`CLIENT TRACKING on ${options}`.trim())).toEqual([OK]);
  return client;
}

function figures(redbun: InProcess): number[] {
  const { tracking } = redbun.server;
  return [tracking.clients, tracking.table.keys, tracking.table.items, tracking.prefixCount];
}

describe("what a client has read", () => {
  test("is invalidated once, by any change, in any database", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    redbun.run("MSET a 1 b 2");
    a.run("MGET a b missing");
    expect(figures(redbun)).toEqual([1, 3, 3, 0]);
    redbun.run("INCR a", "INCR a", "SET missing x", "SELECT 5", "SET b other");
    expect(a.received()).toEqual([invalidate("a"), invalidate("missing"), invalidate("b")]);
    expect(figures(redbun)).toEqual([1, 0, 0, 0]);
  });

  test("keys of commands whose keys depend on the arguments", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("SINTERCARD 2 s t");
    a.run("SORT_RO l");
    a.run("ZUNION 1 z");
    a.run("GET");
    expect(figures(redbun)).toEqual([1, 4, 4, 0]);
    redbun.run("SADD t x", "RPUSH l x", "DEL s");
    expect(a.received()).toEqual([invalidate("t"), invalidate("l")]);
  });

  test("but not what only writes", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("SET k v");
    a.run("GETDEL k");
    expect(figures(redbun)).toEqual([1, 0, 0, 0]);
  });

  test("a key that expires, looked up or not, and a moved one", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    redbun.run("SET k v PX 10", "SET l v PX 10", "SET m v");
    a.run("MGET k l m");
    redbun.run("MOVE m 1");
    redbun.clock.advance(20);
    expect(a.run("GET k")).toEqual([invalidate("m"), NULL, invalidate("k")]);
    expect(redbun.run("EXISTS l")).toEqual(integer(0));
    expect(a.received()).toEqual([invalidate("l")]);
  });

  test("all clients of a key get the same buffer", () => {
    const redbun = new InProcess();
    const sent: Buffer[] = [];
    for (let i = 0; i < 3; i++) {
      const client = tracker(redbun);
      client.run("GET k");
      client.client.transport.push = (bytes) => sent.push(bytes);
    }
    redbun.run("SET k v");
    expect([sent.length, new Set(sent).size]).toEqual([3, 1]);
  });

  test("the tables are gone with the last client that has tracked", () => {
    const redbun = new InProcess();
    const [a, b] = [tracker(redbun), tracker(redbun, "BCAST PREFIX p")];
    a.run("GET k");
    a.client.transport.close();
    expect(figures(redbun)).toEqual([1, 1, 1, 1]);
    b.client.transport.close();
    expect(figures(redbun)).toEqual([0, 0, 0, 0]);
    expect(redbun.keyspace.hooks).toBe(null);
  });

  test("OFF and ON again: what was read before still counts", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("GET k");
    a.run("CLIENT TRACKING off");
    expect(a.run("CLIENT TRACKING on")).toEqual([OK]);
    redbun.run("SET k v");
    expect(a.received()).toEqual([invalidate("k")]);
  });
});

describe("one's own changes", () => {
  test("come after the reply, and after that of the whole transaction", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("GET k");
    expect(a.run("SET k v")).toEqual([OK, invalidate("k")]);
    a.run("MULTI");
    for (const command of ["GET k", "SET k w", "GET k", "FLUSHDB"]) a.run(command);
    expect(a.run("EXEC")).toEqual([array(bulk("v"), OK, bulk("w"), OK), invalidate("k"), EVERYTHING]);
  });

  test("come after the other messages that the command has caused", () => {
    const redbun = new InProcess({ "notify-keyspace-events": "K$" });
    const a = tracker(redbun);
    a.run("SUBSCRIBE __keyspace@0__:k");
    a.run("GET k");
    const message: Reply = { type: "push", items: ["message", "__keyspace@0__:k", "set"].map(bulk) };
    expect(a.run("SET k v")).toEqual([OK, message, invalidate("k")]);
  });

  test("are not told with NOLOOP, those of others are", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "NOLOOP");
    a.run("MGET k l");
    expect(a.run("SET k v")).toEqual([OK]);
    redbun.run("SET l v");
    expect(a.received()).toEqual([invalidate("l")]);
  });

  test("are told although tracking ends in the same transaction", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("GET k");
    a.run("MULTI");
    a.run("SET k v");
    a.run("CLIENT TRACKING off");
    expect(a.run("EXEC")).toEqual([array(OK, OK), invalidate("k")]);
  });

  test("a command that was blocked: after its reply", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("LRANGE to 0 -1");
    a.run("BLMOVE from to LEFT LEFT 0");
    redbun.run("RPUSH from x");
    expect(a.received()).toEqual([bulk("x"), invalidate("to")]);
  });
});

describe("OPTIN and OPTOUT", () => {
  test("CLIENT CACHING concerns the next command that is no CLIENT", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "OPTIN");
    a.run("GET a");
    a.run("CLIENT CACHING yes");
    a.run("CLIENT TRACKINGINFO");
    a.run("GET b");
    a.run("GET c");
    expect(redbun.server.tracking.table.keys).toBe(1);
    a.run("CLIENT CACHING yes");
    a.run("NOSUCH");
    a.run("GET d");
    expect(redbun.server.tracking.table.keys).toBe(1);
  });

  test("or a transaction", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "OPTIN");
    for (const command of ["CLIENT CACHING yes", "MULTI", "GET a", "GET b", "EXEC", "GET c"]) a.run(command);
    expect(redbun.server.tracking.table.keys).toBe(2);
  });

  test("OPTOUT is the other way round", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "OPTOUT");
    for (const command of ["GET a", "CLIENT CACHING no", "GET b", "GET c"]) a.run(command);
    expect(redbun.server.tracking.table.keys).toBe(2);
  });
});

describe("BCAST", () => {
  test("a message for each prefix, with the keys in order, at the end of the batch", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "BCAST PREFIX b PREFIX a");
    redbun.run("MSET b2 1 a 1 b1 1 c 1", "SET b1 2");
    expect(a.received()).toEqual([]);
    redbun.server.gate.flushDue();
    expect(a.received()).toEqual([invalidate("a"), invalidate("b1", "b2")]);
    redbun.server.gate.flushDue();
    expect(a.received()).toEqual([]);
  });

  test("NOLOOP leaves out what the client itself was the last to change", () => {
    const redbun = new InProcess();
    const [a, b] = [tracker(redbun, "BCAST NOLOOP"), tracker(redbun, "BCAST")];
    a.run("MSET k 1 l 1");
    redbun.run("SET l 2");
    redbun.server.gate.flushDue();
    expect([a.received(), b.received()]).toEqual([[invalidate("l")], [invalidate("k", "l")]]);
    a.run("SET k 2 PX 1");
    redbun.clock.advance(5);
    a.run("GET k");
    redbun.server.gate.flushDue();
    expect(a.received()).toEqual([invalidate("k")]);
  });

  test("what was read before BCAST is not told as if it had been tracked", () => {
    const redbun = new InProcess();
    const a = tracker(redbun);
    a.run("GET k");
    a.run("CLIENT TRACKING off");
    a.run("CLIENT TRACKING on BCAST PREFIX other");
    redbun.run("SET k v");
    redbun.server.gate.flushDue();
    expect(a.received()).toEqual([]);
  });

  test("more prefixes are added, and a prefix without clients goes", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "BCAST PREFIX a");
    a.run("CLIENT TRACKING on BCAST PREFIX b");
    expect(figures(redbun)[3]).toBe(2);
    a.run("CLIENT TRACKING off");
    expect(figures(redbun)[3]).toBe(0);
  });
});

describe("FLUSHALL and FLUSHDB", () => {
  test("one null for everybody who tracks, whatever they have read", () => {
    const redbun = new InProcess();
    const clients = [tracker(redbun), tracker(redbun, "BCAST PREFIX p"), tracker(redbun, "NOLOOP")];
    clients[0].run("GET k");
    for (const command of ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC"]) {
      redbun.run(command);
      for (const client of clients) expect(client.received()).toEqual([EVERYTHING]);
    }
    expect(figures(redbun)).toEqual([3, 0, 0, 1]);
    expect(clients[0].run("FLUSHALL")).toEqual([OK, EVERYTHING]);
  });
});

describe("REDIRECT", () => {
  test("to a client of RESP2 that subscribes, and to one of RESP3 in any case", () => {
    const redbun = new InProcess();
    const [two, three] = [redbun.connect(), redbun.connect()];
    three.run("HELLO 3");
    const a = tracker(redbun, `REDIRECT ${two.client.id}`, 2);
    const b = tracker(redbun, `REDIRECT ${three.client.id}`, 2);
    for (const client of [a, b]) client.run("MGET k l");
    redbun.run("SET k v");
    expect([two.received(), three.received()]).toEqual([[], [invalidate("k")]]);
    two.run("SUBSCRIBE __redis__:invalidate");
    redbun.run("SET l v", "FLUSHALL");
    expect(two.received()).toEqual([published("l"), array(bulk("message"), bulk("__redis__:invalidate"), NULL_BULK)]);
    expect(three.received()).toEqual([invalidate("l"), EVERYTHING]);
    expect([a.received(), b.received()]).toEqual([[], []]);
  });

  test("a target that is gone", () => {
    const redbun = new InProcess();
    const target = redbun.connect();
    const { id } = target.client;
    const a = tracker(redbun, `REDIRECT ${id}`);
    a.run("MGET k l");
    target.client.transport.close();
    redbun.run("SET k v");
    expect(a.received()).toEqual([push("tracking-redir-broken", integer(id))]);
    expect(a.run("SET l v")).toEqual([OK, push("tracking-redir-broken", integer(id))]);
    expect(redbun.run(`CLIENT LIST ID ${a.client.id}`)).toMatchObject({
      value: expect.stringMatching(new RegExp(` flags=tR .* redir=${id} `)),
    });
    a.run("CLIENT TRACKING on");
    expect(a.client.tracking?.redirectIsBroken).toBe(false);
  });

  test("with RESP2 and no redirection nothing can be sent", () => {
    const redbun = new InProcess();
    const a = tracker(redbun, "", 2);
    a.run("GET k");
    redbun.run("SET k v", "FLUSHALL");
    expect(a.run("PING")).toEqual([simple("PONG")]);
  });
});

describe("tracking-table-max-keys", () => {
  test("keys above it are forgotten, which their clients are told after the reply", () => {
    const redbun = new InProcess({ "tracking-table-max-keys": "2" });
    const a = tracker(redbun, "NOLOOP");
    const [reply, ...messages] = a.run("MGET a b c d e");
    expect(reply).toEqual(array(NULL, NULL, NULL, NULL, NULL));
    expect(messages.length).toBe(3);
    expect(redbun.server.tracking.table.keys).toBe(2);
    redbun.run("CONFIG SET tracking-table-max-keys 1");
    expect(a.received().length).toBe(1);
  });

  test("a hundred at once, more the longer it is not enough", () => {
    const redbun = new InProcess({ "tracking-table-max-keys": "0" });
    const a = tracker(redbun);
    a.run(`MGET ${Array.from({ length: 1000 }, (_, i) => `k${i}`).join(" ")}`);
    const { tracking } = redbun.server;
    redbun.run("CONFIG SET tracking-table-max-keys 1");
    const left = [tracking.table.keys];
    while (tracking.table.keys > 1) {
      tracking.cron();
      left.push(tracking.table.keys);
    }
    expect(left).toEqual([900, 700, 400, 1]);
  });
});

test("RESET ends it", () => {
  const redbun = new InProcess();
  const a = tracker(redbun, "BCAST PREFIX p");
  expect(a.run("RESET")).toEqual([simple("RESET")]);
  expect(figures(redbun)).toEqual([0, 0, 0, 0]);
  expect(a.run("CLIENT GETREDIR")).toEqual([integer(-1)]);
});
