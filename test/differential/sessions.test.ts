/**
 * Several clients at once beside real Redis: they block, queue, watch, subscribe, track, and kill each other at random,
 * over few keys, and every reply and message to each of them is compared after every request.
 *
 * The seed is fixed; REDBUN_SEED sets another. Beside 7.0 is left out what 7.2 does otherwise: how blocked XREADGROUPs
 * end and those who wait for several keys, where messages to oneself stand, and whose change it is (NOLOOP) when
 * somebody was woken. Beside 8.0 these are compared, too, and each client's replies and pushes in the order in which
 * they came; left out is FLUSHALL, which answers later there. Those sessions are of two kinds, for what is broadcast
 * while somebody's commands are held back comes in one message or in several.
 *
 * What STORE puts in the place of a value of another type wakes those who wait for it in redbun alone.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { type Reply, show } from "../support/reply";
import { encodeCommand, type RespClient } from "../support/resp-client";
import { type Peer, requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";

setDefaultTimeout(120_000);

const SESSIONS = 6;
const STEPS = 200;
/** Rounds in which messages may still come that one server has sent and the other not yet. */
const PATIENCE = 50;

/** Requests that a failure shows. */
const SHOWN = 30;

const NAMES = ["a", "b", "c", "d"];
/** Hears of what happens to keys, and does nothing else. */
const LISTENER = "e";

type Requests = Readonly<Record<string, readonly [weight: number, requests: readonly string[]]>>;

/** Requests by kind. KEY and VALUE stand for one of a few; "@" is the id of a client. */
const REQUESTS: Requests = {
  strings: [
    12,
    [
      ...["SET KEY VALUE", "GET KEY", "INCR KEY", "APPEND KEY VALUE", "MGET KEY KEY", "MSET KEY VALUE KEY VALUE"],
      ...["GETDEL KEY", "SET KEY VALUE XX", "SETRANGE KEY 3 zz", "GETEX KEY PERSIST", "STRLEN KEY"],
    ],
  ],
  lists: [
    10,
    [
      ...["LPUSH KEY VALUE", "RPUSH KEY VALUE VALUE", "LPOP KEY", "RPOP KEY 2", "LLEN KEY", "LRANGE KEY 0 -1"],
      ...["LMOVE KEY KEY LEFT RIGHT", "LREM KEY 0 VALUE", "LTRIM KEY 1 0", "LMPOP 2 KEY KEY LEFT"],
      ...["SORT KEY ALPHA STORE n", "LINSERT KEY BEFORE VALUE VALUE"],
    ],
  ],
  others: [
    9,
    [
      ...["ZADD KEY VALUE VALUE", "ZPOPMIN KEY", "ZRANGE KEY 0 -1 WITHSCORES", "ZREM KEY VALUE", "SADD KEY VALUE"],
      ...["SREM KEY VALUE", "HSET KEY f VALUE", "ZUNIONSTORE n 2 KEY KEY", "XADD KEY * f VALUE", "XLEN KEY"],
      ...["XGROUP CREATE KEY g $ MKSTREAM"],
      ...["XTRIM KEY MAXLEN 0", "XDEL KEY 1-1", "XACK KEY g 1-1"],
    ],
  ],
  blocking: [
    8,
    [
      ...["BLPOP KEY 0", "BRPOP KEY 0", "BLMOVE KEY KEY LEFT RIGHT 0", "BLMPOP 0 1 KEY RIGHT COUNT 2"],
      ...["BZPOPMIN KEY 0", "BZMPOP 0 1 KEY MAX", "XREAD BLOCK 0 STREAMS KEY $", "BRPOPLPUSH KEY KEY 0"],
      "BLPOP KEY -1",
    ],
  ],
  transactions: [18, ["MULTI", "MULTI", "EXEC", "EXEC", "DISCARD", "WATCH KEY", "WATCH KEY KEY", "UNWATCH"]],
  publishing: [
    8,
    [
      "PUBLISH ch m",
      "PUBLISH ch2 m",
      "SPUBLISH sch m",
      "PUBSUB NUMSUB ch ch2",
      "PUBSUB NUMPAT",
      "PUBSUB SHARDNUMSUB sch",
    ],
  ],
  subscribing: [
    6,
    [
      ...["SUBSCRIBE ch", "SUBSCRIBE ch ch2", "UNSUBSCRIBE ch ch2", "UNSUBSCRIBE ch", "PSUBSCRIBE c*", "PUNSUBSCRIBE"],
      ...["SSUBSCRIBE sch", "SUNSUBSCRIBE"],
    ],
  ],
  tracking: [
    6,
    [
      ...["CLIENT TRACKING on", "CLIENT TRACKING off", "CLIENT TRACKING on OPTIN", "CLIENT TRACKING on OPTOUT"],
      ...["CLIENT CACHING yes", "CLIENT CACHING no", "CLIENT TRACKINGINFO"],
    ],
  ],
  keys: [
    10,
    [
      ...["DEL KEY", "UNLINK KEY KEY", "EXPIRE KEY 0", "EXPIRE KEY 1000", "PERSIST KEY", "RENAME KEY KEY"],
      ...["RENAMENX KEY KEY", "COPY KEY KEY REPLACE", "COPY KEY KEY DB 1", "MOVE KEY 1", "SWAPDB 0 1"],
      ...["TYPE KEY", "EXISTS KEY", "TOUCH KEY", "DBSIZE"],
    ],
  ],
  flushing: [1, ["FLUSHDB", "FLUSHALL"]],
  connection: [5, ["SELECT 0", "SELECT 1", "PING", "RESET", "ECHO x", "NOSUCH", "GET", "CLIENT REPLY ON"]],
  killing: [1, ["CLIENT KILL ID @"]],
  unblocking: [2, ["CLIENT UNBLOCK @", "CLIENT UNBLOCK @ ERROR"]],
  configuration: [2, ["CONFIG SET notify-keyspace-events KEA", "CONFIG SET notify-keyspace-events ''"]],
};

