/** A stream with large consumer groups, and changes of them: for tests of snapshots. */

import type { InProcess } from "./in-process";
import type { Random } from "./random";

const ENTRIES = 4000;
export const GROUPS = ["first", "second", "third", "fourth"];
export const CONSUMERS = 30;

/** A stream whose entries are pending for consumers of several groups, of which some have thousands and some have none. */
export function fill(redbun: InProcess, random: Random): void {
  for (let i = 1; i <= ENTRIES; i++) redbun.run(`XADD s ${Math.floor(i / 3)}-${i} field ${i}`);
  for (const group of GROUPS) {
    redbun.run(`XGROUP CREATE s ${group} 0`, `XGROUP CREATECONSUMER s ${group} idle`);
    for (let read = 0; read < ENTRIES - 200; ) {
      const count = random.integer(1, group === "first" ? 20 : 500);
      redbun.run(`XREADGROUP GROUP ${group} c${random.integer(1, CONSUMERS)} COUNT ${count} STREAMS s >`);
      redbun.clock.advance(7);
      read += count;
    }
    for (let i = 0; i < 300; i++) redbun.run(acknowledge(random, group));
  }
  redbun.run("XGROUP CREATE s empty 5", "XGROUP CREATE s unread $");
}

const anId = (random: Random): string => {
  const i = random.integer(1, ENTRIES + 10);
  return `${Math.floor(i / 3)}-${i}`;
};
export const acknowledge = (random: Random, group: string): string => `XACK s ${group} ${anId(random)} ${anId(random)}`;

export function change(random: Random): string {
  const group = random.pick(GROUPS);
  const consumer = `c${random.integer(1, CONSUMERS + 3)}`;
  const rare = [
    () => `XGROUP DELCONSUMER s ${group} ${consumer}`,
    () => `XGROUP DESTROY s ${group}`,
    () => `XTRIM s MAXLEN ${ENTRIES - random.integer(0, 500)}`,
    () => "COPY s copy REPLACE",
    () => "RENAME s other",
    () => "RENAME other s",
  ];
  const often = [
    () => acknowledge(random, group),
    () => `XCLAIM s ${group} ${consumer} 0 ${anId(random)} ${anId(random)}`,
    () => `XCLAIM s ${group} ${consumer} 0 ${anId(random)} FORCE RETRYCOUNT ${random.integer(0, 9)} TIME 5`,
    () => `XCLAIM s ${group} ${consumer} 5 ${anId(random)} JUSTID LASTID 900-9`,
    () => `XAUTOCLAIM s ${group} ${consumer} 0 ${anId(random)} COUNT ${random.integer(1, 20)}`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT ${random.integer(1, 9)} STREAMS s >`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT 3 NOACK STREAMS s >`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT ${random.integer(1, 20)} STREAMS s ${anId(random)}`,
    () => `XGROUP CREATE s ${group} ${anId(random)} ENTRIESREAD 7`,
    () => `XGROUP CREATECONSUMER s ${group} ${consumer}`,
    () => `XGROUP SETID s ${group} ${anId(random)}`,
    () => `XDEL s ${anId(random)} ${anId(random)}`,
    () => `XADD s * field new`,
    () => `XPENDING s ${group} - + 3`,
    () => "XINFO STREAM s FULL COUNT 2",
  ];
  return random.chance(0.01) ? random.pick(rare)() : random.pick(often)();
}
