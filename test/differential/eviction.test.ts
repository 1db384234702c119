/** What is refused, evicted and counted under a limit of memory, beside real Redis: as far as it does not depend on sizes. */

import { type Case, differential, matching, on } from "./harness";

/** Afterwards there is no limit, and no command was refused for lack of memory. */
const cleanup = [
  "CONFIG SET maxmemory 0 maxmemory-policy noeviction maxmemory-samples 5 maxmemory-clients 0",
  "CONFIG SET lfu-decay-time 1 lfu-log-factor 10 lazyfree-lazy-eviction no maxmemory-eviction-tenacity 10",
];

const refused: Case[] = [
  {
    name: "noeviction refuses what may need memory, and nothing else",
    commands: [
      "SET s v",
      "RPUSH l a b",
      "HSET h f v",
      "CONFIG SET maxmemory 1",
      "SET s w",
      "APPEND s w",
      "RPUSH l c",
      "HSET h f w",
      "HDEL h f",
      "LPOP l",
      "LRANGE l 0 -1",
      "INCR n",
      "EXPIRE s 100",
      "PERSIST s",
      "GETSET s x",
      "COPY s t",
      "RENAME s t",
      "GET t",
      "DEL t l",
      "SORT l STORE m",
      "BITOP NOT a b",
      "PUBLISH c m",
      "EXISTS s t l h",
    ],
    cleanup,
  },
  {
    name: "in a transaction",
    commands: [
      "SET s v",
      "MULTI",
      on("other", "CONFIG SET maxmemory 1"),
      "GET s",
      "PING",
      "SLOWLOG RESET",
      "LATENCY RESET",
      "SET s w",
      "EXEC",
      "MULTI",
      "DISCARD",
      "WATCH s",
      "UNWATCH",
      on("other", "CONFIG SET maxmemory 0"),
      "MULTI",
      "GET s",
      "SET s w",
      on("other", "CONFIG SET maxmemory 1"),
      "EXEC",
      "GET s",
      on("other", "CONFIG SET maxmemory 0"),
      "MULTI",
      "GET s",
      "STRLEN s",
      on("other", "CONFIG SET maxmemory 1"),
      "EXEC",
      "MULTI",
      "RESET",
      "GET s",
    ],
    cleanup,
  },
  {
    name: "volatile policies refuse where nothing has an expiry",
    commands: ["SET s v", "CONFIG SET maxmemory-policy volatile-ttl maxmemory 1", "SET t v", "EXISTS s t"],
    cleanup,
  },
];

const evicted: Case[] = ["allkeys-lru", "allkeys-lfu", "allkeys-random"].map((policy) => ({
  name: `${policy} empties a server whose limit is nothing`,
  commands: [
    "CONFIG RESETSTAT",
    "MSET a 1 b 2 c 3",
    `CONFIG SET maxmemory-policy ${policy} maxmemory-eviction-tenacity 100`,
    "CONFIG SET maxmemory 1",
    "GET a",
    "DBSIZE",
    matching(/\r\nevicted_keys:3\r\n/, "INFO stats"),
    "SET a 1",
  ],
  cleanup,
}));

const volatiles: Case[] = ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"].map((policy) => ({
  name: `${policy} evicts what has an expiry`,
  commands: [
    "MSET a 1 b 2",
    "SET c 3 EX 100",
    "SET d 4 EX 200",
    `CONFIG SET maxmemory-policy ${policy} maxmemory-eviction-tenacity 100`,
    "CONFIG SET maxmemory 1",
    "EXISTS c",
    "EXISTS d",
    "MGET a b c d",
    "SET e 5",
  ],
  cleanup,
}));

const bits: Case[] = [
  {
    name: "OBJECT FREQ and IDLETIME follow the policy",
    commands: [
      "SET old v",
      "OBJECT IDLETIME old",
      "OBJECT FREQ old",
      "CONFIG SET maxmemory-policy allkeys-lfu lfu-log-factor 0",
      "SET new v",
      "OBJECT FREQ new",
      "GET new",
      "GET new",
      "OBJECT FREQ new",
      "SET new w",
      "OBJECT FREQ new",
      "APPEND new x",
      "OBJECT FREQ new",
      "TOUCH new",
      "OBJECT FREQ new",
      "OBJECT IDLETIME new",
      "OBJECT FREQ missing",
      "CONFIG SET maxmemory-policy volatile-lru",
      "SET new v",
      "OBJECT IDLETIME new",
    ],
    cleanup,
  },
  {
    name: "values of the directives",
    commands: [
      "CONFIG SET maxmemory-policy allkeys-none",
      "CONFIG SET maxmemory-eviction-tenacity 101",
      "CONFIG SET maxmemory-eviction-tenacity -1",
      "CONFIG SET maxmemory-samples 0",
      "CONFIG SET lfu-decay-time -1",
      "CONFIG SET active-defrag-cycle-min 0",
      "CONFIG SET active-defrag-max-scan-fields 0",
      "CONFIG SET maxmemory-clients 101%",
      "CONFIG SET maxmemory-clients 50%",
      "CONFIG GET maxmemory-clients",
      "CLIENT NO-EVICT on",
      "CLIENT NO-EVICT off",
      "CLIENT NO-EVICT maybe",
    ],
    cleanup,
  },
];

differential("eviction", { cases: [...refused, ...evicted, ...volatiles, ...bits] });
