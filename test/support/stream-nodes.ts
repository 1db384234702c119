/** Nodes of streams with random entries. */

import type { FieldArguments, StreamNode } from "../../src/types/stream/stream-node";
import { StreamId } from "../../src/util/stream-id";
import type { Random } from "./random";

interface Arguments extends FieldArguments {
  readonly pairs: number;
  readonly bytes: number;
}

/** Fields and values in turn, as a command has them. */
export function argumentsOf(texts: readonly string[]): Arguments {
  const buf = Buffer.from(texts.join(""), "latin1");
  const ends = new Int32Array(texts.length);
  let bytes = 0;
  for (const [i, { length }] of texts.entries()) {
    bytes += length;
    ends[i] = bytes;
  }
  return { buf, starts: ends.map((end, i) => end - texts[i].length), ends, pairs: texts.length / 2, bytes };
}

function someText(random: Random): string {
  const kind = random.weighted({ integer: 50, largest: 12, short: 50, long: 1 });
  if (kind === "integer") return String(random.integer(-5000, 100_000));
  if (kind === "largest") return "9223372036854775807";
  return random.string(kind === "short" ? random.integer(0, 70) : 200, "ab\xff");
}

/** A value for each of these fields. */
export const someFields = (random: Random, names: readonly string[]): string[] =>
  names.flatMap((name) => [name, someText(random)]);

/** Moves an ID on by little or much; `far`: sometimes by 2^32 ms. */
function advance(id: StreamId, random: Random, far: boolean): void {
  if (random.chance(0.5)) id.set(id.msHi, id.msLo, 0, id.seqLo + 1);
  else
    id.set(
      id.msHi + (far ? random.pick([0, 0, 0, 1]) : 0),
      id.msLo + random.pick([1, 200, 70_000]),
      0,
      random.pick([0, 7, 9000]),
    );
}

/** Makes a node of `count` entries: most with the fields of the first one, some with others. */
export function fillNode(node: StreamNode, random: Random, count: number, far = true): StreamId[] {
  const id = new StreamId();
  id.set(1, 5000, 0, 1);
  const ids: StreamId[] = [];
  const names = ["a", "12", "name"].slice(0, random.integer(1, 3));
  for (let i = 0; i < count; i++) {
    const own = i > 0 && random.chance(0.2);
    const args = argumentsOf(someFields(random, own ? ["x", ...names] : names));
    if (i === 0) node.create(id, args, 0, args.pairs, args.bytes, 0);
    else node.append(id, args, 0, args.pairs, args.bytes, 0);
    const added = new StreamId();
    added.copy(id);
    ids.push(added);
    advance(id, random, far);
  }
  return ids;
}
