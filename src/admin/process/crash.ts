/**
 * The crash report: what the log says when a bug ends the server. An exception that nothing caught leaves the server in a
 * state that nobody has thought about, so it never goes on; it exits with 1, and whoever supervises it starts it again.
 */

import { buildInfo } from "../../util/build-info";
import { REDIS_VERSION } from "../../util/redis-version";
import { LOG_WARNING, type Logger } from "./logger";

/** What the report shows of the server: each part is called on its own, because any of them may be what is broken. */
export interface CrashContext {
  info(): string;
  clients(): string;
}

/** From now on an exception that nothing catches is reported and ends the process. */
export function installCrashHandler(log: Logger, reports: () => boolean, context: () => CrashContext | null): void {
  let crashed = false;
  const crash = (reason: unknown): void => {
    // A fault while reporting a fault: what is in the log must do.
    if (!crashed) {
      crashed = true;
      writeReport(log, reason, reports() ? context() : null);
    }
    process.exit(1);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
}

function writeReport(log: Logger, reason: unknown, context: CrashContext | null): void {
  const raw = (text: string): void => log.raw(LOG_WARNING, text);
  raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
  const { gitDirty, gitSha1, version } = buildInfo;
  log.warning(`Redis ${REDIS_VERSION} (redbun ${version}, ${gitSha1}/${gitDirty}) crashed by an exception: ${reason}`);
  raw(`\n------ STACK TRACE ------\n${stackOf(reason)}\n`);
  if (context !== null) {
    raw(`\n------ INFO OUTPUT ------\n${attempt(() => context.info())}\n`);
    raw(`\n------ CLIENT LIST OUTPUT ------\n${attempt(() => context.clients())}\n`);
  }
  raw(
    "\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n" +
      "       This is redbun, not Redis: please report the crash to redbun.\n\n",
  );
}

function stackOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  const cause = reason.cause === undefined ? "" : `\ncaused by: ${stackOf(reason.cause)}`;
  return `${reason.stack ?? reason.message}${cause}`;
}

function attempt(part: () => string): string {
  try {
    return part();
  } catch (error) {
    return `(not available: ${error})`;
  }
}
