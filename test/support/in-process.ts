/**
 * A server without sockets, with a clock that tests move by hand: commands go straight to the dispatcher and their
 * replies are decoded, so a test can look at what a command left behind (encodings, heap, events) in between.
 *
 *   const redbun = new InProcess();
 *   expect(redbun.call("SET", "k", "v")).toEqual(OK);
 */

import { createConfig } from "../../src/admin/config/config";
import { LOG_NOTHING, Logger } from "../../src/admin/process/logger";
import { ENCODING_NAMES } from "../../src/db/entry";
import type { Keyspace } from "../../src/db/keyspace";
import { requestOf } from "../../src/resp/request";
import { Server } from "../../src/server";
import { Client, type Transport } from "../../src/session/client";
import { ManualClock } from "../../src/util/clock";
import { SeededRandom } from "../../src/util/random";
import type { Reply } from "./reply";
import { ReplyDecoder } from "./reply-decoder";

/** Text (latin1), a number, or bytes. */
export type Argument = string | number | bigint | Uint8Array;

/** A keyspace event as the hook got it. */
export interface RecordedEvent {
  readonly event: string;
  readonly key: string;
  readonly eventClass: number;
  /** Whether it was the announcement of a change, not a further event of one. */
  readonly change: boolean;
}

const NO_TRANSPORT: Transport = {
  address: "",
  localAddress: "",
  fd: -1,
  inputBytes: 0,
  inputFree: 0,
  outputBytes: 0,
  outputChunks: 0,
  replyBytes: 0,
  memoryBytes: 0,
  push() {},
  checkOutput() {},
  closeAfterReply() {},
  close() {},
  resume() {},
};

export class InProcess {
  readonly clock = new ManualClock();
  readonly server: Server;
  readonly client: Client;
  private readonly decoder = new ReplyDecoder();

  /** @param directives of redis.conf, such as { "proto-max-bulk-len": "1mb" } */
  constructor(directives: Readonly<Record<string, string>> = {}) {
    const config = createConfig({ changeFolder() {} });
    for (const [name, value] of Object.entries(directives)) config.assign(name, [value]);
    const log = new Logger(this.clock);
    log.level = LOG_NOTHING;
    this.server = new Server({
      config,
      log,
      clock: this.clock,
      random: new SeededRandom(1),
      executable: "redbun",
      configFile: "",
    });
    this.client = new Client(1, NO_TRANSPORT, 0, true);
    this.server.clients.add(this.client);
  }

  get keyspace(): Keyspace {
    return this.server.keyspace;
  }

  /** Runs one command and returns its reply. */
  call(...args: readonly Argument[]): Reply {
    const { dispatcher, gate } = this.server;
    const texts = args.map((arg) => (arg instanceof Uint8Array ? arg : String(arg)));
    dispatcher.startBatch();
    dispatcher.execute(this.client, requestOf(texts));
    this.decoder.push(gate.reply.buf.subarray(0, gate.reply.length));
    gate.reply.truncate(0);
    const reply = this.decoder.next();
    if (reply === undefined || this.decoder.buffered > 0) throw new Error("not exactly one reply");
    return reply;
  }

  /** Runs commands, split at blanks; returns the reply to the last. */
  run(...commands: readonly string[]): Reply {
    const replies = commands.map((command) => this.call(...command.split(" ")));
    return replies[replies.length - 1];
  }

  // --- behind the commands -----------------------------------------------------------------------------------------

  /** The entry of a key in the selected database, 0 if there is none; no access, and expired ones are found too. */
  entry(key: string): number {
    const bytes = Buffer.from(key, "latin1");
    return this.keyspace.databases[this.client.database].find(bytes, 0, bytes.length);
  }

  /** What OBJECT ENCODING says of a string key, "" if there is none. */
  encoding(key: string): string {
    const ref = this.entry(key);
    return ref === 0 ? "" : ENCODING_NAMES[this.keyspace.entries.encoding(ref)];
  }

  /** Expiry in ms since the epoch, -1 without one. */
  expireAt(key: string): number {
    return this.keyspace.entries.expireAt(this.entry(key));
  }

  /** Notes all keyspace events from now on in the array returned. */
  recordEvents(): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    const { keyspace } = this;
    const before = keyspace.hooks;
    const text = (key: Uint8Array, start: number, end: number): string =>
      Buffer.from(key.subarray(start, end)).toString("latin1");
    keyspace.hooks = {
      keyChanged(db, key, start, end, eventClass, event) {
        events.push({ event, key: text(key, start, end), eventClass, change: true });
        before?.keyChanged(db, key, start, end, eventClass, event);
      },
      keyEvent(db, key, start, end, eventClass, event) {
        events.push({ event, key: text(key, start, end), eventClass, change: false });
        before?.keyEvent(db, key, start, end, eventClass, event);
      },
      keyExpired(db, key, start, end) {
        before?.keyExpired(db, key, start, end);
      },
      databaseChanged(id) {
        before?.databaseChanged(id);
      },
    };
    return events;
  }
}
