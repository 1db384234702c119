/**
 * Resident memory an element, by the shape of the collection: each on a fresh server, filled over the protocol, less what
 * the server takes when it is empty.
 */

import { each, load, variadic, type Words } from "./loader";
import type { Options, ServerName } from "./options";
import { residentBytes, settle, start, TITLES } from "./servers";

export interface Shape {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  /** What the bytes are counted by, with its article. */
  readonly element: string;
  /** How many of them at full size. */
  readonly elements: number;
  /** Bytes an element that redbun may take; without it, as many as the best of the others. */
  readonly limit?: number;
  /** The commands that it uses, lower case. */
  readonly commands: readonly string[];
  /** Fills a server with so many elements. */
  readonly fill: (elements: number) => Iterable<Words>;
}

const MILLION = 1_000_000;
const digits = (i: number, count: number): string => String(i).padStart(count, "0");

/** The arguments of `count` elements from one function. */
const some = (count: number, element: (i: number) => Words): string[] =>
  Array.from({ length: count }, (_, i) => element(i)).flat();

export const SHAPES: readonly Shape[] = [
  {
    name: "strings",
    title: "strings with a TTL",
    element: "a key",
    elements: MILLION,
    limit: 60,
    commands: ["set"],
    fill: (n) => each(n, (i) => ["SET", `key:${digits(i, 12)}`, "abcd", "EX", "86400"]),
  },
  {
    name: "hashes",
    title: "hashes of 10 small fields",
    element: "a field",
    elements: MILLION,
    limit: 24,
    commands: ["hset"],
    fill: (n) => each(n / 10, (i) => ["HSET", `hash:${i}`, ...some(10, (j) => [`field:${j}`, `value${j}`])]),
  },
  {
    name: "hash",
    title: "one hash",
    element: "a field",
    elements: MILLION,
    limit: 45,
    commands: ["hset"],
    fill: (n) => variadic(["HSET", "hash"], n, (i) => [`field:${i}`, `value${i}`]),
  },
  {
    name: "lists",
    title: "lists of 20 elements",
    element: "an element",
    elements: 2 * MILLION,
    limit: 13.7,
    commands: ["rpush"],
    fill: (n) => each(n / 20, (i) => ["RPUSH", `list:${i}`, ...some(20, (j) => [`value:${j}`])]),
  },
  {
    name: "list",
    title: "one list",
    element: "an element",
    elements: MILLION,
    commands: ["rpush"],
    fill: (n) => variadic(["RPUSH", "list"], n, (i) => [`element:${i}`]),
  },
  {
    name: "set",
    title: "one set of strings",
    element: "a member",
    elements: MILLION,
    limit: 38,
    commands: ["sadd"],
    fill: (n) => variadic(["SADD", "set"], n, (i) => [`member:${i}`]),
  },
  {
    name: "intset",
    title: "one set of integers",
    element: "a member",
    elements: MILLION,
    commands: ["sadd"],
    fill: (n) => variadic(["SADD", "set"], n, (i) => [String(i)]),
  },
  {
    name: "zset",
    title: "one sorted set",
    element: "a member",
    elements: MILLION,
    limit: 60,
    commands: ["zadd"],
    fill: (n) => variadic(["ZADD", "zset"], n, (i) => [String(i), `member:${i}`]),
  },
  {
    name: "stream",
    title: "one stream of entries of two small fields",
    element: "an entry",
    elements: MILLION,
    limit: 13.6,
    commands: ["xadd"],
    fill: (n) => each(n, (i) => ["XADD", "stream", `${1_700_000_000_000 + i}-0`, "a", "1", "b", "2"]),
  },
];

export interface ShapeRow {
  readonly shape: string;
  readonly server: ServerName;
  readonly elements: number;
  /** Resident bytes of the empty server: when it has just started, and when it has answered as much traffic as it will. */
  readonly emptyBytes: number;
  readonly warmBytes: number;
  readonly fullBytes: number;
}

export async function measureShapes(
  names: readonly ServerName[],
  options: Options,
  shapes: readonly Shape[],
): Promise<ShapeRow[]> {
  const rows: ShapeRow[] = [];
  for (const shape of shapes) {
    const figures: string[] = [];
    for (const name of names) {
      const row = await measureShape(shape, name, options);
      rows.push(row);
      figures.push(`${TITLES[name]} ${bytesAnElement(row).toFixed(1)} (warm ${bytesAnElementWarm(row).toFixed(1)})`);
    }
    console.log(`  ${shape.title}: ${figures.join(", ")} bytes ${shape.element}`);
  }
  return rows;
}

export function bytesAnElement({ fullBytes, emptyBytes, elements }: ShapeRow): number {
  return (fullBytes - emptyBytes) / elements;
}

/** Without what the process takes for having run at all: compiled code, and pages of the executable. */
export function bytesAnElementWarm({ fullBytes, warmBytes, elements }: ShapeRow): number {
  return (fullBytes - warmBytes) / elements;
}

/** As many commands of as many bytes, which store nothing. */
function* traffic(commands: Iterable<Words>): Generator<Words> {
  for (const words of commands) yield ["PING", words.join("123456")];
}

async function measureShape(shape: Shape, server: ServerName, options: Options): Promise<ShapeRow> {
  const elements = Math.round(shape.elements * options.collectionScale);
  await using running = await start(server, options);
  await using client = await running.client();
  await client.text("PING");
  await settle(options);
  const emptyBytes = residentBytes(running.pid);
  await load(client, traffic(shape.fill(elements)));
  await client.text("MEMORY", "PURGE");
  await settle(options);
  const warmBytes = residentBytes(running.pid);
  await load(client, shape.fill(elements));
  // What was freed on the way (a table that grew) is not what the collection takes; by itself it goes within seconds.
  await client.text("MEMORY", "PURGE");
  await settle(options);
  return { shape: shape.name, server, elements, emptyBytes, warmBytes, fullBytes: residentBytes(running.pid) };
}
