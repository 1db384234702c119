/** The connection commands beside real Redis: handshake, authentication, databases, and CLIENT. */

import {
  type Case,
  cmd,
  differential,
  errorPrefix,
  ignore,
  matching,
  on,
  type Step,
  sameShape,
  sameType,
  silent,
} from "./harness";

const COMMANDS = ["ping", "echo", "auth", "select", "quit", "reset", "client"];
const CLIENT_COMMANDS = [
  "id",
  "getname",
  "setname",
  "info",
  "list",
  "kill",
  "reply",
  "no-evict",
  "pause",
  "unpause",
  "nosuch",
  "help",
];

const arity: Case[] = [
  ...COMMANDS.filter((name) => name !== "quit").map((name): Case => [`${name}`, `${name} a b c d e`]),
  ...CLIENT_COMMANDS.filter((name) => !["list", "kill", "help"].includes(name)).map(
    (name): Case => [errorPrefix(`client ${name} a b c d e f`), `CLIENT ${name.toUpperCase()} a b c d e`],
  ),
  ["CLIENT SETNAME", "CLIENT NO-EVICT", "CLIENT PAUSE", "CLIENT KILL", "CLIENT REPLY", "CLIENT ID x", "CLIENT INFO x"],
];

const hello: Case[] = [
  [sameShape("HELLO"), sameShape("HELLO 3"), "GET missing", sameShape("HELLO 2"), "GET missing", sameShape("HELLO")],
  ["HELLO 1", "HELLO 4", "HELLO abc", "HELLO -3", 'HELLO ""', "HELLO 3.0", "HELLO 99999999999999999999"],
  ["HELLO 3 SETNAME", "HELLO 3 AUTH", "HELLO 3 AUTH default", "HELLO 3 NOSUCH", "HELLO 3 SETNAME a NOSUCH", "PING"],
  [sameShape("HELLO 3 SETNAME me"), "CLIENT GETNAME", sameShape('HELLO 2 setname ""'), "CLIENT GETNAME"],
  ['HELLO 3 SETNAME "a b"', "CLIENT GETNAME", "HELLO 3 AUTH nosuch wrong", sameShape("HELLO 2 AUTH default any")],
  [sameShape("HELLO 3 AUTH default any SETNAME both"), "CLIENT GETNAME", "HELLO NOSUCH", "HELLO AUTH a b"],
];

const auth: Case[] = [
  ["AUTH any", "AUTH default any", "AUTH nosuch any", "AUTH a b c", 'AUTH ""'],
  {
    name: "with a password: what is refused before AUTH and what is not",
    commands: [
      "CONFIG SET requirepass secret",
      on("new", "PING"),
      on("new", "GET k"),
      on("new", "NOSUCH"),
      on("new", "GET"),
      on("new", errorPrefix("HELLO 2")),
      on("new", "AUTH wrong"),
      on("new", "AUTH default wrong"),
      on("new", "AUTH nosuch secret"),
      on("new", "AUTH secret"),
      on("new", "GET k"),
      on("new", "RESET"),
      on("new", "GET k"),
      on("new", sameShape("HELLO 2 AUTH default secret")),
      on("new", "PING"),
      on("new", "AUTH default secret"),
      on("third", "RESET"),
      on("third", "QUIT"),
      on("third", "PING"),
    ],
    cleanup: ['CONFIG SET requirepass ""'],
    // A connection under requirepass cannot start with HELLO 3, as the harness does for RESP3.
    protocols: [2],
  },
];

const state: Case[] = [
  ["SELECT 3", "SET k 3", "RESET", "EXISTS k", "SELECT 3", "GET k"],
  ["CLIENT SETNAME me", "RESET", "CLIENT GETNAME", "PING"],
  ["QUIT", "PING"],
  ["PING", 'PING ""', "PING hello", "ECHO hello", cmd("ECHO", "\x00\xff\r\n")],
  ["CLIENT GETNAME", "CLIENT SETNAME name", "CLIENT GETNAME", 'CLIENT SETNAME ""', "CLIENT GETNAME"],
  [
    'CLIENT SETNAME "a b"',
    'CLIENT SETNAME "a\\nb"',
    'CLIENT SETNAME "\\xff"',
    cmd("CLIENT", "SETNAME", "a".repeat(200)),
  ],
  [
    sameType("CLIENT ID"),
    matching(/^id=\d+ addr=/, "CLIENT INFO"),
    matching(/ name= .* db=0 .* resp=\d/, "CLIENT INFO"),
  ],
  ["CLIENT SETNAME x", "SELECT 7", matching(/ name=x .* db=7 .* cmd=client\|info user=default /, "CLIENT INFO")],
];

