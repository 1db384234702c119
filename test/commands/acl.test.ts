/** ACL in process: who is asked what, what happens to clients whose user changes, and the log over time. */

import { beforeEach, describe, expect, test } from "bun:test";
import {
  ALLOWED,
  argumentDenied,
  check,
  DENIED_CHANNEL,
  DENIED_COMMAND,
  DENIED_KEY,
} from "../../src/command/permission";
import { requestOf } from "../../src/resp/request";
import { InProcess, type InProcessClient } from "../support/in-process";
import { array, bulk, error, integer, items, NULL_BULK, OK, pairs, type Reply, text } from "../support/reply";

let redbun: InProcess;
beforeEach(() => {
  redbun = new InProcess();
});

const NO_KEY = error("NOPERM No permissions to access a key");
const noCommand = (name: string): Reply => error(`NOPERM User u has no permissions to run the '${name}' command`);

/** A client that is user u, who has these rights. */
function user(rules: string): InProcessClient {
  expect(redbun.run(`ACL SETUSER u on nopass ${rules}`)).toEqual(OK);
  const client = redbun.connect();
  expect(client.run("AUTH u x")).toEqual([OK]);
  return client;
}

/** What is denied to user u of a request: what, and which argument. */
function denied(rules: string, line: string): [number, string | undefined] {
  redbun.run(`ACL SETUSER u reset ${rules}`);
  const { acl, commands } = redbun.server;
  const words = line.split(" ");
  const base = commands.get(words[0].toLowerCase());
  const command = base?.subcommands?.get(words[1]) ?? base;
  const who = acl.get("u");
  if (command === undefined || who === undefined) throw new Error(line);
  const result = check(who, command, requestOf(words));
  return result === ALLOWED ? [ALLOWED, undefined] : [result, words[argumentDenied()]];
}

describe("a check", () => {
  test("finds the first key that may not be used", () => {
    expect(denied("+@all ~a*", "MSET a 1 b 2 c 3")).toEqual([DENIED_KEY, "b"]);
    expect(denied("+@all ~a*", "MSET a 1 a2 2")).toEqual([ALLOWED, undefined]);
    expect(denied("+@all ~a*", "ZUNIONSTORE b 2 a c")).toEqual([DENIED_KEY, "b"]);
    expect(denied("+@all ~a*", "SUNIONSTORE a a a b")).toEqual([DENIED_KEY, "b"]);
  });

  test("looks at far more keys than there is room for at first", () => {
    const line = `MGET ${Array.from({ length: 100 }, (_, i) => `a${i}`).join(" ")}`;
    expect(denied("+@all ~a*", line)).toEqual([ALLOWED, undefined]);
    expect(denied("+@all ~a*", `${line} b`)).toEqual([DENIED_KEY, "b"]);
  });

  test("asks one selector for all of a request", () => {
    expect(denied("(+get ~a) (+set ~b)", "GET a")).toEqual([ALLOWED, undefined]);
    expect(denied("(+get ~a) (+set ~b)", "SET a 1")).toEqual([DENIED_KEY, "a"]);
    expect(denied("(+copy %R~a) (+copy %W~b)", "COPY a b")).toEqual([DENIED_KEY, "b"]);
    expect(denied("(+copy %R~a %W~b)", "COPY a b")).toEqual([ALLOWED, undefined]);
  });

  test("tells what came furthest", () => {
    expect(denied("(+mget ~a) (+mget ~a ~b)", "MGET a b c")).toEqual([DENIED_KEY, "c"]);
    expect(denied("(+mget ~a ~b) (+mget ~a) (+get)", "MGET a b c")).toEqual([DENIED_KEY, "c"]);
    expect(denied("+get", "MGET a")[0]).toBe(DENIED_COMMAND);
    expect(denied("+publish (+publish &c)", "PUBLISH d m")).toEqual([DENIED_CHANNEL, "d"]);
    expect(denied("+subscribe &a &b", "SUBSCRIBE a b c a")).toEqual([DENIED_CHANNEL, "c"]);
  });

  test("passes over commands that need no login", () => {
    for (const line of ["AUTH x", "HELLO", "QUIT", "RESET"]) expect(denied("-@all", line)[0]).toBe(ALLOWED);
  });

  test("without keys, as the arguments are wrong, leaves the error to the command", () => {
    const client = user("+@all ~a");
    expect(client.run("ZUNIONSTORE b x c")).toEqual([error("ERR value is not an integer or out of range")]);
    expect(client.run("XREAD COUNT 1")).toEqual([error("ERR wrong number of arguments for 'xread' command")]);
    expect(client.run("XREAD COUNT 1 BLOCK")).toEqual([error("ERR syntax error")]);
    expect(redbun.run("EXISTS b c")).toEqual(integer(0));
  });
});

