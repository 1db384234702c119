/**
 * WAITAOF: a client waits until what it has written is on the disk. There are no replicas yet that could have it on
 * theirs.
 *
 * What a client has written is not told apart from what others have: it waits for everything that was appended before.
 */

import { anyInteger } from "../../admin/arguments";
import type { Call } from "../../command/call";
import { BLOCKING, type CommandDefinition } from "../../command/command-spec";
import type { ServerContext } from "../../command/server-context";
import { TYPE_STRING } from "../../db/entry";
import { NOT_POSITIVE, WAITAOF_LOCAL_RANGE, WAITAOF_WITHOUT_AOF } from "../../resp/errors";
import type { Wait } from "../../session/blocking";

/** The clients that wait for the disk, each with how much of what was appended has to be there. */
export class SyncWaits {
  private readonly targets = new Map<Wait, number>();
  private isDue = false;

  constructor(private readonly server: Pick<ServerContext, "unblocker" | "aof">) {}

  add(wait: Wait, target: number): void {
    this.targets.set(wait, target);
  }

  /** How much a client waits for; undefined if it does not. */
  targetOf(wait: Wait | null): number | undefined {
    return wait === null ? undefined : this.targets.get(wait);
  }

  /** More is on the disk, or nothing is to come any more. Commands are run again after the one that is being run. */
  wake(): void {
    if (this.targets.size === 0 || this.isDue) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.serve();
    });
  }

  private serve(): void {
    const { aof, unblocker } = this.server;
    for (const [wait, target] of [...this.targets]) {
      if (wait.client.wait !== wait) this.targets.delete(wait);
      else if (aof.out.synced >= target || !aof.isEnabled) unblocker.resume(wait);
    }
  }
}

/** WAITAOF numlocal numreplicas timeout */
function waitaof(c: Call): void {
  const { aof, syncWaits } = c.server;
  const local = anyInteger(c, 1);
  if (local < 0 || local > 1) c.fail(WAITAOF_LOCAL_RANGE);
  const replicas = anyInteger(c, 2, NOT_POSITIVE);
  if (replicas < 0) c.fail(NOT_POSITIVE);
  const timeout = c.blockTimeoutMs(3);
  if (!aof.isEnabled && local > 0) c.fail(WAITAOF_WITHOUT_AOF);
  if (c.failed) return;
  const target = syncWaits.targetOf(c.client.wait) ?? aof.out.appended;
  const isSynced = (): boolean => aof.isEnabled && aof.out.synced >= target;
  const reply = (): void => {
    c.reply.array(2);
    c.reply.integer(isSynced() ? 1 : 0);
    c.reply.integer(0);
  };
  if (replicas === 0 && (local === 0 || isSynced())) {
    reply();
    return;
  }
  c.block({ type: TYPE_STRING, first: 0, count: 0, timeout, onTimeout: reply });
  if (c.client.wait !== null) syncWaits.add(c.client.wait, target);
}

export const waitaofCommands: CommandDefinition[] = [
  {
    name: "waitaof",
    arity: 4,
    flags: BLOCKING,
    categories: "connection",
    tips: ["request_policy:all_shards", "response_policy:agg_min"],
    handler: waitaof,
  },
];
