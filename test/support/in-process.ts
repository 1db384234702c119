/**
 * A server without sockets, with a clock that tests move by hand: commands go straight to the dispatcher and their
 * replies are decoded, so a test can look at what a command left behind (encodings, heap, events) in between.
 *
 *   const redbun = new InProcess();
 *   expect(redbun.call("SET", "k", "v")).toEqual(OK);
 */

import { createConfig } from "../../src/admin/config/config";
import { LOG_NOTHING, Logger } from "../../src/admin/process/logger";
import type { CommandDefinition } from "../../src/command/command-spec";
import { ENCODING_NAMES } from "../../src/db/entry";
import { EVENT_NONE, type Keyspace } from "../../src/db/keyspace";
import { requestOf } from "../../src/resp/request";
import { createCommandTable, Server } from "../../src/server";
import { Client, type Transport } from "../../src/session/client";
import { ManualClock } from "../../src/util/clock";
import { SeededRandom } from "../../src/util/random";
import { items, type Reply, text } from "./reply";
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

/** What a client without a socket is sent, decoded. */
class Inbox implements Transport {
  readonly address = "";
  readonly localAddress = "";
  readonly fd = -1;
  readonly inputBytes = 0;
  readonly inputFree = 0;
  readonly outputBytes = 0;
  readonly outputChunks = 0;
  readonly replyBytes = 0;
  readonly memoryBytes = 0;
  readonly decoder = new ReplyDecoder();

  constructor(private readonly closed: () => void) {}

  push(bytes: Buffer): void {
    this.decoder.push(bytes);
  }

  send(source: Buffer, start: number, end: number): void {
    this.decoder.push(source.subarray(start, end));
  }

  checkOutput(): void {}
  closeAfterReply(): void {}
  resume(): void {}

  close(): void {
    this.closed();
  }
}

/** One more client of the same server: it may block, and is sent what others make ready. */
export class InProcessClient {
  readonly client: Client;
  private readonly inbox: Inbox;

  constructor(
    private readonly server: Server,
    id: number,
  ) {
    this.inbox = new Inbox(() => server.gate.clientGone(this.client));
    this.client = new Client(id, this.inbox, server.clock.monotonic(), server.acl.defaultUser, true);
    server.clients.add(this.client);
  }

  /** Runs one command; its replies are among what was received. Returns DONE or HELD. */
  send(...args: readonly Argument[]): number {
    const { dispatcher, gate } = this.server;
    dispatcher.startBatch();
    const request = requestOf(args.map(toText));
    const status = dispatcher.execute(this.client, request);
    dispatcher.endBatch(request);
    this.inbox.decoder.push(gate.reply.buf.subarray(0, gate.reply.length));
    gate.reply.truncate(0);
    return status;
  }

  /** As send, of a command split at blanks; returns what was received. */
  run(command: string): Reply[] {
    this.send(...command.split(" "));
    return this.received();
  }

  /** Replies and pushes since the last call. */
  received(): Reply[] {
    const replies: Reply[] = [];
    for (let reply = this.inbox.decoder.next(); reply !== undefined; reply = this.inbox.decoder.next()) {
      replies.push(reply);
    }
    return replies;
  }
}

function expectEnd(decoder: ReplyDecoder): void {
  if (decoder.buffered !== 0) throw new Error("an effect is more than one command");
}

function toText(arg: Argument): string | Uint8Array {
  return arg instanceof Uint8Array ? arg : String(arg);
}

export class InProcess {
  readonly clock = new ManualClock();
  readonly server: Server;
  readonly client: Client;
  readonly main: InProcessClient;

  /**
   * @param directives of redis.conf, such as { "proto-max-bulk-len": "1mb" }
   * @param more commands beside those of the server
   */
  constructor(directives: Readonly<Record<string, string>> = {}, more: CommandDefinition[] = []) {
    const config = createConfig({ changeFolder() {} });
    // Nothing is written behind a test's back.
    config.assign("save", [""]);
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
      commands: createCommandTable([more]),
    });
    this.main = this.connect();
    this.client = this.main.client;
  }

  get keyspace(): Keyspace {
    return this.server.keyspace;
  }

  /** From now on so many µs pass whenever somebody looks how much time has passed: so that slices of work end. */
  tick(micros: number): void {
    let elapsed = this.clock.monotonic();
    this.clock.monotonic = () => {
      elapsed += micros;
      return elapsed;
    };
  }

  /** One more client. The first, which `call` uses, has the id 1. */
  connect(): InProcessClient {
    return new InProcessClient(this.server, this.server.clients.nextId());
  }

  /** Runs one command and returns its reply. */
  call(...args: readonly Argument[]): Reply {
    this.main.send(...args);
    const replies = this.main.received();
    if (replies.length !== 1) throw new Error("not exactly one reply");
    return replies[0];
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

  /**
   * Notes all effects from now on in the array returned: the arguments separated by blanks, the database in front of
   * them where it is another than 0.
   */
  recordEffects(): string[] {
    const effects: string[] = [];
    this.server.propagation.attach({
      append(db, buf, start, end) {
        const decoder = new ReplyDecoder();
        decoder.push(Buffer.from(buf.subarray(start, end)));
        const command = items(decoder.next() as Reply).map(text);
        expectEnd(decoder);
        effects.push((db > 0 ? [`${db}:`, ...command] : command).join(" "));
      },
    });
    return effects;
  }

  /** Notes all keyspace events from now on in the array returned; a change that comes without one is "modified". */
  recordEvents(): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    const nameOf = (key: Uint8Array, start: number, end: number): string =>
      Buffer.from(key.subarray(start, end)).toString("latin1");
    this.keyspace.listen({
      keyChanged(_db, key, start, end, eventClass, event) {
        const name = eventClass === EVENT_NONE ? "modified" : event;
        events.push({ event: name, key: nameOf(key, start, end), eventClass, change: true });
      },
      keyEvent(_db, key, start, end, eventClass, event) {
        events.push({ event, key: nameOf(key, start, end), eventClass, change: false });
      },
      keyExpired() {},
      keyEvicted() {},
      keyCreated() {},
      keyMissed() {},
      flushing() {},
      swapping() {},
    });
    return events;
  }
}
