/**
 * Wakes clients that are blocked: runs the commands of those whose keys are ready again, and answers those whose time is
 * over or whom CLIENT UNBLOCK wakes. Who waits for what is in ../session/blocking.ts.
 *
 * A blocked command counts as one call, when it is over, with the time that all of its runs took.
 */

import { TYPE_NAMES } from "../db/entry";
import { UNBLOCKED } from "../resp/errors";
import type { ReplyWriter } from "../resp/reply-writer";
import { copyRequest, type Replacement } from "../resp/request";
import { type Blocking, type KeyQueues, type TimeoutReply, Wait } from "../session/blocking";
import type { Call } from "./call";
import type { Command } from "./command-spec";
import type { Dispatcher } from "./dispatcher";
import type { ServerContext } from "./server-context";

/** What a command waits for. */
export interface BlockOptions {
  /** Type of the values that it can use, TYPE_LIST or another. */
  type: number;
  /** Its keys are `count` arguments from argument `first` on. */
  first: number;
  count: number;
  /** ms; 0: for ever. */
  timeout: number;
  /** The reply when the time is over. */
  onTimeout: TimeoutReply;
  /** The reply where commands do not block, if it is another. Default: onTimeout. */
  unlessAllowed?: TimeoutReply;
  /** Wake it, too, when a key is deleted or becomes of another type (XREADGROUP). */
  wakeOnDelete?: boolean;
  /** Arguments that read otherwise when the command is run again: "$" becomes the ID that it stands for now. */
  rewrite?: readonly Replacement[];
}

/** Longest time that a timer of the runtime takes, ms. */
const TIMER_MAX_MS = 0x7fffffff;

