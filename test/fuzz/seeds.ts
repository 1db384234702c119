/**
 * What the fuzz run starts from: valid requests of every command, as lines that are split by Redis's quoting rules.
 *
 * A new command needs at least one line in SEEDS (fuzz.test.ts fails without). Give every option a line, and keys of
 * the few names used here, so that requests meet each other's data. A request that must not be changed at random, as
 * it may stop the server for long, goes to VERBATIM; one that must not be sent at all to EXCEPTIONS, with the reason.
 */

/** Requests that are sent as they are, and changed at random. */
export const SEEDS: readonly string[] = [
  // Strings.
  "APPEND k v",
  "DECR n",
  "DECRBY n 3",
  "GET k",
  "GETDEL k",
  "GETEX k",
  "GETEX k EX 100",
  "GETEX k PXAT 33177117420000",
  "GETEX k PERSIST",
  "GETRANGE k 0 -1",
  "GETSET k w",
  "INCR n",
  "INCRBY n 9223372036854775800",
  "INCRBYFLOAT n 1.5e3",
  "LCS k l",
  "LCS k l LEN",
  "LCS k l IDX MINMATCHLEN 1 WITHMATCHLEN",
  "MGET k l n",
  "MSET k v l w n 1",
  "MSETNX k v new w",
  "PSETEX k 100000 v",
  "SET k v",
  "SET k v EX 100 NX",
  "SET k v PX 100000 XX GET",
  "SET k v KEEPTTL",
  "SET n 12",
  "SET l 'a value that is longer than forty-four bytes and so not embedded'",
  "SETEX k 100 v",
  "SETNX k v",
  "SETRANGE k 5 hello",
  "STRLEN k",
  "SUBSTR k 0 3",
  // Keys.
  "COPY k l",
  "COPY k l DB 1 REPLACE",
  "DBSIZE",
  "DEL k l",
  "EXISTS k l k",
  "EXPIRE k 100",
  "EXPIRE k 100 NX",
  "EXPIREAT k 33177117420 GT",
  "EXPIRETIME k",
  "FLUSHALL ASYNC",
  "FLUSHDB SYNC",
  "KEYS *",
  "KEYS [a-l]?*",
  "MOVE k 1",
  "OBJECT ENCODING k",
  "OBJECT FREQ k",
  "OBJECT HELP",
  "OBJECT IDLETIME k",
  "OBJECT REFCOUNT k",
  "PERSIST k",
  "PEXPIRE k 100000 LT",
  "PEXPIREAT k 33177117420000 XX",
  "PEXPIRETIME k",
  "PTTL k",
  "RANDOMKEY",
  "RENAME k l",
  "RENAMENX l k",
  "SCAN 0",
  "SCAN 0 MATCH k* COUNT 10 TYPE string",
  "SWAPDB 0 1",
  "TOUCH k l",
  "TTL k",
  "TYPE k",
  "UNLINK k l",
  // Connection.
  "AUTH password",
  "AUTH default password",
  "CLIENT GETNAME",
  "CLIENT HELP",
  "CLIENT ID",
  "CLIENT INFO",
  "CLIENT KILL ID 999999",
  "CLIENT KILL 127.0.0.1:1",
  "CLIENT KILL TYPE pubsub SKIPME yes",
  "CLIENT LIST",
  "CLIENT LIST TYPE normal",
  "CLIENT LIST ID 1 2 3",
  "CLIENT NO-EVICT on",
  "CLIENT NO-TOUCH off",
  "CLIENT REPLY ON",
  "CLIENT REPLY OFF",
  "CLIENT REPLY SKIP",
  "CLIENT SETINFO LIB-NAME fuzz",
  "CLIENT SETNAME fuzz",
  "CLIENT UNBLOCK 999999 ERROR",
  "CLIENT UNPAUSE",
  "ECHO hello",
  "HELLO",
  "HELLO 3",
  "HELLO 2 AUTH default password SETNAME fuzz",
  "PING",
  "PING hello",
  "QUIT",
  "RESET",
  "SELECT 1",
  // Server.
  "COMMAND",
  "COMMAND COUNT",
  "COMMAND DOCS get set",
  "COMMAND GETKEYS mset a 1 b 2",
  "COMMAND GETKEYSANDFLAGS set k v",
  "COMMAND HELP",
  "COMMAND INFO get nosuch",
  "COMMAND LIST FILTERBY PATTERN g*",
  "COMMAND LIST FILTERBY ACLCAT read",
  "CONFIG GET maxclients port",
  "CONFIG GET *",
  "CONFIG HELP",
  "CONFIG RESETSTAT",
  "INFO",
  "INFO everything",
  "INFO server clients",
  "LOLWUT",
  "LOLWUT VERSION 5 1 1 1",
  "MEMORY DOCTOR",
  "MEMORY HELP",
  "MEMORY MALLOC-STATS",
  "MEMORY PURGE",
  "MEMORY STATS",
  "MEMORY USAGE k SAMPLES 5",
  "TIME",
];

/** Requests that are only ever sent as they are. */
export const VERBATIM: readonly string[] = [
  "CLIENT PAUSE 1",
  "CLIENT PAUSE 1 WRITE",
  "CONFIG SET hz 20",
  "CONFIG SET maxmemory-policy noeviction hz 10",
  "CONFIG REWRITE",
  "DEBUG HELP",
  "DEBUG JMAP",
  "DEBUG OBJECT k",
  "DEBUG SLEEP 0",
];

/** Commands without a seed, each with the reason. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  shutdown: "ends the server",
};

/** The commands that the lines use: names, and name|word for each second word, in lower case. */
export function seededCommands(): Set<string> {
  const names = new Set<string>();
  for (const line of [...SEEDS, ...VERBATIM]) {
    const [name, word] = line.toLowerCase().split(" ");
    names.add(name);
    if (word !== undefined) names.add(`${name}|${word}`);
  }
  return names;
}
