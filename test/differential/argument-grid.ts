/**
 * Wrong arguments, systematically: each request of the fuzz run's seeds with arguments left out, repeated, exchanged,
 * added, and put in another's place. Nearly all of them are errors, and which error comes first is what they ask.
 */

import { SEEDS } from "../fuzz/seeds";
import { parseCommand } from "./command";

/** A request, and what there is before it runs. */
export interface GridCase {
  readonly setup: readonly (readonly string[])[];
  /** Runs in a transaction: it would block. */
  readonly queued: boolean;
  readonly args: readonly string[];
}

/** What takes an argument's place. */
const VALUES = [
  ...["", "-1", "0", "1", "3", "+1", " 1", "01", "1.5", "1e3", "0x10", "nan", "inf", "-inf", "abc"],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615"],
  ...["set", "hash", "k", "missing", "list"],
  ...["*", "$", "-", "+", ">", "#0", "1-1", "1-", "0-0", "(1", "[a"],
  ...["withscores", "COUNT", "LIMIT"],
];

/** What is put behind a request. */
const ENDINGS = [
  ...[
    "extra",
    "0",
    "COUNT",
    "COUNT 1",
    "COUNT 0",
    "COUNT -1",
    "LIMIT 0 1",
    "WITHSCORES",
    "WITHVALUES",
    "GET",
    "STORE k",
  ],
  ...[
    "EX",
    "EX 10",
    "NX",
    "XX NX",
    "KEEPTTL",
    "MATCH *",
    "'' '' ''",
    "MAXLEN 1",
    "DB 1",
    "REPLACE",
    "RANK 0",
    "ABSTTL",
  ],
];

/** They are in no seed that may be changed, as another timeout might be for ever. */
const BLOCKING = [
  "BLPOP other list 0.001",
  "BRPOP list 0.001",
  "BLMOVE list other LEFT RIGHT 0.001",
  "BRPOPLPUSH other list 0.001",
  "BLMPOP 0.001 2 other list RIGHT COUNT 3",
  "WAITAOF 0 0 10",
];

const IS_BLOCKING = /^(BZ(POP|MPOP)|X.* BLOCK )/;

/** Requests that cannot be compared in this way, with the reason. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^([SHZ]RAND|RANDOMKEY|SPOP|ACL GENPASS)/i, "chance"],
  [/^(SCAN|KEYS)\b/i, "the order of keys"],
  [/^(INFO|TIME|LATENCY|SLOWLOG|MEMORY|CLIENT (ID|INFO|LIST)|MODULE HELP|LOLWUT)\b/i, "what a server is and has done"],
  [/^(COMMAND$|COMMAND (COUNT|INFO$|LIST)|ACL (CAT|HELP)|CLIENT HELP|\w+ HELP$)/i, "which commands there are"],
  [/^CONFIG GET .*(\*|port)/i, "what the test says it is"],
  [/^COMMAND DOCS/i, "a test of its own"],
  [/^(HELLO|RESET$)/i, "the version; what ends each request of the test"],
  [/^CLIENT (KILL|PAUSE|REPLY|TRACKING .*REDIRECT)/i, "ids of clients; no reply"],
  [/^(CONFIG SET|DEBUG|MIGRATE|BGREWRITEAOF|SWAPDB|ACL (SETUSER|LOAD))\b/i, "stays for the requests that follow"],
  [/^HSCAN \S* \S* NOVALUES/i, "of 7.4"],
];

const COMMON = [
  "SET k v",
  "SET n 12",
  "SET l 'a value that is longer than forty-four bytes and so not embedded'",
  "RPUSH list a b 12",
  "RPUSH other 1 2 3",
  "SADD set x",
  "HSET hash f v",
];

/** Keys that the seeds of a family mean: the same names stand for different types. */
const KEYS: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^X/i,
    [
      "XADD s 1-1 f v",
      "XADD s 5-0 f v g w",
      "XADD s2 1-1 f 1",
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s h 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    ],
  ],
  [/^PF/i, ["PFADD h a b c", "PFADD i b d"]],
  [/^GEO/i, ["GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 0 0 edge"]],
  [
    /^/,
    [
      "SADD s a b 1",
      "SADD t 1 2 3 a",
      "ZADD z 1 a 2.5 b 7 c",
      "ZADD big 1 a 2 b",
      "ZADD lex 0 a 0 b 0 c",
      "HSET h f 1 g 2 n 7",
    ],
  ],
];

/** All requests, each once. */
export function* argumentGrid(): Generator<GridCase> {
  const seen = new Set<string>();
  for (const seed of [...SEEDS, ...BLOCKING]) {
    const queued = IS_BLOCKING.test(seed) || BLOCKING.includes(seed);
    const request = parseCommand(seed).args;
    for (const args of variants(request)) {
      const line = args.join(" ");
      // What may block would wait for ever where it is not in a transaction.
      const blocks = !queued && args.some((word) => /^block$/i.test(word));
      if (seen.has(line) || blocks || LEFT_OUT.some(([pattern]) => pattern.test(line))) continue;
      seen.add(line);
      yield { setup: setupOf(args[0]), queued, args };
      // Each as it should be in a transaction, too.
      if (args === request && !queued) yield { setup: setupOf(args[0]), queued: true, args };
    }
  }
}

function setupOf(name: string): string[][] {
  const keys = KEYS.find(([pattern]) => pattern.test(name))?.[1] ?? [];
  return [...COMMON, ...keys].map((line) => [...parseCommand(line).args]);
}

function* variants(args: readonly string[]): Generator<readonly string[]> {
  yield args;
  for (let length = 1; length < args.length; length++) yield args.slice(0, length);
  for (const ending of ENDINGS) yield [...args, ...parseCommand(ending).args];
  for (let i = 1; i < args.length; i++) {
    yield args.toSpliced(i, 1);
    yield args.toSpliced(i, 0, args[i]);
    if (i + 1 < args.length) yield args.toSpliced(i, 2, args[i + 1], args[i]);
    for (const value of [...VALUES, args[i].toLowerCase()]) yield args.with(i, value);
  }
}
