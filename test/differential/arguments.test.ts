/**
 * Every command with wrong arguments beside three real servers: the reply, the data afterwards, and the keyspace events
 * of every class have to be what one of them gives (7.2 is between 7.0 and the other two).
 *
 * A sample of the grid is tried, chosen by a fixed seed; REDBUN_SEED chooses another, REDBUN_TEST_GRID=all tries everything.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { items, type Reply, show, text } from "../support/reply";
import { encodeCommand, type RespClient } from "../support/resp-client";
import { type Peer, requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";
import { argumentGrid, type GridCase } from "./argument-grid";

const PEERS = ["redis7", "redis8", "valkey8"] satisfies Peer[];
const SAMPLE = process.env.REDBUN_TEST_GRID === "all" ? 1 : 0.05;
const ATTEMPTS = 3;
const ARGS = [
  ...["--enable-debug-command", "yes", "--proto-max-bulk-len", "2mb"],
  ...["--notify-keyspace-events", "KEAmn"],
];

/** What differs, and may. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^HSETEX \S+ .* FIELDS f v/i, "of 8.0: a number of fields that is none"],
  [/^SSCAN \S+ -1/i, "a cursor that no SCAN has given"],
];

/** Everything that is to be seen of a request. */
interface Effects {
  readonly replies: string;
  readonly digest: string;
  readonly events: string;
}

/** Milliseconds and seconds of today. */
const TIME = /\b1[789]\d{8}(\d{3})?\b/g;

class Subject {
  private client!: RespClient;
  private listener!: RespClient;

  constructor(readonly server: TestServer) {}

  async open(): Promise<void> {
    this.client = await this.server.client({ protocol: 3 });
    this.listener = await this.server.client({ protocol: 3 });
    this.listener.send(encodeCommand(["PSUBSCRIBE", "__key*__:*", "grid:*"]));
    await this.listener.nextPush();
    await this.listener.nextPush();
  }

  async run({ setup, queued, args }: GridCase): Promise<Effects> {
    const before = [["FLUSHALL"], ...setup, ["PUBLISH", "grid:begin", ""]];
    const request = queued ? [["MULTI"], args, ["EXEC"]] : [args];
    const after = [["RESET"], ["HELLO", "3"], ["PUBLISH", "grid:end", ""], ["DEBUG", "DIGEST"]];
    this.client.send(Buffer.concat([...before, ...request, ...after].map(encodeCommand)));
    for (let i = 0; i < before.length; i++) await this.client.readReply();
    const replies: string[] = [];
    for (;;) {
      const reply = await this.client.readReply().catch(() => undefined);
      if (reply === undefined) return { replies: await this.reopened(replies), digest: "", events: "" };
      if (reply.type === "simple" && reply.value === "RESET") break;
      replies.push(comparable(reply));
    }
    replies.push(...this.client.pushes.splice(0).map(comparable));
    await this.client.readReply();
    await this.client.readReply();
    const digest = comparable(await this.client.readReply());
    const hasTime = replies.some((reply) => reply.includes("TIME"));
    return { replies: replies.join(" "), digest: hasTime ? "" : digest, events: await this.events() };
  }

  /** After a request that ended the connection. */
  private async reopened(replies: readonly string[]): Promise<string> {
    await this.listener.close();
    await this.open();
    return [...replies, "(closed)"].join(" ");
  }

  private async events(): Promise<string> {
    let events: string[] = [];
    for (;;) {
      const [, , channel, message] = items(await this.listener.nextPush()).map(text);
      if (channel === "grid:end") return events.join(" ");
      if (channel === "grid:begin") events = [];
      else events.push(`${channel}=${message}`);
    }
  }
}

/** What redbun and the others do, where it is not what one of them does. What a millisecond decides may differ, but not always. */
async function compare(subjects: readonly Subject[], each: GridCase): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const [ours, ...theirs] = await Promise.all(subjects.map((subject) => subject.run(each)));
    if (theirs.some((other) => Bun.deepEquals(ours, other))) return undefined;
    if (attempt === ATTEMPTS) return [ours, ...theirs].map((effects) => JSON.stringify(effects)).join("\n  ");
  }
}

/** The reply as text, with sets in order and without the time. */
function comparable(reply: Reply): string {
  return show(inOrder(reply)).replace(TIME, "TIME");
}

function inOrder(reply: Reply): Reply {
  switch (reply.type) {
    case "set":
      return { ...reply, items: [...reply.items].sort((a, b) => (show(a) < show(b) ? -1 : 1)) };
    case "array":
      return { ...reply, items: reply.items.map(inOrder) };
    case "map": {
      const entries = reply.entries.map(([key, value]) => [key, inOrder(value)] as const);
      return { ...reply, entries: entries.sort((a, b) => (show(a[0]) < show(b[0]) ? -1 : 1)) };
    }
    default:
      return reply;
  }
}

setDefaultTimeout(300_000);

describe.if(PEERS.every((peer) => requireRedis(peer)))("wrong arguments", () => {
  let subjects: Subject[];

  beforeAll(async () => {
    const servers = [startRedbun({ args: ARGS }), ...PEERS.map((peer) => startRedis(peer, { args: ARGS }))];
    subjects = (await Promise.all(servers)).map((server) => new Subject(server));
    await Promise.all(subjects.map((subject) => subject.open()));
  });
  afterAll(async () => {
    await Promise.all(subjects.map(({ server }) => server.stop()));
  });

  const seed = seedFromEnvironment(20_261_121);

  test(`are answered as by a real server, seed ${seed}`, async () => {
    const random = new Random(seed);
    const differences: string[] = [];
    for (const each of argumentGrid()) {
      // There are few in transactions, and all are tried.
      if (!each.queued && !random.chance(SAMPLE)) continue;
      const line = each.args.join(" ");
      if (KNOWN.some(([pattern]) => pattern.test(line))) continue;
      const different = await compare(subjects, each);
      if (different !== undefined) differences.push(`${each.queued ? "queued: " : ""}${line}\n  ${different}`);
    }
    expect(differences).toEqual([]);
  });
});
