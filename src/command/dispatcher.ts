/**
 * Dispatcher: takes one request from a client through Redis's checks, in Redis's order, to its handler.
 *
 * Time is read between commands: the end of one is the start of the next. As reading a clock costs a tenth of a small
 * command, equal commands of constant time (a pipeline of GETs) are timed in runs of up to RUN_MAX, and each gets its
 * share; their sum is exact. The keyspace's clock, by which keys expire, moves with these readings only.
 */

import { isLocal } from "../admin/client/local-client";
import type { Monitors } from "../admin/client/monitors";
import { LatencyHistogram } from "../admin/info/latency-histogram";
import type { ServerStats } from "../admin/info/server-stats";
import { GONE, type MemoryLimits } from "../admin/memory/memory-limits";
import * as errors from "../resp/errors";
import type { ReplyWriter } from "../resp/reply-writer";
import type { Request } from "../resp/request";
import type { Blocking, Wait } from "../session/blocking";
import { type Client, REPLY_ON } from "../session/client";
import { discardTransaction, type Transaction } from "../session/transaction";
import { latin1 } from "../util/bytes";
import { OutOfMemoryError } from "../util/out-of-memory";
import { Call } from "./call";
import {
  ADMIN,
  BRIEF,
  type Command,
  DENYOOM,
  FAST,
  LOADING,
  MAY_REPLICATE,
  NO_AUTH,
  NO_MULTI,
  NOT_QUEUED,
  PROTECTED,
  READONLY,
  RUNS_QUEUE,
  SKIP_MONITOR,
  SKIP_SLOWLOG,
  WHILE_SUBSCRIBED,
  WRITE,
} from "./command-spec";
import { aclRefusal, aclRefusalInExec } from "./permission";
import type { Propagation } from "./propagation";
import type { ServerContext } from "./server-context";
import { trackCommand } from "./tracked-reads";

/** How long a change of the wall clock may go unnoticed, µs. */
const WALL_MICROS = 100_000;

/** Commands timed together at most. */
const RUN_MAX = 64;
/** A command with so many bytes in request and reply is timed alone: constant time is only that of its bookkeeping. */
const BULKY_BYTES = 64 * 1024;
/** µs. */
const TIME_EACH_BELOW = 1000;

/** What counts of the commands that EXEC runs. */
const QUEUE_FLAGS = WRITE | READONLY | MAY_REPLICATE | DENYOOM;

export const DONE = 0;
/** The command was not run: the client waits for CLIENT PAUSE to end, and the same command has to come again. */
export const HELD = 1;

