/**
 * DEBUG: what tests of Redis and of clients use to look inside, and to bring about what else takes long or never
 * happens. Only where enable-debug-command allows it.
 *
 * As in Redis this is one command to COMMAND and ACL: it resolves its subcommands itself.
 */

import type { Call } from "../../command/call";
import { ADMIN, type CommandDefinition, LOADING, NOSCRIPT, PROTECTED, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { ENCODING_NAMES, ENCODING_QUICKLIST } from "../../db/entry";
import type { Dict } from "../../memory/dict";
import { dumpValue, PAYLOAD_FOOTER_BYTES } from "../../persist/rdb/dump";
import {
  GENERIC,
  NO_SAVE,
  NO_SUCH_KEY,
  NOT_POSITIVE,
  RELOAD_FAILED,
  RELOAD_OPTIONS,
  subcommandSyntax,
} from "../../resp/errors";
import { isShared, SHARED_REFERENCES } from "../../types/key/key-object.commands";
import { listsOf } from "../../types/list/list";
import { describeQuicklist } from "../../types/list/list-value-tools";
import { globMatch } from "../../util/glob";
import { parseMemoryExact } from "../../util/memory-units";
import { anyInteger } from "../arguments";
import { rewriteConfigFile } from "../config/rewrite";
import { Digest, digestAll, digestValue } from "./digest";
import { DEBUG_HELP } from "./help";
import { populate } from "./populate";
import { replySample } from "./protocol";
import { valueTools } from "./value-tools";

/** STRINGMATCH-TEST: bytes of a pattern and of a text, below this one; and how many pairs of them. */
const MATCH_BYTES = 32;
const MATCH_ALPHABET = 128;
const MATCH_ROUNDS = 100_000;

// --- data ------------------------------------------------------------------------------------------------------------

function object(c: Call): void {
  const ref = c.db.find(c.buf, c.starts[2], c.ends[2]);
  if (ref === 0) {
    c.fail(NO_SUCH_KEY);
    return;
  }
  const { entries, access } = c.db.keyspace;
  const lru = entries.lru(ref);
  const isQuicklist = entries.encoding(ref) === ENCODING_QUICKLIST;
  const details = isQuicklist ? describeQuicklist(c.db.keyspace, ref, c.server.config.listMaxListpackSize) : "";
  c.reply.simple(
    `Value at:0x${(ref * 8).toString(16)} refcount:${isShared(c, ref) ? SHARED_REFERENCES : 1} ` +
      `encoding:${ENCODING_NAMES[entries.encoding(ref)]} serializedlength:${serializedLength(c, ref)} ` +
      `lru:${lru} lru_seconds_idle:${access.lfu ? 0 : access.idleSeconds(lru)}${details}`,
  );
}

/** Bytes of the value in an RDB file, without its type. */
function serializedLength(c: Call, ref: number): number {
  const { config, persistence } = c.server;
  return dumpValue(persistence.codecs, ref, config.rdbcompression).length - PAYLOAD_FOOTER_BYTES - 1;
}

/** RELOAD [MERGE] [NOFLUSH] [NOSAVE]: saves, empties the keyspace and loads the file, as a restart would. */
function reload(c: Call): void {
  let merge = false;
  let flush = true;
  let save = true;
  for (let i = 2; i < c.argc; i++) {
    if (c.is(i, "merge")) merge = true;
    else if (c.is(i, "noflush")) flush = false;
    else if (c.is(i, "nosave")) save = false;
    else c.fail(RELOAD_OPTIONS);
  }
  if (c.failed) return;
  const { persistence, keyspace, log } = c.server;
  if (save && !persistence.save()) {
    c.fail(GENERIC);
    return;
  }
  if (flush) {
    const { dirty } = keyspace;
    keyspace.flush(-1, false);
    keyspace.dirty = dirty;
  }
  if (persistence.loadNow({ replace: merge, keepExpired: false }) !== "loaded") {
    c.fail(RELOAD_FAILED);
    return;
  }
  log.notice("DB reloaded by DEBUG RELOAD");
  c.reply.ok();
}

/** LOADAOF: writes and loads the append-only file again, as a restart would. */
function loadAof(c: Call): void {
  const { aof, keyspace, log } = c.server;
  aof.out.flush(true);
  keyspace.flush(-1, false);
  const result = aof.reload();
  if (result !== "loaded" && result !== "empty") {
    // As after a start that failed, the data is not what it should be.
    aof.fail();
    return;
  }
  keyspace.dirty = 0;
  log.notice("Append Only File loaded by DEBUG LOADAOF");
  c.reply.ok();
}

/** KILL-SAVE: what kill -9 of its child process is to Redis. The BGSAVE or rewrite that is going on fails. */
function killSave(c: Call): void {
  const { aof, persistence } = c.server;
  if (!persistence.savesInBackground) {
    c.fail(NO_SAVE);
    return;
  }
  persistence.bgsave?.kill();
  aof.killRewrite();
  c.reply.ok();
}

/** AOF-FLUSH-SLEEP microseconds: the pause before each write to the append-only file. */
function aofFlushSleep(c: Call): void {
  c.server.aof.out.flushSleep = leadingInteger(c.text(2));
  c.reply.ok();
}

function digest(c: Call): void {
  c.reply.simple(digestAll(c.server.keyspace).toString());
}

function digestValues(c: Call): void {
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    const sum = new Digest();
    const ref = c.db.find(c.buf, c.starts[i], c.ends[i]);
    if (ref !== 0) digestValue(c.db.keyspace, ref, sum);
    c.reply.simple(sum.toString());
  }
}

