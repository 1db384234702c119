/**
 * The crash test: a server with an append-only file is loaded with numbered writes over many connections, killed with
 * SIGKILL at some moment, and started again; what it holds then is compared with what it acknowledged (workload.ts). Then
 * it goes on, on the same files.
 *
 * The moments are chosen so that everything that happens to files is met: while nothing but writes goes on, while a
 * snapshot is being written, right after a log line that stands between two steps (a new increment, a rename, the end of
 * a rewrite or of a save), and while the server starts.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "../support/random";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";
import { Workload, WriteRefused } from "./workload";

export const POLICIES = ["always", "everysec", "no"] as const;

/** When the server is killed. A pattern: when it logs this. */
const MOMENTS: Readonly<Record<string, RegExp | "writes" | "time" | "start">> = {
  "after some writes": "writes",
  "after some time": "time",
  "during the start": "start",
  "as a rewrite begins": /Creating AOF incr file .* on background rewrite/,
  "during a rewrite": /Background append only file rewriting started/,
  "as the new base is complete": /Background AOF rewrite terminated with success/,
  "as the new base gets its name": /Successfully renamed the temporary AOF base file/,
  "as history is removed": /Removing the history file/,
  "after a rewrite": /Background AOF rewrite finished successfully/,
  "during a save": /Background saving started/,
  "as a save is complete": /DB saved on disk/,
};

export const MOMENT_NAMES: readonly string[] = Object.keys(MOMENTS);

/** How long a moment is waited for at most, ms: then the server is killed whatever it does. */
const MOMENT_LIMIT_MS = 20_000;
const CONNECTIONS = 8;
/** Writes that are sent in one go at most. */
const BATCH = 24;
/** Rounds on the same files: then there are new ones. */
const ROUNDS_ON_FILES = 12;

export interface Round {
  readonly policy: (typeof POLICIES)[number];
  readonly moment: string;
  /** Writes acknowledged in it, and of those that were not, how many the server held. */
  acknowledged: number;
  unacknowledged: number;
  rewrites: number;
  saves: number;
  /** The end of the file was cut at the start that followed. */
  torn: boolean;
}

/** Rounds one after the other, on files that stay. */
export class CrashTest implements Disposable {
  private readonly folder = mkdtempSync(join(tmpdir(), "redbun-crash-"));
  private workloads: Workload[] = [];
  private generation = 0;
  private roundsOnFiles = 0;

