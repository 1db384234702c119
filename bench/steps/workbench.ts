/** A server in this process, without sockets and without a running event loop: each of its steps is called, and timed. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfig } from "../../src/admin/config/config";
import { LOG_NOTHING, Logger } from "../../src/admin/process/logger";
import type { Background } from "../../src/db/background";
import type { Compaction } from "../../src/db/compaction";
import { requestOf } from "../../src/resp/request";
import { Server } from "../../src/server";
import { Client, NO_TRANSPORT } from "../../src/session/client";
import { type Clock, systemClock } from "../../src/util/clock";
import { systemRandom } from "../../src/util/random";
import type { Longest } from "./longest";

/** For the files of BGSAVE. */
const FOLDER = mkdtempSync(join(tmpdir(), "redbun-steps-"));
process.chdir(FOLDER);
process.on("exit", () => rmSync(FOLDER, { recursive: true }));

/** Length of a slice of compaction, µs. */
const SLICE_MICROS = 1000;

const HASH = 0x23;
const MINUS = 0x2d;

/** The system's clock, but wall time can be moved on. */
class ShiftedClock implements Clock {
  shiftMs = 0;

  now(): number {
    return systemClock.now() + this.shiftMs;
  }

  nowMicros(): number {
    return systemClock.nowMicros() + this.shiftMs * 1000;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }
}

export class Workbench {
  readonly clock = new ShiftedClock();
  readonly server: Server;
  private readonly client: Client;
  private readonly background: Background;
  private readonly compaction: Compaction;

  constructor() {
    const log = new Logger(this.clock);
    log.level = LOG_NOTHING;
    const config = createConfig();
    // With save points, FLUSHALL empties the file, and waits for the disk.
    const refused = config.set([["save", ""]]);
    if (refused !== null) throw new Error(refused);
    this.server = new Server({
      config,
      log,
      clock: this.clock,
      random: systemRandom,
      executable: "redbun",
      configFile: "",
    });
    this.client = new Client(1, NO_TRANSPORT, 0, this.server.acl.defaultUser, true);
    this.background = Reflect.get(this.server, "background") as Background;
    this.compaction = Reflect.get(this.server, "compaction") as Compaction;
  }

  /** Runs `command` `count` times, with the number of the run in the place of each row of #. */
  repeat(command: string, count: number, longest: Longest): void {
    const { dispatcher, gate } = this.server;
    const { reply } = gate;
    const request = requestOf(command.split(" "));
    const numbers = rowsOf(request.buf, HASH);
    const run = (): void => {
      dispatcher.startBatch();
      dispatcher.execute(this.client, request);
      dispatcher.endRun();
    };
    for (let i = 0; i < count; i++) {
      for (const { first, end } of numbers) writeDigits(request.buf, first, end, i);
      longest.time(run);
      if (reply.buf[0] === MINUS)
        throw new Error(`${command.slice(0, 100)}: ${reply.buf.toString("latin1", 1, reply.length)}`);
      reply.truncate(0);
    }
  }

  /** `count` runs of cron, a tenth of a second apart, and the slices of work that follow from each. */
  tick(count: number, longest: Longest): void {
    const cron = Reflect.get(this.server, "cron") as () => void;
    for (let i = 0; i < count; i++) {
      this.clock.shiftMs += 100;
      longest.time(() => cron.call(this.server));
      longest.time(() => {
        this.background.stop();
        this.background.wake();
      });
    }
    this.background.stop();
  }

  /** Runs something that is no command `count` times. */
  times(count: number, longest: Longest, step: () => void): void {
    for (let i = 0; i < count; i++) longest.time(step);
  }

  /** A pass of defragmentation, begun by cron. */
  defragment(longest: Longest): void {
    const { activeDefrag, config } = this.server;
    config.set([
      ["active-defrag-ignore-bytes", "1"],
      ["active-defrag-threshold-lower", "1"],
      ["activedefrag", "yes"],
    ]);
    const slice = Reflect.get(activeDefrag, "slice") as () => void;
    longest.time(() => activeDefrag.consider());
    while (activeDefrag.running > 0) longest.time(() => slice.call(activeDefrag));
    config.set([["activedefrag", "no"]]);
    activeDefrag.stop();
  }

  /** A pass of compaction, if there is reason for one. */
  compact(longest: Longest): void {
    const { clock } = this;
    longest.time(() => this.compaction.consider());
    for (let more = true; more; ) {
      longest.time(() => {
        more = this.compaction.run(clock.monotonic() + SLICE_MICROS);
      });
    }
  }

  /** Slices of background work until nothing is left to free, to expire or to give back. */
  settle(longest: Longest): void {
    const { keyspace } = this.server;
    const db = keyspace.databases[0];
    for (let left = 1_000_000; left > 0; left--) {
      longest.time(() => {
        this.background.stop();
        this.background.wake();
      });
      if (db.expires === 0 && keyspace.free.idle && keyspace.heap.dirtyBytes === 0) break;
    }
    this.background.stop();
  }
}

/** Where rows of one byte stand. */
function rowsOf(bytes: Buffer, byte: number): { first: number; end: number }[] {
  const rows: { first: number; end: number }[] = [];
  for (let first = bytes.indexOf(byte); first >= 0; ) {
    let end = first;
    while (bytes[end] === byte) end++;
    rows.push({ first, end });
    first = bytes.indexOf(byte, end);
  }
  return rows;
}

/** Writes a number with leading zeros. */
function writeDigits(bytes: Buffer, first: number, end: number, value: number): void {
  for (let at = end - 1, left = value; at >= first; at--) {
    bytes[at] = 0x30 + (left % 10);
    left = Math.floor(left / 10);
  }
}