const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

function populateKeys(c: Call): void {
  const count = positive(c, 2);
  const size = c.argc > 4 ? positive(c, 4) : 0;
  if (c.failed) return;
  populate(c.db, count, c.argc > 3 ? c.text(3) : "key", size);
  c.reply.ok();
}

function positive(c: Call, i: number): number {
  const value = anyInteger(c, i, NOT_POSITIVE);
  if (value < 0 || value > INTEGER_MAX) c.fail(NOT_POSITIVE);
  return value;
}

function hashTableStats(c: Call): void {
  const id = anyInteger(c, 2);
  if (c.failed) return;
  const db = c.server.keyspace.databases[id];
  if (db === undefined) {
    c.fail("ERR Out of range database");
    return;
  }
  const { index } = db;
  const expires = index.flagged === 0 ? NO_STATS : ` number of elements: ${index.flagged}\n`;
  c.reply.verbatim(`[Dictionary HT]\n${dictStats(index)}[Expires HT]\n${expires}`, "txt");
}

const NO_STATS = "No stats available for empty dictionaries\n";

function dictStats(dict: Dict): string {
  if (dict.size === 0) return NO_STATS;
  return (
    "Hash table 0 stats (main hash table):\n" +
    ` table size: ${dict.slots}\n number of elements: ${dict.size}\n` +
    ` segments: ${dict.segments}\n segment bytes: ${dict.segmentBytes}\n` +
    ` directory size: ${dict.directorySize}\n`
  );
}

function hashTableStatsOfKey(c: Call): void {
  const { keyspace } = c.db;
  const ref = c.read(2);
  if (ref === 0) {
    c.fail(NO_SUCH_KEY);
    return;
  }
  const dict = valueTools(keyspace, ref).table?.(keyspace, ref) ?? null;
  if (dict === null) c.fail("ERR The value stored at the specified key is not represented using an hash table");
  else c.reply.verbatim(dictStats(dict), "txt");
}

/** Elements of this length and more become nodes of their own, in lists that are quicklists. */
function quicklistPackedThreshold(c: Call): void {
  const bytes = parseMemoryExact(c.text(2));
  if (bytes === null || bytes > PACKED_THRESHOLD_MAX) {
    c.fail("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    return;
  }
  listsOf(c.server.keyspace).plainFrom = Number(bytes);
  c.reply.ok();
}

const PACKED_THRESHOLD_MAX = 2n ** 32n - 2n ** 20n;

// --- server ----------------------------------------------------------------------------------------------------------

/** The integer that a text begins with, else 0: as C's atoi. */
function leadingInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? 0 : value;
}

function setActiveExpire(c: Call): void {
  c.server.expireCycle.enabled = leadingInteger(c.text(2)) !== 0;
  c.reply.ok();
}

function pauseCron(c: Call): void {
  c.server.cronIsPaused = leadingInteger(c.text(2)) !== 0;
  c.reply.ok();
}

function setSkipChecksums(c: Call): void {
  c.server.persistence.skipChecksums = leadingInteger(c.text(2)) !== 0;
  c.reply.ok();
}

/** Stops everything, as a command that takes so long would. */
function sleep(c: Call): void {
  const seconds = Number.parseFloat(c.text(2));
  if (seconds > 0) Bun.sleepSync(seconds * 1000);
  c.reply.ok();
}

/**
 * DEBUG REPLYBUFFER RESIZING: Redis's tests ask that clients' reply buffers keep their size for a while. Here all clients
 * share one, so nothing of a client changes by itself either way.
 */