export class Unblocker {
  private readonly blocking: Blocking;
  private round = 0;
  private isServing = false;
  private timer: Timer | null = null;
  /** When the timer fires at the latest, µs of the monotonic clock. */
  private wakesAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly server: ServerContext,
    private readonly dispatcher: Dispatcher,
    private readonly reply: ReplyWriter,
  ) {
    this.blocking = server.blocking;
    this.blocking.onReady = () => this.serveSoon();
    server.pause.onEnd = () => this.blocking.pauseEnded();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  // --- blocking ----------------------------------------------------------------------------------------------------

  /** Blocks the client of a call, or lets it go on waiting if it is one that was woken. */
  block(c: Call, options: BlockOptions): void {
    const { wait } = c.client;
    if (wait !== null) wait.blocked = true;
    else if (c.mayBlock) this.begin(c, options);
    else writeTimeout(c.reply, options.unlessAllowed ?? options.onTimeout);
  }

  private begin(c: Call, options: BlockOptions): void {
    const { type, first, count, timeout, onTimeout, wakeOnDelete = false, rewrite } = options;
    const request = copyRequest(c, rewrite);
    const wait = new Wait(c.client, c.command, request, type, wakeOnDelete, onTimeout, c.reply.muted);
    const deadline = timeout === 0 ? 0 : this.server.clock.monotonic() + timeout * 1000;
    this.blocking.add(wait, c.db, first, count, deadline);
    if (deadline !== 0 && deadline < this.wakesAt) this.arm(deadline);
  }

  /**
   * Runs the command of a client that waits for something else than keys again. One that waits no longer is not there to
   * get the reply, but what the command has begun is brought to an end.
   */
  resume(wait: Wait): void {
    const { client, request } = wait;
    const run = (): void => this.dispatcher.rerun(client, wait.command as Command, request);
    this.dispatcher.startBatch();
    if (client.wait === wait) {
      wait.blocked = false;
      this.answer(wait, run);
    } else {
      const { length } = this.reply;
      run();
      this.reply.truncate(length);
    }
    if (this.blocking.hasReady) this.serve();
  }

  // --- keys --------------------------------------------------------------------------------------------------------

  /** Outside a command, a key that expires for instance, nobody would ask. */
  private serveSoon(): void {
    if (this.dispatcher.isRunning || this.isServing) return;
    setImmediate(() => {
      this.dispatcher.startBatch();
      this.serve();
    });
  }

  /**
   * Serves the clients that wait for keys which are ready. A command that is run here may make more keys ready (BLMOVE):
   * they come after those that are.
   */
  serve(): void {
    if (this.isServing) return;
    this.isServing = true;
    this.dispatcher.endRun();
    for (let queues = this.blocking.takeReady(); queues !== null; queues = this.blocking.takeReady()) {
      this.round++;
      while (this.serveType(queues)) {
        // The value became of another type, or went away.
      }
    }
    this.isServing = false;
  }

  /** Serves those who can use what the key holds now. True: it does not hold that any more, and not all were asked. */
  private serveType(queues: KeyQueues): boolean {
    const { type } = queues;
    for (let place = queues.first(type); place !== null; place = place.next) {
      if (this.serveOne(place.wait, queues) && queues.type !== type) return true;
    }
    return queues.deletionCount > 0 && this.serveDeletion(queues, type);
  }

  /** Serves those who want to know that the value is not of their type any more: it is of this one. */
  private serveDeletion(queues: KeyQueues, type: number): boolean {
    for (let other = 0; other < TYPE_NAMES.length; other++) {
      if (other === type) continue;
      for (let place = queues.first(other); place !== null; place = place.next) {
        if (place.wait.wakeOnDelete && this.serveOne(place.wait, queues) && queues.type !== type) return true;
      }
    }
    return false;
  }

  /** Runs a client's command again. False if not: CLIENT PAUSE holds it, or it has had its turn, or has gone. */
  private serveOne(wait: Wait, queues: KeyQueues): boolean {
    if (wait.round === this.round || wait.client.wait !== wait) return false;
    const command = wait.command as Command;
    if (this.dispatcher.isPaused(wait.client, command)) {
      this.blocking.postpone(queues);
      return false;
    }
    wait.round = this.round;
    wait.blocked = false;
    this.answer(wait, () => this.dispatcher.rerun(wait.client, command, wait.request));
    return true;
  }

  // --- time --------------------------------------------------------------------------------------------------------

  private arm(deadline: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.wakesAt = deadline;
    const delay = Math.max(1, Math.ceil((deadline - this.server.clock.monotonic()) / 1000));
    this.timer = setTimeout(() => this.expire(), Math.min(delay, TIMER_MAX_MS));
    // A server that is embedded does not keep its program alive for this.
    this.timer.unref();
  }

  /** Answers those whose time is over. */
  expire(): void {
    this.stop();
    this.wakesAt = Number.POSITIVE_INFINITY;
    const now = this.server.clock.monotonic();
    for (let wait = this.blocking.firstDeadline; wait !== null; wait = this.blocking.firstDeadline) {
      if (wait.deadline > now) {
        this.arm(wait.deadline);
        return;
      }
      this.timeOut(wait);
    }
  }

  /** The reply of a timeout, be it over or not (CLIENT UNBLOCK). */
  timeOut(wait: Wait): void {
    wait.blocked = false;
    this.answer(wait, () => writeTimeout(this.reply, wait.timeoutReply));
    this.dispatcher.accountWait(wait, false);
  }

  /** CLIENT UNBLOCK … ERROR. */
  refuse(wait: Wait): void {
    wait.blocked = false;
    this.answer(wait, () => this.reply.error(UNBLOCKED));
    this.server.stats.countError(UNBLOCKED);
    this.dispatcher.accountWait(wait, true);
  }

  // --- replies -----------------------------------------------------------------------------------------------------

  /**
   * Has a reply written and sent to a client that waits. The writer may hold replies to the client that is being served:
   * they stay as they are.
   */
  private answer(wait: Wait, write: () => void): void {
    const { reply } = this;
    const { client } = wait;
    const { length: start, muted, resp3, errors, limit } = reply;
    reply.limit = Number.POSITIVE_INFINITY;
    reply.muted = wait.muted;
    reply.resp3 = client.protocol === 3;
    write();
    const end = reply.length;
    if (end > start) client.transport.send(reply.buf, start, end);
    if (!wait.blocked) {
      this.blocking.remove(wait);
      client.transport.resume();
    }
    reply.truncate(start);
    reply.muted = muted;
    reply.resp3 = resp3;
    reply.errors = errors;
    reply.limit = limit;
  }
}

function writeTimeout(reply: ReplyWriter, kind: TimeoutReply): void {
  if (kind === "null") reply.null();
  else if (kind === "nullArray") reply.nullArray();
  else kind();
}
