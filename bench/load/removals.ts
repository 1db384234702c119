/**
 * What another client feels while a collection of a million elements goes: by UNLINK, by DEL, when SET puts a string in
 * its place, and when its time is over. A probe of its own process measures the answers to PING meanwhile.
 */

import type { RespClient } from "../../test/support/resp-client";
import { empty, load, untilFreed, type Words } from "./loader";
import type { Options, ServerName } from "./options";
import { type ProbeResult, probeDuring } from "./probe";
import { start, TITLES } from "./servers";
import { SHAPES, type Shape } from "./shapes";
import { median } from "./statistics";

export const WAYS = ["UNLINK", "DEL", "overwrite", "expiry"] as const;
export type Way = (typeof WAYS)[number];

export interface RemovalRow {
  readonly shape: string;
  readonly server: ServerName;
  /** Answers to PING by way, one for each round. */
  readonly rounds: Readonly<Record<Way, readonly ProbeResult[]>>;
}

/** The shapes of one collection. */
export const REMOVED: readonly Shape[] = SHAPES.filter(({ title }) => title.startsWith("one "));

/** From when the key is given its time. */
const EXPIRE_AFTER_MS = 100;
const POLL_MS = 5;
const EXPIRE_LIMIT_MS = 60_000;

export async function measureRemovals(
  names: readonly ServerName[],
  options: Options,
  shapes: readonly Shape[],
): Promise<RemovalRow[]> {
  const rows: RemovalRow[] = [];
  for (const shape of shapes) {
    for (const name of names) {
      await using server = await start(name, options);
      await using client = await server.client();
      const rounds: Record<Way, ProbeResult[]> = { UNLINK: [], DEL: [], overwrite: [], expiry: [] };
      for (let round = 0; round < options.removalRounds; round++) {
        for (const way of WAYS) {
          const key = await fill(client, shape, options);
          rounds[way].push(await probeDuring(server, () => remove(client, way, key)));
        }
      }
      rows.push({ shape: shape.name, server: name, rounds });
      const figures = WAYS.map((way) => `${way} ${longest(rounds[way]).toFixed(1)}`);
      console.log(`  ${shape.title}, ${TITLES[name]}: longest answer ${figures.join(", ")} ms`);
    }
  }
  return rows;
}

/** The longest answer of a round; of several rounds the median. */
export function longest(rounds: readonly ProbeResult[]): number {
  return median(rounds.map(({ max }) => max));
}

/** Fills the server with the collection alone, and returns its key. */
async function fill(client: RespClient, shape: Shape, options: Options): Promise<string> {
  await empty(client);
  const commands = shape.fill(Math.round(shape.elements * options.collectionScale));
  let key = "";
  const seen = function* (): Generator<Words> {
    for (const words of commands) {
      key = words[1];
      yield words;
    }
  };
  await load(client, seen());
  return key;
}

async function remove(client: RespClient, way: Way, key: string): Promise<void> {
  if (way === "overwrite") await client.text("SET", key, "");
  else if (way === "expiry") await expire(client, key);
  else await client.text(way, key);
  await untilFreed(client);
}

async function expire(client: RespClient, key: string): Promise<void> {
  await client.text("PEXPIRE", key, EXPIRE_AFTER_MS);
  const deadline = Date.now() + EXPIRE_LIMIT_MS;
  // DBSIZE counts a key until it is really gone.
  while ((await client.text("DBSIZE")) !== "0") {
    if (Date.now() > deadline) throw new Error(`${key} has not expired`);
    await Bun.sleep(POLL_MS);
  }
}
