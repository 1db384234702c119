/**
 * The fuzz run: many connections send random bytes and damaged requests in random pieces. The server must go on
 * answering, must answer RESP and nothing else, must not grow, and must not log a crash.
 *
 * The seed is fixed; REDBUN_SEED sets another. It is printed, and a failure shows what the last connections sent.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually";
import { residentBytes } from "../support/memory";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { RawConnection } from "../support/raw-connection";
import { items, text } from "../support/reply";
import { ReplyDecoder } from "../support/reply-decoder";
import type { Argument } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";
import { payload } from "./payload";
import { EXCEPTIONS, seededCommands } from "./seeds";

setDefaultTimeout(120_000);

const SEED = seedFromEnvironment(20_251_121);
const ROUNDS = 150;
const WARM_UP = 40;
/** Connections of a round, all at the same time. */
const CONNECTIONS = 10;
const PAYLOADS_MAX = 40;
/** What the server may have grown by after all of it, with its data set empty again. */
const GROWTH_MAX_BYTES = 96 * 1024 * 1024;
const CRASH = /crash|uncaught|unhandled|panic|TypeError|RangeError|ReferenceError|assertion|BUG REPORT|Bun v\d/i;

const ARGS = ["--enable-debug-command", "yes", "--proto-max-bulk-len", "1mb", "--client-query-buffer-limit", "2mb"];

/**
 * Keys of the large data set: beyond 16,384 of them the server looks ahead in pipelines (src/net/look-ahead.ts), a
 * second, rougher reading of the input. Commands that would remove them all go by other names.
 */
const LARGE = 20_000;
const LARGE_ROUNDS = 30;
const HIDDEN = ["FLUSHALL", "FLUSHDB", "SWAPDB"].flatMap((name) => ["--rename-command", name, `hidden-${name}`]);

/** How a run sends: each request in a write of its own, or many of them in one. */
interface Manner {
  readonly pipelined: boolean;
}

/** Sends random input over one connection and waits for its end. Returns the input. */
async function attack(server: TestServer, random: Random, { pipelined }: Manner): Promise<string> {
  await using connection = await RawConnection.connect(server.port);
  const wellFormed = random.chance(0.6);
  let input = "";
  for (let left = random.integer(1, PAYLOADS_MAX); left > 0 && !connection.isClosed; left--) {
    let bytes = payload(random, wellFormed);
    for (let more = pipelined ? random.integer(0, 40) : 0; more > 0; more--) bytes += payload(random, wellFormed);
    input += bytes;
    for (let at = 0; at < bytes.length; ) {
      const size = random.chance(0.3) ? random.integer(1, 12) : bytes.length;
      connection.send(bytes.slice(at, at + size));
      at += size;
      if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (random.chance(0.1)) {
    connection.reset();
    return input;
  }
  connection.halfClose();
  await connection.untilClosed();
  if (!connection.wasReset) checkReplies(connection.received, input);
  return input;
}

/** Every byte that came is RESP, to the last. */
function checkReplies(received: string, input: string): void {
  const decoder = new ReplyDecoder();
  decoder.push(Buffer.from(received, "latin1"));
  try {
    while (decoder.next() !== undefined);
    expect(decoder.buffered).toBe(0);
  } catch (cause) {
    throw new Error(`not RESP: ${JSON.stringify(received.slice(-300))}\nafter ${shown([input])}`, { cause });
  }
}

function shown(inputs: readonly string[]): string {
  return inputs.map((input) => JSON.stringify(input.slice(-1500))).join("\n");
}

describe("fuzz", () => {
  test("every command has a seed", async () => {
    await using server = await startRedbun({ args: ARGS });
    await using client = await server.client();
    const listed = items(await client.call("COMMAND", "LIST")).map(text);
    expect(listed).toContain("get");
    const seeded = seededCommands();
    expect(listed.filter((name) => !seeded.has(name) && !(name in EXCEPTIONS)).sort()).toEqual([]);
    expect(Object.keys(EXCEPTIONS).filter((name) => seeded.has(name))).toEqual([]);
  });

  test(`random input, seed ${SEED}`, async () => {
    console.log(`fuzz: REDBUN_SEED=${SEED}`);
    await using server = await startRedbun({ args: ARGS });
    const random = new Random(SEED);
    let before = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await attackAtOnce(server, random, { pipelined: false });
      // Code is compiled and buffers are taken in the first rounds: growth counts from there.
      if (round === WARM_UP) before = await residentWhenEmpty(server);
    }
    expect((await residentWhenEmpty(server)) - before).toBeLessThan(GROWTH_MAX_BYTES);
    await checkEnd(server);
  });

  test(`random pipelines on a large data set, seed ${SEED}`, async () => {
    await using server = await startRedbun({ args: [...ARGS, ...HIDDEN] });
    expect(await ask(server, "DEBUG", "POPULATE", LARGE)).toBe("OK");
    const random = new Random(SEED + 1);
    for (let round = 0; round < LARGE_ROUNDS; round++) await attackAtOnce(server, random, { pipelined: true });
    // Nothing of the above has made it small.
    expect(Number(await ask(server, "DBSIZE"))).toBeGreaterThan(16_384);
    await checkEnd(server);
  });
});

/** One round: many connections at a time, and then a look at the server. */
async function attackAtOnce(server: TestServer, random: Random, manner: Manner): Promise<void> {
  // Every connection has a generator of its own: how they interleave changes nothing about what each sends.
  const attacks = Array.from({ length: CONNECTIONS }, () => attack(server, new Random(random.uint32()), manner));
  await checkAlive(server, await Promise.all(attacks));
}

/** No crash was logged, and the server ends as it should. */
async function checkEnd(server: TestServer): Promise<void> {
  expect(server.lines.filter((line) => CRASH.test(line))).toEqual([]);
  expect(await server.stop()).toBe(0);
}

/** A new connection is served, and the connections of the attack are gone. */
async function checkAlive(server: TestServer, inputs: readonly string[]): Promise<void> {
  try {
    await using client = await server.client();
    expect(await client.text("PING")).toBe("PONG");
    const connections = async () => (await client.text("CLIENT", "LIST")).trim().split("\n").length;
    await eventually("no connection is left over", async () => (await connections()) === 1);
  } catch (cause) {
    const crash = server.lines.findIndex((line) => CRASH.test(line));
    const log = server.lines.slice(...(crash < 0 ? [-20] : [crash, crash + 30])).join("\n");
    throw new Error(`seed ${SEED}: ${String(cause)}\nlog:\n${log}\nafter\n${shown(inputs)}`, { cause });
  }
}

async function residentWhenEmpty(server: TestServer): Promise<number> {
  await ask(server, "FLUSHALL", "SYNC");
  return residentBytes(server.pid);
}

/** The reply to a command on a connection of its own, which is closed again: checkAlive counts connections. */
async function ask(server: TestServer, ...command: Argument[]): Promise<string> {
  await using client = await server.client();
  return await client.text(...command);
}
