/**
 * The protocol below commands, beside real Redis: the same bytes go to both, and what they answer to the byte, and
 * whether they close the connection, has to be the same. The parser's own table is among the inputs.
 *
 * Real Redis answers first and is given time through other connections: every turn of its event loop writes replies and
 * closes connections, and PINGs on a second connection prove that such turns have passed.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CASES, LINE } from "../resp/parser-cases";
import { encode } from "../resp/parser-driver";
import { RawConnection } from "../support/raw-connection";
import type { RespClient } from "../support/resp-client";
import { requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

/** What a server did with the bytes of a case. */
interface Outcome {
  received: string;
  closed: boolean;
}

interface RawCase {
  readonly name: string;
  /** Pieces: each is sent when the server has taken the one before. */
  readonly input: readonly string[];
  /** What redbun does where it departs from Redis. */
  readonly departs?: Outcome;
}

const ping = encode(["PING"]);
const BULK = "v".repeat(20_000);

const WHILE_OPEN: RawCase[] = [
  { name: "commands before an error are answered, those after it are not", input: [`${ping}${ping}*x\r\n${ping}`] },
  { name: "nothing is read after an error", input: ["*x\r\n", ping] },
  { name: "a failing command does not close", input: [`${encode(["GET"])}${encode(["NOSUCH"])}${ping}`] },
  { name: "QUIT closes, and what follows is not answered", input: [`${ping}${encode(["QUIT"])}${ping}`] },
  { name: "QUIT inline", input: ["quit\r\n"] },
  { name: "POST closes without an answer", input: ["POST / HTTP/1.1\r\nHost: a\r\n\r\n"] },
  { name: "Host: too, after the answer to what came before", input: ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"] },
  { name: "post as an array", input: [`${ping}${encode(["post", "/"])}${ping}`] },
  { name: "an unknown command with arguments", input: [encode(["nosuch", "a", "b c", "'d'"])] },
  { name: "with line breaks", input: [encode(["no\r\nsuch", "a\r\nb", "\n"])] },
  { name: "with a NUL", input: [encode(["no\x00such", "a\x00b", "c"])] },
  { name: "with bytes above 127", input: [encode(["\xff\xfe", "\x80"])] },
  { name: "with a long name", input: [encode(["n".repeat(300), "a"])] },
  { name: "with a long argument", input: [encode(["nosuch", "a".repeat(300), "b"])] },
  { name: "with many arguments", input: [encode(["nosuch", ...Array.from({ length: 200 }, (_, i) => `arg${i}`)])] },
  { name: "64 KB without a line end", input: [LINE] },
  { name: "64 KB without a line end, and one more", input: [LINE, "x"] },
  { name: "a megabyte without a line end", input: ["x".repeat(1_000_000)] },
  { name: "a count of more than 64 KB", input: [`*${LINE}`] },
  { name: "a bulk length of more than 64 KB", input: [`*1\r\n$${LINE}`] },
  { name: "a NUL and more than 64 KB", input: [`\x00${LINE}`, ping] },
  { name: "an array whose length is a NUL and more than 64 KB", input: [`*\x00${LINE}`] },
  { name: "above proto-max-bulk-len", input: ["*1\r\n$536870913\r\n"] },
  { name: "proto-max-bulk-len itself", input: ["*1\r\n$536870912\r\n"] },
  {
    name: "a large value in pieces",
    input: [`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n`, BULK, "\r\n", encode(["GET", "k"])],
  },
  { name: "an error in RESP3", input: [encode(["HELLO", "3"]).slice(0, 4), "*"] },
  { name: "line ends and errors of commands", input: ["PING a b\r\n", "\n\n\r\n", "GET\n"] },
];

const SKIPPED_REPLIES: RawCase[] = [
  // Redis leaves such a connection open and never reads from it again; here it is closed.
  {
    name: "with CLIENT REPLY OFF",
    input: [`${encode(["CLIENT", "REPLY", "OFF"])}${ping}*x\r\n`],
    departs: { received: "", closed: true },
  },
  {
    name: "as what CLIENT REPLY SKIP leaves out",
    input: [`${encode(["CLIENT", "REPLY", "SKIP"])}*x\r\n`],
    departs: { received: "", closed: true },
  },
  { name: "after it", input: [`${encode(["CLIENT", "REPLY", "SKIP"])}${ping}*x\r\n`] },
];

const lines = (...commands: readonly string[]): string => commands.map((line) => encode(line.split(" "))).join("");

/** EXEC announces as many replies as there are commands, whether they are sent or not. */
const IN_TRANSACTIONS: RawCase[] = [
  {
    name: "CLIENT REPLY OFF and ON",
    input: [lines("MULTI", "PING", "CLIENT REPLY OFF", "ECHO a", "CLIENT REPLY ON", "ECHO b", "EXEC", "ECHO c")],
  },
  { name: "CLIENT REPLY OFF to the end", input: [lines("MULTI", "CLIENT REPLY OFF", "ECHO a", "EXEC", "ECHO b")] },
  { name: "CLIENT REPLY SKIP", input: [lines("MULTI", "CLIENT REPLY SKIP", "ECHO a", "EXEC", "ECHO b", "ECHO c")] },
  {
    name: "a client that ends its own connection",
    input: [
      lines("ACL SETUSER u on nopass +@all", "AUTH u x", "MULTI", "CLIENT KILL USER u SKIPME no", "PING", "EXEC"),
      lines("PING"),
    ],
  },
];

const auth = encode(["AUTH", "secret"]);
const BEFORE_AUTHENTICATION: RawCase[] = [
  { name: "the limits end with AUTH", input: [`${auth}*11\r\n${encode(Array(11).fill("a")).slice(5)}${ping}`] },
  { name: "a large value after AUTH", input: [`${auth}${encode(["SET", "k", BULK])}${encode(["STRLEN", "k"])}`] },
  { name: "a failed AUTH ends nothing", input: [`${encode(["AUTH", "wrong"])}*11\r\n`] },
  { name: "inline commands have no smaller limit", input: [`${"a ".repeat(20)}${BULK}\r\n`] },
  { name: "an unknown command is told so", input: [encode(["NOSUCH"]), encode(["GET"]), encode(["GET", "k"]), ping] },
  { name: "QUIT", input: [encode(["QUIT"])] },
];

// Cases with limits of their own that a server's configuration cannot have are the parser's alone.
const fromTable = (authenticated: boolean): RawCase[] =>
  CASES.filter((each) => (each.authenticated ?? true) === authenticated && each.maxBulk === undefined).map((each) => ({
    name: each.name,
    input: [each.input],
  }));

class Side {
  private fence!: RespClient;

  private constructor(private readonly server: TestServer) {}

  static async start(server: Promise<TestServer>, password: string): Promise<Side> {
    const side = new Side(await server);
    side.fence = await side.server.client();
    if (password !== "") await side.fence.text("AUTH", password);
    return side;
  }

  stop(): Promise<unknown> {
    return this.server.stop();
  }

  /** Sends the pieces, and sees what has happened `turns` turns of the event loop later. */
  async send(connection: RawConnection, input: readonly string[]): Promise<void> {
    for (const piece of input) {
      connection.send(piece);
      await connection.until(() => connection.unsent === 0 || connection.isClosed);
      await this.turns(3);
    }
  }

  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.fence.call("PING");
  }

  connect(): Promise<RawConnection> {
    return RawConnection.connect(this.server.port);
  }
}

