/**
 * A fixed sequence of commands from a fixed seed, and a checksum of the replies. Every server gives the same one, so
 * a benchmark that prints it shows that what it measured also answered rightly.
 */

import { Random } from "../../test/support/random";
import { show } from "../../test/support/reply";
import type { Argument } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";

export const CHECKSUM_SEED = 42;
const COMMANDS = 5000;
const BATCH = 500;

/** Runs the sequence on an empty server and empties it again. */
export async function checksum(server: TestServer): Promise<string> {
  const random = new Random(CHECKSUM_SEED);
  const hasher = new Bun.CryptoHasher("sha256");
  await using client = await server.client();
  await client.call("FLUSHALL");
  for (let done = 0; done < COMMANDS; done += BATCH) {
    const batch = Array.from({ length: BATCH }, () => nextCommand(random));
    for (const reply of await client.pipeline(batch)) hasher.update(`${show(reply)}\n`);
  }
  await client.call("FLUSHALL");
  return hasher.digest("hex").slice(0, 16);
}

function nextCommand(random: Random): Argument[] {
  const key = `key:${random.integer(0, 99)}`;
  switch (random.weighted({ set: 4, get: 4, incr: 2, mset: 1, ping: 1 })) {
    case "set":
      return ["SET", key, random.string(random.integer(0, 40))];
    case "get":
      return ["GET", key];
    case "incr":
      return ["INCR", `counter:${random.integer(0, 9)}`];
    case "mset":
      return ["MSET", key, random.uint32(), `key:${random.integer(0, 99)}`, random.string(3)];
    case "ping":
      return ["PING", random.string(5)];
  }
}