describe("rights that change", () => {
  test("a command that waits is checked again when it goes on", () => {
    const client = user("+@all ~*");
    expect(client.run("BLPOP l 0")).toEqual([]);
    redbun.run("ACL SETUSER u resetkeys ~other");
    redbun.run("RPUSH l x");
    expect(client.received()).toEqual([NO_KEY]);
    expect(redbun.run("LRANGE l 0 -1")).toEqual(array(bulk("x")));
    expect(client.client.blocked).toBe(false);
    expect(redbun.server.acl.log.newest(1)[0].object).toBe("l");
  });

  test("so is what was queued, one by one, and only what is denied fails", () => {
    const client = user("+@all ~a ~b");
    expect(client.run("MULTI")).toEqual([OK]);
    for (const line of ["SET a 1", "SET b 1", "INCR a"]) client.run(line);
    redbun.run("ACL SETUSER u resetkeys ~a");
    const [reply] = client.run("EXEC");
    expect(items(reply).map((each) => each.type)).toEqual(["simple", "error", "integer"]);
    expect(redbun.run("MGET a b")).toEqual(array(bulk("2"), NULL_BULK));
    const errors = redbun.server.stats.errors.get("NOPERM");
    expect(errors).toBe(1);
  });

  test("EXEC itself may be denied: then the transaction is over", () => {
    const client = user("+@all ~*");
    client.run("MULTI");
    client.run("SET a 1");
    redbun.run("ACL SETUSER u -exec");
    expect(client.run("EXEC")).toEqual([
      error("EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command"),
    ]);
    expect(client.client.transaction).toBeNull();
  });

  test("a user who may do everything again is not asked any more", () => {
    const client = user("+get ~a");
    expect(client.run("SET a 1")).toEqual([noCommand("set")]);
    redbun.run("ACL SETUSER u +@all ~* &*");
    expect(redbun.server.acl.get("u")?.unrestricted).toBe(true);
    expect(client.run("SET b 1")).toEqual([OK]);
    redbun.run("ACL SETUSER u -flushall");
    expect(client.run("FLUSHALL")).toEqual([noCommand("flushall")]);
  });

  test("being switched off does not throw out who is in", () => {
    const client = user("+@all ~*");
    redbun.run("ACL SETUSER u off resetpass");
    expect(client.run("SET a 1")).toEqual([OK]);
  });
});

describe("a user that is deleted", () => {
  test("takes its clients with it, blocked ones and those in a transaction too", () => {
    const clients = [user("+@all ~* &*"), redbun.connect(), redbun.connect(), redbun.connect()];
    for (const client of clients.slice(1)) client.run("AUTH u x");
    clients[1].run("BLPOP l 0");
    clients[2].run("MULTI");
    clients[3].run("SUBSCRIBE c");
    expect(redbun.run("ACL DELUSER u")).toEqual(integer(1));
    expect([...redbun.server.clients.all()]).toEqual([redbun.client]);
    expect(redbun.run("RPUSH l x", "LLEN l")).toEqual(integer(1));
    expect(redbun.run("PUBSUB NUMSUB c")).toEqual(array(bulk("c"), integer(0)));
  });

  test("may be one's own: the reply is the last", () => {
    const client = user("+@all ~*");
    expect(client.run("ACL DELUSER u")).toEqual([integer(1)]);
    expect(client.client.closing).toBe(true);
    expect(client.client.authenticated).toBe(false);
    expect(client.client.user).toBe(redbun.server.acl.defaultUser);
  });
});

