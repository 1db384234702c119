/** The tables of the section eviction. */

import { type HitRow, POLICIES, type ResidentRow } from "./eviction";
import type { ServerName } from "./options";
import { TITLES } from "./servers";
import { table } from "./tables";

/** Points of percent that redbun may be away from Redis 7.0. */
const HITS_TARGET = 1;
/** Resident memory as a share of maxmemory and the empty server together that redbun may take. */
const RESIDENT_TARGET = 1.15;

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

export function hitTable(rows: readonly HitRow[], names: readonly ServerName[]): string {
  const lines = POLICIES.flatMap((policy) => {
    const of = (name: ServerName): HitRow | undefined =>
      rows.find((row) => row.policy === policy && row.server === name);
    const show = (pick: (row: HitRow) => string): string[] =>
      names.map((name) => {
        const row = of(name);
        return row === undefined ? "" : pick(row);
      });
    return [
      [policy, "as many keys", ...show((row) => percent(row.sameKeys))],
      [
        policy,
        "the memory of Redis 7.0",
        ...show((row) => `${percent(row.sameMemory)} (${row.keysInSameMemory} keys)`),
      ],
    ];
  });
  const target = `Target: with as many keys, redbun is within ${HITS_TARGET} point of Redis 7.0.`;
  return `${table(["policy", "limit for", ...names.map((name) => TITLES[name])], lines)}\n\n${target}`;
}

export function residentTable(rows: readonly ResidentRow[], names: readonly ServerName[]): string {
  const sizes = [...new Set(rows.map((row) => row.sizes))];
  const lines = sizes.map((size) => [
    size,
    ...names.map((name) => {
      const row = rows.find((one) => one.sizes === size && one.server === name);
      if (row === undefined) return "";
      const { peakBytes, emptyBytes, maxmemory } = row;
      return `${(peakBytes / (maxmemory + emptyBytes)).toFixed(3)} (${((peakBytes - emptyBytes) / maxmemory).toFixed(3)})`;
    }),
  ]);
  const limit = Math.round((rows[0]?.maxmemory ?? 0) / 1024 / 1024);
  const target =
    `Peak as a share of maxmemory (${limit} MiB) and the empty server together; in brackets, less the empty server and as ` +
    `a share of maxmemory alone. Target for redbun: ${RESIDENT_TARGET}.`;
  return `${table(["bytes of values", ...names.map((name) => TITLES[name])], lines)}\n\n${target}`;
}