  constructor(private readonly random: Random) {
    this.renew();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Where the files are. */
  get directory(): string {
    return join(this.folder, String(this.generation));
  }

  private renew(): void {
    rmSync(this.directory, { recursive: true, force: true });
    this.generation++;
    this.roundsOnFiles = 0;
    mkdirSync(this.directory);
    this.workloads = Array.from({ length: CONNECTIONS }, (_, i) => new Workload(`w${i}`));
  }

  /** One round. Throws where something is lost. `tamper` may change the files of the server that was killed. */
  async run(policy: Round["policy"], moment: string, tamper?: (folder: string) => void): Promise<Round> {
    if (this.roundsOnFiles++ === ROUNDS_ON_FILES) this.renew();
    const round: Round = { policy, moment, acknowledged: 0, unacknowledged: 0, rewrites: 0, saves: 0, torn: false };
    const before = this.acknowledged;
    const server = await this.start(policy);
    try {
      await this.loadAndKill(server, MOMENTS[moment], round);
    } finally {
      await server.kill();
      await server.stop();
    }
    round.acknowledged = this.acknowledged - before;
    if (MOMENTS[moment] === "start") await this.killStarting(policy);
    tamper?.(join(this.directory, "appendonlydir"));
    await this.check(policy, round);
    return round;
  }

  private get acknowledged(): number {
    return this.workloads.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  private start(policy: string, ready?: RegExp): Promise<TestServer> {
    const { random } = this;
    return startRedbun({
      ready,
      args: [
        ...["--dir", this.directory, "--appendonly", "yes", "--appendfsync", policy],
        ...["--aof-use-rdb-preamble", random.pick(["yes", "yes", "no"])],
        ...["--no-appendfsync-on-rewrite", random.pick(["yes", "no"])],
        // Rewrites come by themselves as well.
        ...["--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "300kb"],
        ...["--save", random.pick(["", "1 1"])],
      ],
    });
  }

  // --- until the kill ----------------------------------------------------------------------------------------------

  private async loadAndKill(server: TestServer, moment: (typeof MOMENTS)[string], round: Round): Promise<void> {
    const clients = await Promise.all(this.workloads.map(() => server.client()));
    const control = await server.client();
    const writing = this.workloads.map((workload, i) => this.write(workload, clients[i]));
    const forcing = this.force(control);
    await Promise.race([this.arrives(server, moment), this.refused(writing)]);
    // A few steps further, or none.
    if (this.random.chance(0.7)) await Bun.sleep(this.random.integer(0, 4));
    await server.kill();
    await Promise.all([...writing, forcing]);
    round.rewrites = count(server, /AOF rewrite finished successfully/);
    round.saves = count(server, /Background saving terminated with success/);
  }

  /** Rejects as soon as a write is refused; resolves never. */
  private async refused(writing: readonly Promise<void>[]): Promise<never> {
    await Promise.all(writing);
    throw new Error("the server has ended its connections");
  }

  private async arrives(server: TestServer, moment: (typeof MOMENTS)[string]): Promise<void> {
    const { random } = this;
    if (moment instanceof RegExp) {
      await server.waitForLog(moment, MOMENT_LIMIT_MS);
    } else if (moment === "time") {
      await Bun.sleep(random.integer(0, 1500));
    } else {
      const target = this.acknowledged + random.integer(1, 4000);
      const deadline = Date.now() + MOMENT_LIMIT_MS;
      while (this.acknowledged < target && Date.now() < deadline) await Bun.sleep(1);
    }
  }

  /** Writes until the server is gone. */
  private async write(workload: Workload, client: RespClient): Promise<void> {
    try {
      for (;;) await workload.write(client, this.random.integer(1, BATCH));
    } catch (error) {
      if (error instanceof WriteRefused) throw error;
    }
  }

  /** Has files changed all the time: a rewrite or a save, and the next one when it is done. */
  private async force(client: RespClient): Promise<void> {
    try {
      for (;;) {
        await client.call(...(this.random.chance(0.6) ? ["BGREWRITEAOF"] : ["BGSAVE", "SCHEDULE"]));
        await Bun.sleep(this.random.integer(0, 120));
      }
    } catch {
      // It was killed.
    }
  }

  // --- after it ----------------------------------------------------------------------------------------------------

  /** Starts servers that are killed before they are ready: what they had cut or made must be right, too. */
  private async killStarting(policy: string): Promise<void> {
    for (let times = this.random.integer(1, 3); times > 0; times--) {
      const server = await this.start(policy, /PID: |Redis version|oO0OoO0OoO0Oo/);
      await Bun.sleep(this.random.integer(0, 60));
      await server.kill();
      await server.stop();
    }
  }

  private async check(policy: string, round: Round): Promise<void> {
    const server = await this.start(policy);
    try {
      round.torn = server.lines.some((line) => line.includes("Truncating the AOF"));
      const client = await server.client();
      for (const workload of this.workloads) round.unacknowledged += await workload.check(client);
      const surprises = server.lines.filter((line) => /CRITICAL|Fatal|Bad file format/.test(line));
      if (surprises.length > 0) throw new Error(surprises.join("\n"));
    } catch (error) {
      throw new Error(`${String(error)}\n${server.lines.slice(-30).join("\n")}`, { cause: error });
    } finally {
      await server.kill();
      await server.stop();
    }
  }
}

function count(server: TestServer, pattern: RegExp): number {
  return server.lines.filter((line) => pattern.test(line)).length;
}
