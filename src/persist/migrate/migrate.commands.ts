/**
 * MIGRATE: sends keys to another server by RESTORE, and deletes here what has arrived there.
 *
 * Redis stops until the other server has answered. Here only the client waits that has called: other clients go on, and
 * may change keys that are under way. The command is run in steps, again each time that answers have come. A key that is
 * as it was sent is deleted then. One that has changed meanwhile is sent again, and one that is gone is deleted there, in
 * another round, for as long as the other server answers. So whenever MIGRATE says OK, each key is there and not here, as
 * it was last.
 *
 * In a transaction, which is one step, the server stops as Redis does.
 */

import type { Call } from "../../command/call";
import { type CommandDefinition, keyAt, MOVABLE_KEYS, WRITE } from "../../command/command-spec";
import type { Database } from "../../db/database";
import { EVENT_GENERIC } from "../../db/keyspace";
import type { KeyspaceHooks } from "../../db/keyspace-hooks";
import * as errors from "../../resp/errors";
import type { Wait } from "../../session/blocking";
import { copyOfRange, latin1 } from "../../util/bytes";
import { dumpValue } from "../rdb/dump";
import { exchangeNow } from "./exchange-now";
import { type ExchangeResult, type LinkFailure, MigrationLink, type MigrationLinks } from "./migration-link";

const DEFAULT_TIMEOUT_MS = 1000;

/** What a call says. */
interface MigrateOptions {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly timeoutMs: number;
  readonly copy: boolean;
  readonly replace: boolean;
  /** AUTH with its arguments, or nothing. */
  readonly auth: readonly Buffer[];
  /** Arguments that are keys: from the first to the last. */
  readonly firstKey: number;
  readonly lastKey: number;
}

/** A key that is under way. */
interface Parcel {
  readonly key: Buffer;
  /** It is not any more what was sent. */
  changed: boolean;
}

/** One call of MIGRATE: what it has sent, and what has come back. */
export class Migration implements KeyspaceHooks {
  result: ExchangeResult = { replies: [], failure: null, timedOut: false };
  parcels: Parcel[] = [];
  /** Replies that come before those to the keys: to AUTH and SELECT. */
  preamble = 0;
  private byKey = new Map<string, Parcel>();
  link: MigrationLink | null = null;
  /** A round after the first: what is there may be overwritten. */
  again = false;
  /** Keys that have arrived, and were deleted here. */
  readonly moved: Buffer[] = [];
  /** The first thing that the other server did not like. */
  refusal: string | null = null;

  constructor(
    readonly options: MigrateOptions,
    readonly db: Database,
  ) {}

  send(parcels: Parcel[]): void {
    this.parcels = parcels;
    this.byKey = new Map(parcels.map((parcel) => [parcel.key.toString("latin1"), parcel]));
  }

  // --- changes meanwhile -------------------------------------------------------------------------------------------

  keyChanged(db: Database, key: Uint8Array, start: number, end: number): void {
    if (db !== this.db) return;
    const parcel = this.byKey.get(latin1(key, start, end));
    if (parcel !== undefined) parcel.changed = true;
  }

  keyEvent(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyChanged(db, key, start, end);
  }

  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyChanged(db, key, start, end);
  }

  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyChanged(db, key, start, end);
  }

  flushing(db: Database): void {
    if (db === this.db) this.allChanged();
  }

  swapping(a: Database, b: Database): void {
    if (a === this.db || b === this.db) this.allChanged();
  }

  private allChanged(): void {
    for (const parcel of this.parcels) parcel.changed = true;
  }

  keyCreated(): void {}
  keyMissed(): void {}
}

/** The migrations of a server. */
export class Migrations {
  /** The migration whose answers have come, while its command is run again. */
  resumed: Migration | null = null;

  constructor(readonly links: MigrationLinks) {}
}

// --- arguments -------------------------------------------------------------------------------------------------------

const HOST = 1;
const PORT = 2;
const KEY = 3;
const DATABASE = 4;
const TIMEOUT = 5;
const OPTIONS = 6;

