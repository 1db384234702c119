/** Commands about the server as a whole: TIME, SHUTDOWN, LOLWUT. */

import type { Call } from "../command/call";
import {
  ADMIN,
  ALLOW_BUSY,
  type CommandDefinition,
  FAST,
  LOADING,
  NO_MULTI,
  NOSCRIPT,
  READONLY,
  STALE,
} from "../command/command-spec";
import type { ShutdownOptions } from "../command/server-context";
import { REDIS_VERSION } from "../util/redis-version";
import { anyInteger } from "./arguments";
import { anyRule, drawAutomaton, LOLWUT_COLUMNS, LOLWUT_ROWS } from "./lolwut";

function time(c: Call): void {
  const micros = c.server.clock.nowMicros();
  c.reply.array(2);
  c.reply.bulkInteger(Math.floor(micros / 1_000_000));
  c.reply.bulkInteger(micros % 1_000_000);
}

/** SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]: no reply when it works, as there will be nobody to send it. */
function shutdown(c: Call): void {
  const options: ShutdownOptions = { save: "default", now: false, force: false };
  let abort = false;
  for (let i = 1; i < c.argc; i++) {
    if (c.is(i, "nosave") && options.save !== "save") options.save = "nosave";
    else if (c.is(i, "save") && options.save !== "nosave") options.save = "save";
    else if (c.is(i, "now")) options.now = true;
    else if (c.is(i, "force")) options.force = true;
    else if (c.is(i, "abort")) abort = true;
    else c.syntaxError();
  }
  if (abort && (options.save !== "default" || options.now || options.force)) c.syntaxError();
  if (c.failed) return;
  const refusal = abort ? c.server.abortShutdown() : c.server.shutdown(options);
  if (refusal !== null) c.fail(refusal);
  else if (abort) c.reply.ok();
}

const COLUMNS_MAX = 1000;

/** LOLWUT [VERSION rule] [columns [rows]]. */
function lolwut(c: Call): void {
  const { random } = c.server;
  let next = 1;
  let rule = anyRule(random);
  if (c.argc > 1 && c.is(1, "version")) {
    if (c.argc > 2) rule = anyInteger(c, 2) & 0xff;
    next = 3;
  }
  const columns = c.argc > next ? c.integerIn(next, 1, COLUMNS_MAX) : LOLWUT_COLUMNS;
  const rows = c.argc > next + 1 ? c.integerIn(next + 1, 1, COLUMNS_MAX) : LOLWUT_ROWS;
  if (c.failed) return;
  const picture = drawAutomaton(rule, columns, rows, random);
  c.reply.verbatim(`${picture}\nRule ${rule}, drawn by redbun. Redis ver. ${REDIS_VERSION}\n`, "txt");
}

export const serverCommands: CommandDefinition[] = [
  { name: "lolwut", arity: -1, flags: READONLY | FAST, categories: "", handler: lolwut },
  {
    name: "shutdown",
    arity: -1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
    categories: "",
    handler: shutdown,
  },
  {
    name: "time",
    arity: 1,
    flags: LOADING | STALE | FAST,
    categories: "",
    tips: ["nondeterministic_output"],
    handler: time,
  },
];
