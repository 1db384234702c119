/** Random data of all types, and what there is to say of it: to compare what files of one server give in another. */

import { Random } from "./random";
import { show, text } from "./reply";
import type { RespClient } from "./resp-client";
import type { TestServer } from "./server";

/** Random data of every type, in every encoding: each collection with a few elements, and with many or long ones. */
export async function fill(client: RespClient): Promise<void> {
  const random = new Random(20_251_121);
  const element = (): string | Buffer =>
    random.pick([
      () => String(random.integer(-300, 300)),
      () => String(random.integer(-3_000_000_000, 3_000_000_000)),
      () => Buffer.from(random.bytes(random.integer(0, 60))),
      () => "abc".repeat(random.integer(0, 100)),
    ])();
  // With few digits: versions print long ones differently, and so sum them up differently.
  const score = (): string => String(random.integer(-8_000_000, 8_000_000) / 8);
  const elements = (count: number): (string | Buffer)[] => Array.from({ length: count }, element);
  const commands: (string | Buffer)[][] = [];
  for (let i = 0; i < 200; i++) {
    const count = random.pick([1, 5, 60, 700]);
    const integers = Array.from({ length: count }, () =>
      String(random.integer(-(2 ** 40), 2 ** 40) >> random.integer(0, 31)),
    );
    commands.push(["SET", `string:${i}`, element()]);
    if (random.chance(0.2)) commands.push(["PEXPIREAT", `string:${i}`, String(4_102_444_800_000 + i)]);
    commands.push(["SADD", `set:${i}`, ...(random.chance(0.5) ? integers : elements(count))]);
    commands.push(["RPUSH", `list:${i}`, ...elements(count), ...(random.chance(0.1) ? ["long".repeat(5000)] : [])]);
    commands.push(["HSET", `hash:${i}`, ...elements(2 * count)]);
    commands.push(["ZADD", `zset:${i}`, ...elements(count).flatMap((member) => [score(), member])]);
    commands.push(["XADD", `stream:${i % 20}`, `${i + 1}-${count}`, "field", element(), element(), element()]);
  }
  for (let i = 0; i < 20; i++) {
    commands.push(["XGROUP", "CREATE", `stream:${i}`, "group", "0"]);
    commands.push(["XREADGROUP", "GROUP", "group", "alice", "COUNT", "3", "STREAMS", `stream:${i}`, ">"]);
    commands.push(["XREADGROUP", "GROUP", "group", "bob", "COUNT", "2", "STREAMS", `stream:${i}`, ">"]);
    commands.push(["XACK", `stream:${i}`, "group", `${i + 1}-1`, `${i + 21}-5`]);
  }
  commands.push(["SELECT", "7"], ["SET", "other", "1"], ["SELECT", "0"]);
  for (const reply of await client.pipeline(commands)) {
    if (reply.type === "error") throw new Error(reply.value);
  }
}

export async function digestOf(server: TestServer): Promise<string> {
  await using client = await server.client();
  return text(await client.call("DEBUG", "DIGEST"));
}

/** What XINFO says of all streams, but for the times. */
async function streamsOf(server: TestServer): Promise<string> {
  await using client = await server.client();
  const infos: string[] = [];
  for (let i = 0; i < 20; i++) {
    infos.push(show(await client.call("XINFO", "STREAM", `stream:${i}`)));
    infos.push(show(await client.call("XINFO", "GROUPS", `stream:${i}`)));
    infos.push(show(await client.call("XPENDING", `stream:${i}`, "group")));
  }
  return infos.join("\n");
}

/** The digest of all data of a server, and what XINFO says of its streams. */
export async function contentOf(server: TestServer): Promise<string> {
  return `${await digestOf(server)}\n${await streamsOf(server)}`;
}