const NONE: readonly [number, readonly string[]] = [0, ["PING"]];

/** Clients wait in all ways: for keys, several too, and for the end of a pause. Who unblocks one of those ends Redis. */
const WAITING: Requests = {
  ...REQUESTS,
  flushing: NONE,
  unblocking: NONE,
  blockingMore: [
    4,
    [
      ...["BLPOP KEY KEY 0", "BLMPOP 0 2 KEY KEY LEFT", "BZMPOP 0 2 KEY KEY MIN", "BZPOPMAX KEY KEY 0"],
      ...["XREADGROUP GROUP g c BLOCK 0 STREAMS KEY >", "XREADGROUP GROUP g c BLOCK 0 COUNT 1 STREAMS KEY >"],
    ],
  ],
  trackingMore: [6, ["CLIENT TRACKING on NOLOOP", "CLIENT TRACKING on REDIRECT @"]],
  pausing: [2, ["PAUSE", "UNPAUSE", "UNPAUSE"]],
  connectionMore: [
    2,
    ["CLIENT REPLY SKIP", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on", "SUBSCRIBE __redis__:invalidate"],
  ],
};

/** Clients are told of changes in all ways, and never wait. */
const BROADCASTING: Requests = {
  ...WAITING,
  blocking: NONE,
  blockingMore: NONE,
  pausing: NONE,
  unblocking: REQUESTS.unblocking,
  broadcasting: [
    8,
    [
      ...["CLIENT TRACKING on BCAST", "CLIENT TRACKING on BCAST PREFIX k", "CLIENT TRACKING on BCAST NOLOOP"],
      ...["CLIENT TRACKING on BCAST PREFIX l PREFIX m NOLOOP", "CLIENT TRACKING on BCAST REDIRECT @"],
    ],
  ],
};

/** What a session is like. */
interface Kind {
  readonly name: string;
  readonly oracle: Peer;
  readonly requests: Requests;
  /** Of all clients, or for each another. */
  readonly protocol: 2 | 3 | "mixed";
}

const KINDS: readonly Kind[] = [
  { name: "in RESP2", oracle: "redis7", requests: REQUESTS, protocol: 2 },
  { name: "in RESP3", oracle: "redis7", requests: REQUESTS, protocol: 3 },
  { name: "waiting, in order", oracle: "redis8", requests: WAITING, protocol: "mixed" },
  { name: "broadcasting, in order", oracle: "redis8", requests: BROADCASTING, protocol: "mixed" },
];

function request(random: Random, requests: Requests): string[] {
  const weights = Object.fromEntries(Object.entries(requests).map(([kind, [weight]]) => [kind, weight]));
  const words = random.pick(requests[random.weighted(weights)][1]).split(" ");
  return words.map((word) => {
    if (word === "KEY") return random.pick(["k", "l", "m"]);
    if (word === "VALUE") return String(random.integer(0, 9));
    if (word === "@") return `@${random.pick(NAMES)}`;
    return word === "''" ? "" : word;
  });
}

/** Of CLIENT LIST. */
const SHOWN_FIELDS = ["flags", "db", "sub", "psub", "ssub", "multi", "cmd", "resp"];

/** IDs of stream entries that were made from the time. */
const ENTRY_ID = /\b1[789]\d{11}-\d+/g;

/** Where replies name a client. */
const CLIENT_ID = /("(?:redirect|tracking-redir-broken)"[:,] ):[1-9]\d*/g;

function shown(reply: Reply): string {
  return show(reply).replace(ENTRY_ID, "ID").replace(CLIENT_ID, "$1ID");
}

/** The clients of a session at one of the two servers. */
class Session {
  private readonly clients = new Map<string, { readonly client: RespClient; readonly id: string }>();
  private control!: RespClient;

  constructor(
    private readonly server: TestServer,
    private readonly kind: Kind,
    /** For what is left to chance at both servers alike. */
    private readonly random: Random,
  ) {}

  async open(): Promise<void> {
    this.control = await this.server.client();
    await this.control.call("FLUSHALL");
    await this.control.call("CONFIG", "SET", "notify-keyspace-events", "");
    for (const name of [...NAMES, LISTENER]) await this.connect(name);
    this.clients.get(LISTENER)?.client.send(encodeCommand(["PSUBSCRIBE", "__key*"]));
  }

  async close(): Promise<void> {
    await this.control.call("CLIENT", "UNPAUSE");
    for (const { client } of this.clients.values()) await client.close();
    await this.control.close();
  }

  private async connect(name: string): Promise<void> {
    const { protocol } = this.kind;
    const client = await this.server.client({ protocol: protocol === "mixed" ? this.random.pick([2, 3]) : protocol });
    client.inOrder = protocol === "mixed";
    this.clients.set(name, { client, id: await client.text("CLIENT", "ID") });
  }

  /** Sends a request. Who was killed connects again. */
  async send(name: string, args: readonly string[]): Promise<void> {
    const target = this.clients.get(name);
    if (target !== undefined && (await this.control.text("CLIENT", "LIST", "ID", target.id)) === "") {
      await target.client.closed;
      await this.connect(name);
    }
    const isKill = args[1] === "KILL";
    const words = args.map((word) => (word.startsWith("@") ? (this.clients.get(word.slice(1))?.id ?? "0") : word));
    // By somebody who is not blocked: what one who was unblocked does first is a matter of turns of the loop.
    if (isKill) await this.control.call(...words);
    else if (args[0] === "PAUSE") await this.control.call("CLIENT", "PAUSE", 1_000_000, "WRITE");
    else if (args[0] === "UNPAUSE") await this.control.call("CLIENT", "UNPAUSE");
    else this.clients.get(name)?.client.send(encodeCommand(words));
  }

  /** What the server says of each client. */
  async states(): Promise<string> {
    const list = await this.control.text("CLIENT", "LIST");
    const lines = [...this.clients].map(([name, { id }]) => {
      const line = list.split("\n").find((each) => each.startsWith(`id=${id} `)) ?? "";
      return [name, ...SHOWN_FIELDS.map((field) => new RegExp(` ${field}=\\S*`).exec(line)?.[0])].join("");
    });
    return lines.join("\n");
  }

  /** What each client has got since the last time. */
  async received(): Promise<string[]> {
    // What was sent has been read by the time of the first answer, and what follows from it is on its way by the second.
    await this.control.call("PING");
    await this.control.call("PING");
    const lines: string[] = [];
    for (const [name, { client }] of this.clients) {
      while (client.unread > 0) lines.push(`${name}: ${shown(await client.readReply())}`);
      for (const push of client.pushes.splice(0)) lines.push(`${name} is told ${shown(push)}`);
    }
    return lines;
  }
}

/** Who is in a transaction, as far as the sender knows: some requests are not for those. */
class Transactions {
  private readonly open = new Set<string>();

  constructor(private readonly kind: Kind) {}

  /** False: the request is to be left out. */
  allows(name: string, [command, word]: readonly string[]): boolean {
    const inside = this.open.has(name);
    if (inside && (command === "MULTI" || command === "WATCH" || word === "KILL")) return false;
    if (inside && command.endsWith("PUBLISH") && this.kind.oracle === "redis7") return false;
    if (command === "MULTI") this.open.add(name);
    if (command === "EXEC" || command === "DISCARD" || command === "RESET") this.open.delete(name);
    return true;
  }
}

async function runSession(servers: readonly TestServer[], kind: Kind, seed: number): Promise<void> {
  const random = new Random(seed);
  const [ours, theirs] = servers.map((server) => new Session(server, kind, new Random(seed)));
  const transactions = new Transactions(kind);
  const history: string[] = [];
  await Promise.all([ours.open(), theirs.open()]);
  try {
    for (let step = 0; step < STEPS; step++) {
      const name = random.pick(NAMES);
      const args = request(random, kind.requests);
      if (!transactions.allows(name, args)) continue;
      history.push(`${name}> ${args.join(" ")}`);
      await Promise.all([ours.send(name, args), theirs.send(name, args)]);
      const [a, b] = await outcomes(ours, theirs);
      if (a !== b)
        throw new Error(`seed ${seed}, after\n${history.slice(-SHOWN).join("\n")}\nredbun\n${a}\n${kind.oracle}\n${b}`);
    }
  } finally {
    await Promise.all([ours.close(), theirs.close()]);
  }
}

/** What the clients of both have got, in any order of clients: in a turn of a loop they are written to one by one. */
async function outcomes(ours: Session, theirs: Session): Promise<[string, string]> {
  const a: string[] = [];
  const b: string[] = [];
  const text = (lines: readonly string[]): string =>
    [...NAMES, LISTENER].flatMap((name) => lines.filter((l) => l[0] === name)).join("\n");
  for (let round = 0; round < PATIENCE; round++) {
    a.push(...(await ours.received()));
    b.push(...(await theirs.received()));
    if (text(a) === text(b)) break;
  }
  const states = await Promise.all([ours.states(), theirs.states()]);
  return [`${text(a)}\n${states[0]}`, `${text(b)}\n${states[1]}`];
}

for (const oracle of ["redis7", "redis8"] as const) {
  describe.if(requireRedis(oracle))(`sessions of several clients, beside ${oracle}`, () => {
    let servers: TestServer[];
    beforeAll(async () => {
      servers = await Promise.all([startRedbun(), startRedis(oracle)]);
    });
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });

    const seed = seedFromEnvironment(20_261_122);
    for (const kind of KINDS.filter((each) => each.oracle === oracle)) {
      test(`get the same, ${kind.name}, seed ${seed}`, async () => {
        for (let i = 0; i < SESSIONS; i++) await runSession(servers, kind, seed + i);
        expect(servers.map(({ name }) => name)).toEqual(["redbun", oracle]);
      });
    }
  });
}