function parse(c: Call): MigrateOptions {
  let copy = false;
  let replace = false;
  let auth: Buffer[] = [];
  let firstKey = KEY;
  let lastKey = KEY;
  for (let i = OPTIONS; i < c.argc && !c.failed; i++) {
    const left = c.argc - 1 - i;
    if (c.is(i, "copy")) copy = true;
    else if (c.is(i, "replace")) replace = true;
    else if (c.is(i, "auth") && left >= 1) auth = [argument(c, ++i)];
    else if (c.is(i, "auth2") && left >= 2) auth = [argument(c, ++i), argument(c, ++i)];
    else if (c.is(i, "keys")) {
      if (c.size(KEY) !== 0) c.fail(errors.MIGRATE_KEY_NOT_EMPTY);
      firstKey = i + 1;
      lastKey = c.argc - 1;
      break;
    } else c.syntaxError();
  }
  const timeout = c.integer(TIMEOUT);
  const database = c.integer(DATABASE);
  return {
    host: Buffer.from(argument(c, HOST)).toString(),
    port: Number.parseInt(c.text(PORT), 10) || 0,
    database,
    timeoutMs: timeout <= 0 ? DEFAULT_TIMEOUT_MS : timeout,
    copy,
    replace,
    auth,
    firstKey,
    lastKey,
  };
}

function argument(c: Call, i: number): Buffer {
  return copyOfRange(c.buf, c.starts[i], c.ends[i]);
}

// --- the command -----------------------------------------------------------------------------------------------------

/** MIGRATE host port key|"" database timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key …] */
function migrate(c: Call): void {
  const { migrations } = c.server;
  const { resumed } = migrations;
  if (resumed !== null) {
    migrations.resumed = null;
    answered(c, resumed);
    return;
  }
  const options = parse(c);
  if (c.failed) return;
  const parcels: Parcel[] = [];
  for (let i = options.firstKey; i <= options.lastKey; i++) {
    if (c.read(i) !== 0) parcels.push({ key: argument(c, i), changed: false });
  }
  if (parcels.length === 0) c.reply.simple("NOKEY");
  else if (!c.mayBlock) sendNow(c, new Migration(options, c.db), parcels);
  else send(c, new Migration(options, c.db), parcels);
}

/** Sends keys as they are now, and has the client wait for the answers. */
function send(c: Call, migration: Migration, parcels: Parcel[]): void {
  migration.send(parcels);
  const commands = parcels.map(({ key }) => transfer(c, migration, key));
  c.block({ type: 0, first: 0, count: 0, timeout: 0, onTimeout: "nullArray" });
  c.db.keyspace.listen(migration);
  const { server, client } = c;
  const wait = client.wait as Wait;
  void exchange(server.migrations.links, migration, commands).then(() => {
    migration.db.keyspace.unlisten(migration);
    server.migrations.resumed = migration;
    server.unblocker.resume(wait);
    if (server.migrations.resumed === migration) abandon(server.migrations, migration);
  });
}

/** Sends keys and stands still until the answers have come. */
function sendNow(c: Call, migration: Migration, parcels: Parcel[]): void {
  migration.send(parcels);
  const commands = parcels.map(({ key }) => transfer(c, migration, key));
  const { host, port, timeoutMs } = migration.options;
  const chunks = withPreamble(migration, -1, commands).flat();
  const replies = migration.preamble + commands.length;
  const tls = c.server.migrations.links.tls();
  migration.result = exchangeNow({ host, port, limitMs: timeoutMs, tls, chunks, replies });
  answered(c, migration);
}

/** The command was not let run again (somebody has set a password meanwhile): what has arrived stays here, too. */
function abandon(migrations: Migrations, { link }: Migration): void {
  migrations.resumed = null;
  if (link !== null) migrations.links.drop(link);
}

/** The command that brings a key to the other server, or deletes it there if it is gone here. */
function transfer(c: Call, { db, options, again }: Migration, key: Buffer): Uint8Array[] {
  const { keyspace } = db;
  const { entries } = keyspace;
  const ref = db.find(key, 0, key.length);
  if (ref === 0 || db.isExpired(ref)) return encode([Buffer.from("DEL"), key]);
  const expires = entries.hasExpiry(ref);
  const ttl = expires ? Math.max(1, entries.expireAt(ref) - c.server.clock.now()) : 0;
  const payload = dumpValue(c.server.persistence.codecs, ref, c.server.config.rdbcompression);
  const words: Uint8Array[] = [
    Buffer.from("RESTORE"),
    key,
    Buffer.from(String(ttl)),
    payload.buf.subarray(0, payload.length),
  ];
  return encode(options.replace || again ? [...words, Buffer.from("REPLACE")] : words);
}

function encode(words: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) chunks.push(Buffer.from(`$${word.length}\r\n`), word, CRLF);
  // Small pieces together: each is a write to the socket.
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0) <= JOIN_BYTES ? [Buffer.concat(chunks)] : chunks;
}

const CRLF = Buffer.from("\r\n");
const JOIN_BYTES = 64 * 1024;