function replyBuffer(c: Call): void {
  if (c.is(2, "resizing")) anyInteger(c, 3);
  else c.fail(subcommandSyntax("DEBUG", c.text(1)));
  if (!c.failed) c.reply.ok();
}

function logMessage(c: Call): void {
  c.server.log.warning(`DEBUG LOG: ${c.text(2)}`);
  c.reply.ok();
}

function replyError(c: Call): void {
  c.fail(c.text(2));
}

/** STRINGMATCH-TEST: random bytes as patterns and texts. What goes wrong ends in the reply of a command that has failed. */
function stringMatchTest(c: Call): void {
  const { random } = c.server;
  const bytes = Buffer.alloc(2 * MATCH_BYTES);
  for (let round = 0; round < MATCH_ROUNDS; round++) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(MATCH_ALPHABET);
    const pattern = random.below(MATCH_BYTES);
    globMatch(bytes, 0, pattern, bytes, MATCH_BYTES, MATCH_BYTES + random.below(MATCH_BYTES), false);
  }
  c.reply.simple("Apparently Redis did not crash: test passed");
}

function rewriteAll(c: Call): void {
  const refusal = rewriteConfigFile(c.server.config, { all: true });
  if (refusal === null) {
    c.reply.ok();
    return;
  }
  // Without a file Redis passes no path to the system, which calls that a bad address.
  const reason = c.server.config.configFile === "" ? "Bad address" : refusal.slice(refusal.indexOf(": ") + 2);
  c.fail(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${reason}`);
}

/** Ends the process as a fault does: with a report in the log, by a signal, and nothing tidied up. */
function crash(reason: string, signal: NodeJS.Signals): (c: Call) => void {
  return (c) => c.server.crash(reason, signal);
}

// --- table -----------------------------------------------------------------------------------------------------------

interface Subcommand {
  /** Numbers of arguments, DEBUG itself included. */
  readonly from: number;
  readonly to: number;
  readonly run: (c: Call) => void;
}

function exactly(count: number, run: (c: Call) => void): Subcommand {
  return { from: count, to: count, run };
}

const ANY = Number.POSITIVE_INFINITY;

const SUBCOMMANDS = new Map<string, Subcommand>([
  ["assert", { from: 2, to: ANY, run: crash("=== ASSERTION FAILED === '1 == 2' is not true", "SIGABRT") }],
  ["config-rewrite-force-all", exactly(2, rewriteAll)],
  ["digest", exactly(2, digest)],
  ["digest-value", { from: 2, to: ANY, run: digestValues }],
  ["error", exactly(3, replyError)],
  ["help", exactly(2, (c) => replyHelp(c, DEBUG_HELP))],
  ["htstats", exactly(3, hashTableStats)],
  ["htstats-key", exactly(3, hashTableStatsOfKey)],
  ["log", exactly(3, logMessage)],
  ["object", exactly(3, object)],
  ["panic", { from: 2, to: ANY, run: crash("Guru Meditation: called by DEBUG PANIC", "SIGABRT") }],
  ["pause-cron", exactly(3, pauseCron)],
  ["populate", { from: 3, to: 5, run: populateKeys }],
  ["protocol", exactly(3, replySample)],
  ["quicklist-packed-threshold", exactly(3, quicklistPackedThreshold)],
  ["aof-flush-sleep", { from: 3, to: 3, run: aofFlushSleep }],
  ["kill-save", exactly(2, killSave)],
  ["loadaof", { from: 2, to: 2, run: loadAof }],
  ["reload", { from: 2, to: ANY, run: reload }],
  ["replybuffer", exactly(4, replyBuffer)],
  ["segfault", { from: 2, to: ANY, run: crash("crashed by signal: 11", "SIGSEGV") }],
  ["set-active-expire", exactly(3, setActiveExpire)],
  ["set-skip-checksum-validation", exactly(3, setSkipChecksums)],
  ["sleep", exactly(3, sleep)],
  ["stringmatch-test", exactly(2, stringMatchTest)],
]);

function debug(c: Call): void {
  const subcommand = SUBCOMMANDS.get(c.text(1).toLowerCase());
  if (subcommand === undefined || c.argc < subcommand.from || c.argc > subcommand.to) {
    c.fail(subcommandSyntax("DEBUG", c.text(1)));
  } else {
    subcommand.run(c);
  }
}

export const debugCommands: CommandDefinition[] = [
  { name: "debug", arity: -2, flags: ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED, categories: "", handler: debug },
];