const list: Case[] = [
  [matching(/^id=\d+ .*cmd=client\|list.*\n$/s, "CLIENT LIST"), matching(/^id=\d+ /, "CLIENT LIST TYPE normal")],
  ["CLIENT LIST TYPE nosuch", "CLIENT LIST TYPE", "CLIENT LIST ID", "CLIENT LIST ID abc", "CLIENT LIST ID -1"],
  ["CLIENT LIST ID 999999999", "CLIENT LIST ID 999999999 999999998", "CLIENT LIST ID 0", "CLIENT LIST NOSUCH"],
  ["CLIENT LIST TYPE replica", "CLIENT LIST TYPE pubsub", "CLIENT LIST TYPE master", "CLIENT LIST TYPE normal x"],
  {
    name: "CLIENT LIST shows a command that was refused, and none for one that does not exist",
    commands: [
      on("b", "CLIENT SETNAME b"),
      ...["GET", "CLIENT", "CONFIG GET", "SET k v EX 0"].flatMap((line) => lastCommand(line, /^[A-Z]+( GET)?/)),
      ...["NOSUCH", "CLIENT NOSUCH"].flatMap((line) => lastCommand(line, null)),
    ],
  },
];

/** Sends the line on "b" and looks for its name in CLIENT LIST. */
function lastCommand(line: string, name: RegExp | null): Step[] {
  const shown = name === null ? "NULL" : (name.exec(line)?.[0] ?? "").toLowerCase().replace(" ", "\\|");
  return [on("b", line), matching(new RegExp(` name=b .* cmd=${shown} user=`), "CLIENT LIST")];
}

const kill: Case[] = [
  ["CLIENT KILL 1.2.3.4:5", "CLIENT KILL nosuch", "CLIENT KILL ID 999999999", "CLIENT KILL ID 0", "CLIENT KILL ID -1"],
  ["CLIENT KILL ID abc", "CLIENT KILL TYPE nosuch", "CLIENT KILL USER nosuch", "CLIENT KILL SKIPME maybe"],
  ["CLIENT KILL ADDR 1.2.3.4:5", "CLIENT KILL LADDR 1.2.3.4:5", "CLIENT KILL ID 1 NOSUCH", "CLIENT KILL ID 1 NOSUCH 2"],
  [
    "CLIENT KILL ID 999999999 TYPE normal",
    "CLIENT KILL TYPE pubsub",
    "CLIENT KILL TYPE replica",
    "CLIENT KILL TYPE slave",
  ],
  [on("b", "PING"), ignore("CLIENT KILL TYPE normal"), on("b", "PING"), "PING"],
  [on("b", "PING"), on("c", "PING"), "CLIENT KILL ID @id:b", on("b", "PING"), on("c", "PING"), "PING"],
  [
    on("b", "PING"),
    "CLIENT KILL ID @id:b TYPE pubsub",
    "CLIENT KILL ID @id:b TYPE normal USER default",
    on("b", "PING"),
  ],
  ["CLIENT KILL ID @id:main", "PING", "CLIENT KILL ID @id:main SKIPME no", "PING"],
  [on("b", "PING"), "CLIENT UNBLOCK @id:b", "CLIENT UNBLOCK @id:main ERROR"],
  [on("b", "PING"), ignore("CLIENT KILL SKIPME yes"), on("b", "PING"), "PING"],
  [on("b", "PING"), ignore("CLIENT KILL USER default SKIPME yes"), on("b", "PING"), "PING"],
  [on("b", sameType("CLIENT KILL TYPE normal SKIPME no")), on("b", "PING")],
];