async function outcomeOfRedis(side: Side, input: readonly string[]): Promise<Outcome> {
  await using connection = await side.connect();
  await side.send(connection, input);
  await side.turns(5);
  // A reply is on its way for as long as something still comes.
  for (let before = -1; before !== connection.receivedBytes; ) {
    before = connection.receivedBytes;
    await side.turns(5);
  }
  return { received: connection.received, closed: connection.isClosed };
}

async function compare(ours: Side, theirs: Side, { input, departs }: RawCase): Promise<void> {
  const redis = await outcomeOfRedis(theirs, input);
  // A departure that is none any more has to go from the table.
  if (departs !== undefined) expect(redis).not.toEqual(departs);
  const expected = departs ?? redis;
  await using connection = await ours.connect();
  await ours.send(connection, input);
  const arrived = () => connection.receivedBytes >= expected.received.length && connection.isClosed === expected.closed;
  await connection.until(arrived, 2000).catch(() => undefined);
  // Nothing more may come, and the connection may not be closed later.
  await ours.turns(5);
  expect({ received: connection.received, closed: connection.isClosed }).toEqual(expected);
}

function family(name: string, password: string, cases: readonly RawCase[]): void {
  describe(`protocol: ${name}`, () => {
    let sides: [Side, Side];
    const args = password === "" ? [] : ["--requirepass", password];

    beforeAll(async () => {
      sides = await Promise.all([
        Side.start(startRedbun({ args }), password),
        Side.start(startRedis("redis7", { args }), password),
      ]);
    });

    afterAll(async () => {
      await Promise.all(sides.map((side) => side.stop()));
    });

    for (const each of cases) test(each.name, () => compare(sides[0], sides[1], each));
  });
}

// The collecting run of the coverage test wants commands of differential() alone.
if ((process.env.REDBUN_DIFFERENTIAL_COLLECT ?? "") === "") {
  if (requireRedis()) {
    family("the parser's table", "", fromTable(true));
    family("before authentication", "secret", [...fromTable(false), ...BEFORE_AUTHENTICATION]);
    family("replies and closing", "", WHILE_OPEN);
    family("in transactions", "", IN_TRANSACTIONS);
    family("a protocol error", "", SKIPPED_REPLIES);
  } else {
    test.skip("protocol: beside real Redis", () => undefined);
  }
}