/** Sends commands over a connection of the migration's own, and a second time where the first may have been stale. */
async function exchange(links: MigrationLinks, migration: Migration, commands: Uint8Array[][]): Promise<void> {
  migration.result = await attempt(links, migration, commands);
  const { failure, timedOut, replies } = migration.result;
  if (failure === null || failure === "connecting" || timedOut || replies.length > migration.preamble) return;
  migration.result = await attempt(links, migration, commands);
}

async function attempt(links: MigrationLinks, migration: Migration, commands: Uint8Array[][]): Promise<ExchangeResult> {
  const { host, port, timeoutMs, database } = migration.options;
  const link = migration.link ?? (await links.take(host, port, timeoutMs));
  if (!(link instanceof MigrationLink)) return { replies: [], failure: link, timedOut: false };
  migration.link = link;
  const all = withPreamble(migration, link.database, commands);
  const result = await link.exchange(all.flat(), all.length, timeoutMs);
  link.database = result.failure === null ? database : -1;
  if (result.failure !== null) {
    links.drop(link);
    migration.link = null;
  }
  return result;
}

/** The commands with AUTH and SELECT before them, where they are needed. */
function withPreamble(migration: Migration, selected: number, commands: Uint8Array[][]): Uint8Array[][] {
  const { auth, database } = migration.options;
  const before: Uint8Array[][] = [];
  if (auth.length > 0 && !migration.again) before.push(encode([Buffer.from("AUTH"), ...auth]));
  if (selected !== database) before.push(encode([Buffer.from("SELECT"), Buffer.from(String(database))]));
  migration.preamble = before.length;
  return [...before, ...commands];
}

// --- answers ---------------------------------------------------------------------------------------------------------

/** Answers have come: deletes what has arrived, sends what has changed meanwhile, or replies. */
function answered(c: Call, migration: Migration): void {
  const left: Parcel[] = [];
  const { parcels, preamble, options } = migration;
  const { replies, failure } = migration.result;
  const refusal = replies.slice(0, preamble).find((reply) => reply !== null);
  parcels.forEach((parcel, i) => {
    const reply = replies[preamble + i];
    if (reply === undefined) return;
    if (refusal !== undefined || reply !== null) migration.refusal ??= refusal ?? reply;
    else if (!options.copy && parcel.changed) left.push({ key: parcel.key, changed: false });
    else if (!options.copy) remove(migration, parcel.key);
  });
  // One that has gone meanwhile cannot be told of another round: what has changed stays.
  if (left.length > 0 && failure === null && c.client.wait !== null) {
    migration.again = true;
    propagate(c, migration);
    send(c, migration, left);
    return;
  }
  finish(c, migration, failure);
}

/** Deletes a key that is at the other server now. A second time, if it was named twice, it is gone. */
function remove(migration: Migration, key: Buffer): void {
  const { db } = migration;
  const ref = db.find(key, 0, key.length);
  if (ref === 0) return;
  db.detachFound();
  db.keyspace.freeEntry(ref);
  migration.moved.push(key);
  db.keyspace.changed(db, key, 0, key.length, EVENT_GENERIC, "del");
}

/** What was deleted is propagated as DEL, whatever becomes of the rest. */
function propagate(c: Call, { db, moved }: Migration): void {
  c.propagateNothing();
  if (c.isPropagated && moved.length > 0) {
    const effect = c.server.propagation.begin(db.id, moved.length + 1);
    effect.bulkText("DEL");
    for (const key of moved) effect.bulk(key, 0, key.length);
  }
  moved.length = 0;
}

function finish(c: Call, migration: Migration, failure: LinkFailure | null): void {
  const { options, link, refusal } = migration;
  propagate(c, migration);
  if (link !== null) {
    if (refusal !== null) link.database = -1;
    c.server.migrations.links.give(options.host, options.port, link);
    migration.link = null;
  }
  if (refusal !== null) c.fail(errors.migrateRefused(refusal));
  else if (failure === "connecting") c.fail(errors.MIGRATE_NO_CONNECTION);
  else if (failure !== null) c.fail(errors.migrateBroken(failure));
  else c.reply.ok();
}

export const migrateCommands: CommandDefinition[] = [
  {
    name: "migrate",
    arity: -6,
    flags: WRITE | MOVABLE_KEYS,
    categories: "keyspace dangerous",
    keys: [
      keyAt(3, "RW access delete"),
      {
        flags: ["RW", "access", "delete", "incomplete"],
        begin: { keyword: "KEYS", from: -2 },
        find: { last: -1, step: 1, limit: 0 },
      },
    ],
    tips: ["nondeterministic_output"],
    handler: migrate,
  },
];