describe("subscribers", () => {
  const isThere = (client: InProcessClient): boolean => redbun.server.clients.byId.has(client.client.id);

  test("of what is not allowed any more are sent away, and nobody else", () => {
    const listening = user("+@all &a* &p*");
    listening.run("SUBSCRIBE a1");
    const matching = redbun.connect();
    matching.run("AUTH u x");
    matching.run("PSUBSCRIBE p*");
    const sharded = redbun.connect();
    sharded.run("AUTH u x");
    sharded.run("SSUBSCRIBE p1");
    const idle = redbun.connect();
    idle.run("AUTH u x");
    const stranger = redbun.connect();
    stranger.run("SUBSCRIBE p1");
    redbun.run("ACL SETUSER u resetchannels &a? &p1");
    expect([listening, matching, sharded, idle, stranger].map(isThere)).toEqual([true, false, true, true, true]);
    redbun.run("ACL SETUSER u resetchannels &a?");
    expect([listening, sharded, idle].map(isThere)).toEqual([true, false, true]);
    redbun.run("ACL SETUSER u resetchannels");
    expect([listening, idle].map(isThere)).toEqual([false, true]);
  });

  test("stay where all old channels are still named, though they listen to others", () => {
    const client = redbun.connect();
    client.run("SUBSCRIBE x");
    redbun.run("ACL SETUSER u on nopass +@all &a");
    client.run("AUTH u x");
    redbun.run("ACL SETUSER u &b");
    expect(isThere(client)).toBe(true);
    redbun.run("ACL SETUSER u (&x)");
    redbun.run("ACL SETUSER u resetchannels &b");
    expect(isThere(client)).toBe(true);
  });

  test("may send themselves away, in RESP3: after the reply", () => {
    const client = user("+@all &a ~*");
    client.run("HELLO 3");
    client.run("SUBSCRIBE a");
    expect(client.run("ACL SETUSER u resetchannels")).toEqual([OK]);
    expect(client.client.closing).toBe(true);
  });
});

describe("logging in", () => {
  test("CLIENT LIST and CLIENT KILL know users, and a new connection begins as the default user", () => {
    const client = user("+@all ~*");
    expect(text(redbun.run("CLIENT LIST ID 2"))).toContain(" user=u ");
    expect(redbun.run("CLIENT KILL USER nobody")).toEqual(error("ERR No such user 'nobody'"));
    expect(redbun.run("CLIENT KILL USER u")).toEqual(integer(1));
    expect(redbun.server.clients.byId.has(client.client.id)).toBe(false);
    expect(redbun.connect().client.user.name).toBe("default");
  });

  test("RESET goes back to the default user, who may need a password by now", () => {
    const client = user("+@all ~*");
    redbun.run("ACL SETUSER default >p");
    client.run("RESET");
    expect(client.client.user.name).toBe("default");
    expect(client.run("GET k")).toEqual([error("NOAUTH Authentication required.")]);
    expect(client.run("AUTH p")).toEqual([OK]);
  });

  test("a name that does not exist is compared like one that does", () => {
    const { acl } = redbun.server;
    expect(acl.authenticate("nobody", Buffer.from("x"))).toBeNull();
    expect(acl.authenticate("", Buffer.from(""))).toBeNull();
    expect(acl.authenticate("default", Buffer.from("any"))).toBe(acl.defaultUser);
  });
});

describe("ACL LOG", () => {
  const log = (): Map<string, Reply>[] =>
    items(redbun.run("ACL LOG")).map((entry) => new Map(pairs(entry).map(([key, value]) => [text(key), value])));

  test("has the age of the last time, and the client of it", () => {
    const client = user("+get ~a");
    client.run("GET b");
    const start = redbun.clock.now();
    redbun.clock.advance(1500);
    client.run("GET b");
    redbun.clock.advance(250);
    const [entry] = log();
    expect(entry.get("count")).toEqual(integer(2));
    expect(entry.get("age-seconds")).toEqual(bulk("0.25"));
    expect(entry.get("timestamp-created")).toEqual(integer(start));
    expect(entry.get("timestamp-last-updated")).toEqual(integer(start + 1500));
    expect(text(entry.get("client-info") as Reply)).toContain(` cmd=get user=u `);
  });

  test("counts in INFO, which CONFIG RESETSTAT and ACL LOG RESET leave alone", () => {
    const client = user("+get +publish ~a");
    for (const line of ["GET b", "SET a 1", "PUBLISH c m", "AUTH u", "AUTH nobody x"]) client.run(line);
    redbun.run("CONFIG RESETSTAT", "ACL LOG RESET");
    const info = text(redbun.run("INFO stats"));
    for (const line of ["auth:1", "cmd:1", "key:1", "channel:1"])
      expect(info).toContain(`acl_access_denied_${line}\r\n`);
    expect(log()).toEqual([]);
  });

  test("a command that is refused for its rights counts as rejected", () => {
    const client = user("+get ~a");
    client.run("GET b");
    client.run("CONFIG GET x");
    expect(text(redbun.run("INFO commandstats"))).toContain(
      "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,",
    );
    expect(text(redbun.run("INFO commandstats"))).toContain(
      "cmdstat_config|get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,",
    );
  });
});