const reply: Case[] = [
  [silent("CLIENT REPLY OFF"), silent("PING"), silent("SET k v"), silent("NOSUCH"), "CLIENT REPLY ON", "GET k"],
  [silent("CLIENT REPLY SKIP"), silent("SET k v"), "GET k", silent("CLIENT REPLY SKIP"), silent("NOSUCH"), "PING"],
  [silent("CLIENT REPLY SKIP"), silent("RESET"), "PING", silent("CLIENT REPLY OFF"), "RESET", "PING"],
  [silent("CLIENT REPLY SKIP"), "CLIENT REPLY ON", "PING", "CLIENT REPLY NOSUCH", "CLIENT REPLY on"],
  [silent("CLIENT REPLY OFF"), silent("CLIENT REPLY SKIP"), silent("PING"), "CLIENT REPLY ON", "PING"],
];

const modes: Case[] = [
  ["CLIENT NO-EVICT on", "CLIENT NO-EVICT OFF", "CLIENT NO-EVICT maybe"],
  [
    "CLIENT NO-EVICT ON",
    matching(/ flags=e /, "CLIENT INFO"),
    "CLIENT NO-EVICT OFF",
    matching(/ flags=N /, "CLIENT INFO"),
  ],
  ["CLIENT UNBLOCK 999999999", "CLIENT UNBLOCK abc", "CLIENT UNBLOCK 1 NOSUCH", "CLIENT UNBLOCK 999999999 ERROR"],
  ["CLIENT UNBLOCK", "CLIENT UNBLOCK 1 TIMEOUT x", "CLIENT UNBLOCK 99999999999999999999", "CLIENT UNBLOCK 1 timeout"],
  ["CLIENT PAUSE abc", "CLIENT PAUSE -1", "CLIENT PAUSE 1 NOSUCH", "CLIENT PAUSE 1 WRITE x", "CLIENT UNPAUSE"],
  ["CLIENT PAUSE 100000 WRITE", "GET k", on("b", "GET k"), "CLIENT UNPAUSE", "SET k v"],
  ["CLIENT PAUSE 1 ALL", "PING", "CLIENT PAUSE 99999999999999999999", "CLIENT UNPAUSE", "PING"],
  ["CLIENT UNPAUSE", "CLIENT NOSUCH", "CLIENT NOSUCH a", sameType("CLIENT HELP"), "CLIENT HELP x"],
];

/** Commands that came with 7.2: the oracle is 8.0, which answers the same. */
const since72: Case[] = [
  {
    name: "CLIENT NO-TOUCH",
    oracle: "redis8",
    commands: [
      "CLIENT NO-TOUCH on",
      matching(/ flags=T /, "CLIENT INFO"),
      "CLIENT NO-TOUCH OFF",
      "CLIENT NO-TOUCH maybe",
      "CLIENT NO-TOUCH",
      "CLIENT NO-TOUCH on off",
    ],
  },
  {
    name: "CLIENT SETINFO",
    oracle: "redis8",
    commands: [
      matching(/ lib-name= lib-ver=/, "CLIENT INFO"),
      "CLIENT SETINFO LIB-NAME mine",
      "CLIENT SETINFO lib-ver 1.2.3",
      matching(/ lib-name=mine lib-ver=1\.2\.3/, "CLIENT INFO"),
      'CLIENT SETINFO LIB-NAME "a b"',
      'CLIENT SETINFO LIB-VER "a\\nb"',
      "CLIENT SETINFO NOSUCH x",
      "CLIENT SETINFO LIB-NAME",
      "CLIENT SETINFO",
      'CLIENT SETINFO LIB-NAME ""',
      matching(/ lib-name= lib-ver=1\.2\.3/, "CLIENT INFO"),
      "RESET",
      // The library outlives RESET: it says what the client is, not what it is doing.
      matching(/ lib-ver=1\.2\.3/, "CLIENT INFO"),
    ],
  },
];

differential("connection commands", {
  cases: [...arity, ...hello, ...auth, ...state, ...list, ...kill, ...reply, ...modes, ...since72],
});