export class Dispatcher {
  /** Whether the time that each command takes is recorded (latency-tracking). */
  trackLatency = true;
  /** One for each depth: EXEC runs commands inside of itself. */
  private readonly calls: Call[];
  /** Commands that are being run, one inside the other. */
  private depth = 0;
  /** Error replies that are accounted for. */
  private errorsSeen = 0;
  private readonly stats: ServerStats;
  private readonly blocking: Blocking;
  private readonly monitors: Monitors;
  private readonly propagation: Propagation;
  private readonly memory: MemoryLimits;
  /** µs of the monotonic clock when it was last read: everything before is accounted for. */
  private lastEnd = 0;
  /** The clock when the batch began, and how many commands had been run before it. */
  private batchStart = 0;
  private batchFirst = 0;
  /** The command that was run since, for whom, and how often: it is counted when the run ends. */
  private runCommand: Command | null = null;
  private runLength = 0;
  private runClient: Client | null = null;
  private runMax = RUN_MAX;
  private reportMicros = Number.POSITIVE_INFINITY;
  /** Wall time minus monotonic time, µs, and when that was found out. */
  private wallOffset = 0;
  private wallRead = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly server: ServerContext,
    private readonly reply: ReplyWriter,
  ) {
    this.calls = [new Call(server, reply)];
    this.stats = server.stats;
    this.blocking = server.blocking;
    this.monitors = server.monitors;
    this.propagation = server.propagation;
    this.memory = server.memoryLimits;
  }

  /** A command is being run. */
  get isRunning(): boolean {
    return this.depth > 0;
  }

  /** A command is being run by another: by EXEC. */
  get isNested(): boolean {
    return this.depth > 1;
  }

  /** Whose command is being run; null between commands. */
  get currentClient(): Client | null {
    return this.depth > 0 ? this.calls[0].client : null;
  }

  /** Starts a run of commands: the clocks are read. Returns µs of the monotonic clock. */
  startBatch(): number {
    this.lastEnd = this.server.clock.monotonic();
    this.batchStart = this.lastEnd;
    this.batchFirst = this.stats.commandsProcessed;
    this.followWallClock();
    return this.lastEnd;
  }

  /**
   * Sets the keyspace's clock. Reading a clock costs as much as a small command, so wall time is the monotonic time that
   * was read anyway plus an offset, which follows the wall clock when that is set.
   */
  private followWallClock(): void {
    if (this.lastEnd - this.wallRead >= WALL_MICROS) {
      const { clock } = this.server;
      this.wallRead = this.lastEnd;
      this.wallOffset = clock.nowMicros() - clock.monotonic();
    }
    this.server.keyspace.now = Math.floor((this.lastEnd + this.wallOffset) / 1000);
  }

  /** Runs one request; its reply is in the writer afterwards. Returns DONE or HELD. */
  execute(client: Client, request: Request): number {
    const { reply } = this;
    reply.muted = client.replyMode !== REPLY_ON && !client.startReply();
    reply.resp3 = client.protocol === 3;
    const command = this.lookup(client, request);
    if (command === null) return DONE;
    const refusal = this.refusal(client, command, request);
    if (refusal !== null) {
      this.reject(client, command, refusal);
      return DONE;
    }
    if (this.isPaused(client, command)) {
      this.server.pause.wait(client);
      client.undoReply();
      return HELD;
    }
    if (client.transaction !== null && (command.flags & NOT_QUEUED) === 0) {
      this.queue(client, client.transaction, command, request);
      return DONE;
    }
    this.runFor(client, command, request);
    if (this.blocking.hasReady) this.serveBlocked(client);
    return DONE;
  }

  /**
   * Serves the clients for whom `client` has made keys ready. What it is told of that waits until they are served: their
   * replies are written with the writer that holds its own.
   */
  private serveBlocked(client: Client): void {
    client.gathersPushes = true;
    this.server.unblocker.serve();
    client.gathersPushes = false;
    if (client.pushed !== null) this.appendPushed(client);
  }

  /** Runs the command of a blocked client again. */
  rerun(client: Client, command: Command, request: Request): void {
    const refusal = this.refusal(client, command, request);
    if (refusal === null) this.runFor(client, command, request);
    else this.reject(client, command, refusal);
  }

  /** Runs a command; what was pushed to its client meanwhile comes after the reply. */
  private runFor(client: Client, command: Command, request: Request): void {
    client.isRunning = true;
    this.run(client, command, request);
    client.isRunning = false;
    if (client.pushed !== null) this.appendPushed(client);
  }

  private appendPushed(client: Client): void {
    const { reply } = this;
    const { muted } = reply;
    client.isRunning = true;
    this.server.tracking.sendPending(client);
    client.isRunning = false;
    const pushed = client.pushed ?? [];
    // CLIENT REPLY suppresses replies only.
    reply.muted = false;
    for (const bytes of pushed) reply.raw(bytes, 0, bytes.length);
    reply.muted = muted;
    client.pushed = null;
  }

  /** Runs a command as a part of the one that is being run (EXEC). */
  runNested(client: Client, command: Command, request: Request): void {
    // What could be queued may be forbidden by now.
    const denial = client.user.unrestricted ? null : aclRefusalInExec(this.server, client, command, request);
    if (denial === null) this.run(client, command, request);
    else this.denyNested(denial);
  }

  private denyNested(error: string): void {
    this.reply.error(error);
    this.stats.countError(error);
    // EXEC has not failed.
    this.errorsSeen = this.reply.errors;
  }

  /** EXEC will run it. Nothing is kept for a transaction that cannot succeed any more. */
  private queue(client: Client, transaction: Transaction, command: Command, request: Request): void {
    if (!transaction.failed && !client.isDirty) transaction.add(command, command.flags, request);
    this.reply.queued();
  }

  /** Why a client may not run a command, or null. GONE: it has just been sent away. */
  private refusal(client: Client, command: Command, request: Request): string | null {
    const flags = effectiveFlags(client, command);
    if ((flags & PROTECTED) !== 0) {
      const denial = this.protection(client, command);
      if (denial !== null) return denial;
    }
    if (!client.authenticated && (flags & NO_AUTH) === 0 && this.server.acl.authenticationRequired)
      return errors.NO_AUTH;
    if (client.transaction !== null && (flags & NO_MULTI) !== 0) return errors.NOT_IN_MULTI;
    if (!client.user.unrestricted) {
      const denial = aclRefusal(this.server, client, command, request);
      if (denial !== null) return denial;
    }
    if (this.memory.armed) {
      const refusal = this.memory.admit(client, command.fullName, (flags & DENYOOM) !== 0);
      if (refusal !== null) return refusal;
    }
    const { persistence } = this.server;
    // PING as well: who watches over the server is to notice.
    if (
      (!persistence.lastBgsaveOk || persistence.aofRefusal !== null) &&
      ((flags & WRITE) !== 0 || command.name === "ping")
    ) {
      const unwritable = persistence.writeRefusal;
      if (unwritable !== null) return unwritable;
    }
    if (client.subscriptions !== null && client.protocol === 2 && (flags & WHILE_SUBSCRIBED) === 0) {
      return errors.notWhileSubscribed(command.fullName);
    }
    if (persistence.loading && (flags & LOADING) === 0) return errors.LOADING;
    if (client.monitors && (flags & (WRITE | READONLY | MAY_REPLICATE)) !== 0) return errors.MONITOR_KEEPS_OFF;
    return null;
  }

  /** Whether CLIENT PAUSE holds a command back now. */
  isPaused(client: Client, command: Command): boolean {
    const { pause, keyspace } = this.server;
    // Who monitors is to see what goes on.
    if (pause.mode === "off" || client.monitors) return false;
    return pause.holds((effectiveFlags(client, command) & (WRITE | MAY_REPLICATE)) !== 0, keyspace.now);
  }

  /** Why DEBUG, or what changes modules, is not for this client; or null. */
  private protection(client: Client, command: Command): string | null {
    const { enableDebugCommand, enableModuleCommand } = this.server.config;
    const isDebug = command.fullName === "debug";
    const allowed = isDebug ? enableDebugCommand : enableModuleCommand;
    if (allowed === "yes" || (allowed === "local" && isLocal(client))) return null;
    return isDebug ? errors.DEBUG_NOT_ALLOWED : errors.MODULE_NOT_ALLOWED;
  }

  private run(client: Client, command: Command, request: Request): void {
    const { reply, server } = this;
    // Both are looked at in any case: the compiler leaves out what was never looked at, and begins anew when it is.
    const isOtherCommand = command !== this.runCommand;
    const isOtherClient = client !== this.runClient;
    if (isOtherCommand || isOtherClient) this.endRun();
    const start = this.lastEnd;
    const call = this.calls[this.depth] ?? this.deeperCall();
    call.load(request);
    call.client = client;
    call.command = command;
    call.db = server.keyspace.databases[client.database];
    this.errorsSeen = reply.errors;
    const replyStart = reply.length;
    const { dirty } = server.keyspace;
    this.depth++;
    this.callHandler(call);
    this.depth--;
    if (this.propagation.active) this.propagation.ran(call, dirty);
    if (this.monitors.active) this.showToMonitors(call);
    if (client.tracking !== null) trackCommand(server.tracking, client, command, call, this.depth > 0);
    const failed = reply.errors !== this.errorsSeen;
    if (failed) {
      // Whoever runs this command has not failed.
      this.errorsSeen = reply.errors;
      this.stats.countError(reply.lastError);
    }
    if (client.wait !== null) this.accountBlocked(client.wait, failed);
    else if ((command.flags & RUNS_QUEUE) !== 0) this.accountNesting(client, command, start, failed);
    else this.account(call, failed, reply.length - replyStart);
  }

  /** A command that was blocked and is run again has been shown. */
  private showToMonitors(call: Call): void {
    const { client, command } = call;
    if ((command.flags & (SKIP_MONITOR | ADMIN)) !== 0 || (client.wait !== null && client.wait.round > 0)) return;
    if (!this.server.persistence.loading) this.monitors.show(client, command, call);
  }

  private deeperCall(): Call {
    const call = new Call(this.server, this.reply);
    call.mayBlock = false;
    this.calls.push(call);
    return call;
  }

  private account(call: Call, failed: boolean, replyBytes: number): void {
    const { command } = call;
    if (failed) command.stats.failed++;
    this.runCommand = command;
    this.runClient = call.client;
    this.runLength++;
    const single = (command.flags & (FAST | BRIEF)) === 0 || replyBytes + call.bytes >= BULKY_BYTES;
    if (single || this.runLength >= this.runMax) this.endRun(undefined, single || this.runMax === 1 ? call : null);
  }

  /** A command that has run others takes the time of all of them, which count for themselves, too. */
  private accountNesting(client: Client, command: Command, start: number, failed: boolean): void {
    this.endRun();
    const end = this.server.clock.monotonic();
    this.lastEnd = start;
    this.runCommand = command;
    this.runClient = client;
    this.runLength = 1;
    if (failed) command.stats.failed++;
    this.endRun(end);
  }

  /** Accounts for one run of a command that blocks or was blocked. */
  private accountBlocked(wait: Wait, failed: boolean): void {
    this.endRun();
    const end = this.server.clock.monotonic();
    wait.micros += end - this.lastEnd;
    this.lastEnd = end;
    if (!wait.blocked) this.accountWait(wait, failed);
  }

  /** Accounts for a blocked command that is over. */
  accountWait(wait: Wait, failed: boolean): void {
    const command = wait.command as Command;
    const { stats } = command;
    stats.calls++;
    stats.micros += wait.micros;
    if (failed) stats.failed++;
    if (this.trackLatency) this.recordLatency(command, wait.micros, 1);
    if (wait.micros >= this.reportMicros) this.report(command, wait.client, wait.request, 1, wait.micros);
    this.stats.commandsProcessed++;
    wait.client.commandsTotal++;
  }

  /** A command that there is no memory for is refused; anything else that is thrown is a bug of ours. */
  private callHandler(call: Call): void {
    const { reply } = this;
    const start = reply.length;
    try {
      (call.command.handler as (call: Call) => void)(call);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      this.server.log.warning(`Out of memory: ${error.message}`);
      reply.cut(start);
      reply.error(errors.OOM);
      this.propagation.dropIncomplete();
    }
  }

  /** Lets go of the last request's buffer. */
  release(): void {
    for (const call of this.calls) call.release();
  }

  /**
   * Commands that take at least this long (µs) are reported to the slow log and the latency monitor. Where that is about
   * as long as a row of fast ones, they are timed one by one.
   */
  reportFrom(micros: number): void {
    this.reportMicros = micros;
    this.runMax = micros < TIME_EACH_BELOW ? 1 : RUN_MAX;
  }

  /** `request` is null where its arguments are gone. */
  private report(command: Command, client: Client, request: Request | null, calls: number, micros: number): void {
    const { slowLog, latencyMonitor, clock } = this.server;
    const now = clock.now();
    if ((command.flags & SKIP_SLOWLOG) === 0) slowLog.add(client, command, request, calls, micros, now);
    latencyMonitor.add((command.flags & FAST) === 0 ? "command" : "fast-command", micros, now);
  }

  /** Ends a batch: the next one reads the clocks anew. `last`: the request that ran last, if it is still there. */
  endBatch(last: Request | null): void {
    const { runCommand, stats } = this;
    if (runCommand !== null) {
      this.accountRun(runCommand, this.server.clock.monotonic(), this.runLength === 1 ? last : null);
    }
    stats.countCycle(stats.commandsProcessed - this.batchFirst, this.lastEnd - this.batchStart);
  }

  /** Accounts for the time since the clock was last read. `request` is that of the last command, if that has just run. */
  endRun(now?: number, request: Request | null = null): void {
    if (this.runCommand === null) return;
    this.accountRun(this.runCommand, now ?? this.server.clock.monotonic(), request);
    // Within a command no time passes for keys.
    if (this.depth === 0) this.followWallClock();
  }

  private accountRun(runCommand: Command, end: number, request: Request | null): void {
    const { runLength } = this;
    const runClient = this.runClient as Client;
    const micros = end - this.lastEnd;
    runCommand.stats.calls += runLength;
    runCommand.stats.micros += micros;
    this.stats.commandsProcessed += runLength;
    runClient.commandsTotal += runLength;
    if (this.trackLatency) this.recordLatency(runCommand, micros / runLength, runLength);
    if (micros >= this.reportMicros) this.report(runCommand, runClient, request, runLength, micros);
    this.runCommand = null;
    this.runClient = null;
    this.runLength = 0;
    this.lastEnd = end;
  }

  private recordLatency(command: Command, micros: number, times: number): void {
    command.latency ??= new LatencyHistogram();
    command.latency.record(micros * 1000, times);
  }

  /** The command, its subcommand resolved; null when an error was written instead. */
  private lookup(client: Client, request: Request): Command | null {
    const { buf, starts, ends, argc } = request;
    let command = this.server.commands.find(buf, starts[0], ends[0]);
    if (command === null) {
      this.rejectUnknown(client, request);
      return null;
    }
    if (command.subcommands !== null && argc > 1) {
      command = this.findSubcommand(client, command.subcommands, request);
      if (command === null) return null;
    }
    client.lastCommand = command.fullName;
    if (command.acceptsArity(argc) && command.handler !== null) return command;
    this.reject(client, command, errors.wrongArity(command.fullName));
    return null;
  }

  private findSubcommand(client: Client, subcommands: ReadonlyMap<string, Command>, request: Request): Command | null {
    const { buf, starts, ends } = request;
    const name = latin1(buf, starts[1], ends[1]);
    const command = subcommands.get(name.toLowerCase());
    if (command !== undefined) return command;
    client.lastCommand = "";
    // The container as it was called: rename-command may have given it another name than its own.
    const container = latin1(buf, starts[0], ends[0]).toUpperCase();
    this.refuse(client, errors.unknownSubcommand(container, name));
    return null;
  }

  private rejectUnknown(client: Client, request: Request): void {
    client.lastCommand = "";
    const { buf, starts, ends, argc } = request;
    const name = latin1(buf, starts[0], ends[0]);
    if (/^(post|host:)$/i.test(name)) {
      // A web page that makes a browser talk to us gets no answer, not even to what came before.
      this.reply.truncate(0);
      this.server.refuseHttp(client);
      return;
    }
    const args: string[] = [];
    for (let i = 1; i < argc && i < 130; i++) args.push(latin1(buf, starts[i], Math.min(ends[i], starts[i] + 128)));
    this.refuse(client, errors.unknownCommand(name, args));
  }

  private reject(client: Client, command: Command, error: string): void {
    if (error === GONE) return;
    command.stats.rejected++;
    if ((command.flags & RUNS_QUEUE) !== 0) {
      discardTransaction(client, this.server.watches);
      this.refuse(client, errors.execRefused(error));
    } else {
      this.refuse(client, error);
    }
  }

  /** A request that is refused in a transaction ends it: EXEC will be refused. */
  private refuse(client: Client, error: string): void {
    if (client.transaction !== null) client.transaction.failed = true;
    else if (client.tracking !== null) client.tracking.caching = false;
    this.reply.error(error);
    this.stats.countError(error);
  }
}

/** Flags of what a command does: EXEC does what was queued. */
function effectiveFlags(client: Client, command: Command): number {
  const { flags } = command;
  return (flags & RUNS_QUEUE) === 0 || client.transaction === null
    ? flags
    : flags | (client.transaction.flags & QUEUE_FLAGS);
}
