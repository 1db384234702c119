/** The Markdown tables of collections: memory by shape, operations on large ones, and their removal. */

import { OPERATIONS, type OperationRow } from "./operations";
import type { Options, ServerName } from "./options";
import { longest, type RemovalRow, WAYS } from "./removals";
import { TITLES } from "./servers";
import { bytesAnElement, bytesAnElementWarm, SHAPES, type Shape, type ShapeRow } from "./shapes";
import { median, medianRatio } from "./statistics";
import { peers, table, thousands } from "./tables";
import { OPERATION_TARGET, STALL_TARGET_MS } from "./workloads";

/** Bytes an element by shape and server, beside what redbun may take. */
export function shapeTable(rows: readonly ShapeRow[], names: readonly ServerName[]): string {
  const lines = shapesOf(rows).map((shape) => {
    const own = rows.filter((row) => row.shape === shape.name);
    const bytes = new Map(own.map((row) => [row.server, bytesAnElement(row)]));
    const limit = shape.limit ?? Math.min(...peers(names).map((name) => bytes.get(name) ?? Number.POSITIVE_INFINITY));
    return [
      `${shape.title}, ${shape.element}`,
      thousands(own[0].elements),
      ...names.map((name) => (bytes.get(name) ?? Number.NaN).toFixed(1)),
      ...own.filter(({ server }) => server === "redbun").map((row) => bytesAnElementWarm(row).toFixed(1)),
      Number.isFinite(limit) ? limit.toFixed(1) : "",
    ];
  });
  const warm = names.includes("redbun") ? ["redbun, warm"] : [];
  return `${table(["shape", "elements", ...names.map((name) => TITLES[name]), ...warm, "at most"], lines)}\n\n${WARM}`;
}

const WARM =
  'Over the empty process, just started; "warm": over the empty process after it has answered as many PINGs of as ' +
  "many bytes, which is what it takes for having run at all.";

/** Milliseconds an operation takes, with redbun's ratio to each peer. */
export function operationTable(rows: readonly OperationRow[], names: readonly ServerName[]): string {
  const lines = rows.map(({ operation, rounds }) => [
    OPERATIONS.find(({ name }) => name === operation)?.title ?? operation,
    ...names.map((name) => median(rounds[name] ?? []).toFixed(3)),
    ...peers(names).map((peer) => medianRatio(rounds.redbun ?? [], rounds[peer] ?? []).toFixed(2)),
  ]);
  const ratios = peers(names).map((peer) => `÷ ${TITLES[peer]}`);
  const header = ["operation", ...names.map((name) => TITLES[name]), ...ratios];
  return `${table(header, lines)}\n\nTarget for redbun: at most ${OPERATION_TARGET} times as long.`;
}

/** The longest answers to PING while a collection is removed, by shape, server and way. */
export function removalTable(rows: readonly RemovalRow[], options: Options): string {
  const lines = shapesOf(rows).flatMap((shape) =>
    rows
      .filter((row) => row.shape === shape.name)
      .map(({ server, rounds }) => [
        shape.title,
        TITLES[server],
        ...WAYS.map((way) => longest(rounds[way]).toFixed(1)),
      ]),
  );
  const how = options.removalRounds > 1 ? `, median of ${options.removalRounds} rounds` : "";
  const target = `The longest answer to PING, in ms${how}. Target for redbun: no longer than ${STALL_TARGET_MS} ms.`;
  return `${table(["collection", "server", ...WAYS], lines)}\n\n${target}`;
}

/** The shapes that rows are about, in the order of their table. */
function shapesOf(rows: readonly { readonly shape: string }[]): Shape[] {
  return SHAPES.filter(({ name }) => rows.some(({ shape }) => shape === name));
}
