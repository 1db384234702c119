/** Filling a server over the protocol, in pipelines: what it then holds came the way that clients send it. */

import { text } from "../../test/support/reply";
import type { RespClient } from "../../test/support/resp-client";

/** The words of a command; every character is a byte. */
export type Words = readonly string[];

/** Commands go out in writes of about this many bytes, each answered before the next. */
const BATCH_BYTES = 16 * 1024;
/** How often a server is asked whether it is done. */
const POLL_MS = 20;
const EMPTY_LIMIT_MS = 60_000;

/** Runs all commands; throws at the first error reply. */
export async function load(client: RespClient, commands: Iterable<Words>): Promise<void> {
  let batch = "";
  let count = 0;
  for (const words of commands) {
    batch += encode(words);
    count++;
    if (batch.length < BATCH_BYTES) continue;
    await send(client, batch, count);
    batch = "";
    count = 0;
  }
  if (count > 0) await send(client, batch, count);
}

/** A command as an array of bulk strings, latin1. */
export function encode(words: Words): string {
  let bytes = `*${words.length}\r\n`;
  for (const word of words) bytes += `$${word.length}\r\n${word}\r\n`;
  return bytes;
}

async function send(client: RespClient, batch: string, count: number): Promise<void> {
  client.send(Buffer.from(batch, "latin1"));
  for (let i = 0; i < count; i++) {
    const reply = await client.readReply();
    if (reply.type === "error") throw new Error(`loading failed: ${text(reply)}`);
  }
}

/** One command for each number below `count`. */
export function* each(count: number, command: (i: number) => Words): Generator<Words> {
  for (let i = 0; i < count; i++) yield command(i);
}

/** A command with the arguments of as many as a hundred numbers below `count` at a time. */
export function* variadic(command: Words, count: number, arguments_: (i: number) => Words): Generator<Words> {
  for (let from = 0; from < count; from += 100) {
    const words = [...command];
    for (let i = from; i < Math.min(from + 100, count); i++) words.push(...arguments_(i));
    yield words;
  }
}

/** Removes everything, and waits until it is gone from memory, too. */
export async function empty(client: RespClient): Promise<void> {
  await client.text("FLUSHALL");
  await untilFreed(client);
}

/** Waits until nothing is left that the server frees in the background. */
export async function untilFreed(client: RespClient): Promise<void> {
  const deadline = Date.now() + EMPTY_LIMIT_MS;
  while (!/^lazyfree_pending_objects:0\r$/m.test(await client.text("INFO", "memory"))) {
    if (Date.now() > deadline) throw new Error("objects are still waiting to be freed");
    await Bun.sleep(POLL_MS);
  }
}
