/** MONITOR beside real Redis: which commands are shown, in which order, and how. */

import { type Reply, show } from "../support/reply";
import {
  blocks,
  type Case,
  cmd,
  differential,
  messagesOf,
  on,
  replyOf,
  type Step,
  type StepLike,
  sameShape,
  sameType,
  silent,
} from "./harness";

/** Lines that "a" is shown, but for the time and where the commands came from. */
function lines(count: number): Step {
  return { ...messagesOf("a", count), compare: sameLines };
}

function sameLines(ours: Reply, theirs: Reply): string | undefined {
  const [a, b] = [ours, theirs].map((reply) => show(reply).replace(STAMP, "$1"));
  return a === b && STAMP.test(show(ours)) ? undefined : `differs:\n${a}\n${b}`;
}

const STAMP = /\d{10}\.\d{6} (\[\d+ )127\.0\.0\.1:\d+/g;

function monitored(name: string, ...commands: readonly StepLike[]): Case {
  // What is pushed to the harness in RESP3 are no pushes: the lines are the same in both protocols.
  return { name, protocols: [2], commands: [on("a", "MONITOR"), ...commands] };
}

const cases: Case[] = [
  monitored(
    "arguments as they came",
    "SET k v",
    "set K 'a b'",
    cmd("Set", "k", new Uint8Array([0, 10, 34, 92, 200])),
    lines(3),
  ),
  monitored("numbers, nothing, and much", "SET n 12345", 'SET "" ""', cmd("SET", "k", "x".repeat(5000)), lines(3)),
  monitored(
    "what fails is shown, what is refused is not",
    "LPUSH l x",
    "GET l",
    "INCR l",
    "NOSUCH",
    "GET",
    "PING",
    lines(4),
  ),
  monitored(
    "administrative commands are not shown",
    "CONFIG GET maxclients",
    "DEBUG SLEEP 0",
    "SLOWLOG RESET",
    sameType("CLIENT LIST"),
    "CLIENT GETNAME",
    lines(1),
  ),
  monitored("the database that is selected then", "SELECT 5", "PING", "SELECT 0", "MOVE k 1", lines(4)),
  monitored(
    "transactions",
    "MULTI",
    "SET k v",
    "INCR k",
    "NOSUCHATALL",
    "EXEC",
    "MULTI",
    "PING",
    "SET k w",
    "EXEC",
    "WATCH k",
    "UNWATCH",
    "MULTI",
    "DISCARD",
    lines(10),
  ),
  monitored("a transaction that is refused", "WATCH k", on("b", "SET k v"), "MULTI", "PING", "EXEC", lines(4)),
  monitored(
    "passwords are not shown",
    "AUTH user secret",
    "AUTH secret",
    sameShape("HELLO 2 AUTH default x SETNAME y"),
    sameShape("HELLO 2"),
    lines(4),
  ),
  monitored("one's own commands", on("a", "PING"), lines(1), silent(on("a", "MONITOR")), on("a", "ECHO x"), lines(1)),
  monitored(
    "a blocked command, once",
    blocks(on("b", "BLPOP l 0")),
    lines(1),
    "RPUSH l x",
    replyOf("b"),
    "PING",
    lines(2),
  ),
  monitored("messages", "PUBLISH c x", "SUBSCRIBE c", lines(2)),
  monitored("it ends with RESET", "PING", lines(1), on("a", "RESET"), "PING", on("a", "ECHO x")),
  monitored(
    "CLIENT REPLY OFF holds for it, too",
    silent(on("a", "CLIENT REPLY OFF")),
    "PING",
    on("a", "CLIENT REPLY ON"),
    lines(1),
    on("a", "ECHO x"),
  ),
  monitored(
    "who monitors keeps off the data",
    ...["GET k", "SET k v", "PUBLISH c m", "DBSIZE", "KEYS *", "TYPE k", "INCR"].map((line) => on("a", line)),
  ),
  monitored(
    "and in transactions",
    ...["MULTI", lines(1), "PING", "GET k", "EXEC", lines(1), "MULTI", lines(1), "PING", "EXEC"].map((step) =>
      typeof step === "string" ? on("a", step) : step,
    ),
    lines(2),
  ),
  { name: "not in a transaction", commands: ["MULTI", "MONITOR", "EXEC", "MONITOR x"] },
  { name: "flags", protocols: [2], commands: [on("a", "MONITOR"), "CLIENT LIST TYPE replica"] },
];

differential("MONITOR", { cases });
