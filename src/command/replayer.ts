/**
 * Runs the commands of an AOF file again, as a client that nobody can see and that is not answered: no check that
 * concerns clients applies, nothing counts in statistics, nothing blocks, and nothing is propagated. What stands between
 * MULTI and EXEC is run as a whole, when EXEC is there.
 */

import { ReplyWriter } from "../resp/reply-writer";
import { type Request, requestOf } from "../resp/request";
import { Client, NO_TRANSPORT } from "../session/client";
import { beginTransaction, discardTransaction } from "../session/transaction";
import { latin1 } from "../util/bytes";
import { Call } from "./call";
import type { Command } from "./command-spec";
import type { ServerContext } from "./server-context";

/** Its id: those of connected clients begin at 1. */
const REPLAY_CLIENT_ID = 0;

export class Replayer {
  /** The name of the command that run() refused. */
  private refused = "";
  /** An error reply ends it (propagation-error-behavior panic), and there was one. */
  private panicked = false;
  private readonly client: Client;
  private readonly call: Call;
  private readonly reply = new ReplyWriter();
  private readonly multi: Command | null;
  private readonly exec: Command | null;

  constructor(private readonly server: ServerContext) {
    this.client = new Client(REPLAY_CLIENT_ID, NO_TRANSPORT, server.clock.monotonic(), server.acl.superuser, true);
    this.call = new Call(server, this.reply);
    this.call.mayBlock = false;
    this.call.client = this.client;
    this.reply.muted = true;
    this.multi = server.commands.resolve(requestOf(["MULTI"]));
    this.exec = server.commands.resolve(requestOf(["EXEC"]));
  }

  /** Whether a transaction has begun and is not over. */
  get inTransaction(): boolean {
    return this.client.transaction !== null;
  }

  /** Commands are about to be run: the clock by which keys expire is read. */
  begin(): void {
    this.server.dispatcher.startBatch();
  }

  /** Gives a transaction up that has no end. */
  revert(): void {
    if (this.inTransaction) discardTransaction(this.client, this.server.watches);
  }

  /**
   * Runs a request, or takes it into the transaction. False where it is not to go on: see complaint(). Throws
   * OutOfMemoryError where there is no memory for what the request does.
   */
  run(request: Request): boolean {
    const command = this.lookup(request);
    if (command === null) return false;
    const { transaction } = this.client;
    if (transaction === null) {
      if (command === this.multi) beginTransaction(this.client);
      else this.runNow(command, request);
    } else if (command === this.exec) {
      for (const queued of transaction.commands as Command[]) this.runNow(queued, transaction.read());
      discardTransaction(this.client, this.server.watches);
    } else {
      transaction.add(command, command.flags, request);
    }
    return !this.panicked;
  }

  /** Why run() was false, of a request in this file. */
  complaint(file: string): string {
    if (!this.panicked) return `Unknown command '${this.refused}' reading the append only file ${file}`;
    return (
      "Guru Meditation: This server panicked sending an error to its AOF-loading-client after processing the command " +
      `'${this.refused}'`
    );
  }

  private lookup(request: Request): Command | null {
    const { buf, starts, ends, argc } = request;
    const command = this.server.commands.resolve(request);
    if (command === null || command.handler === null || !command.acceptsArity(argc)) {
      this.refused = latin1(buf, starts[0], ends[0]);
      return null;
    }
    return command;
  }

  private runNow(command: Command, request: Request): void {
    const { call, reply, client } = this;
    call.load(request);
    call.command = command;
    call.db = this.server.keyspace.databases[client.database];
    const { errors } = reply;
    (command.handler as (c: Call) => void)(call);
    if (reply.errors !== errors) this.reportError(command);
    reply.truncate(0);
  }

  /** What was written without an error must not give one now: the data is not what it was. */
  private reportError(command: Command): void {
    this.server.stats.unexpectedErrorReplies++;
    const { lastError } = this.reply;
    // As Redis has it at hand there: a text, or a whole reply.
    const error = lastError.startsWith("ERR ") ? lastError.slice("ERR ".length) : `-${lastError}`;
    this.server.log.warning(
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${error}' after processing the ` +
        `command '${command.fullName}'`,
    );
    if (this.server.config.propagationErrorBehavior !== "panic") return;
    this.panicked = true;
    this.refused = command.fullName;
  }
}
