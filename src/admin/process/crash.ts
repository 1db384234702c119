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
  /** Whose command was being run, and its arguments; "" for nobody's. */
  current(): string;
  config(): string;
}

/** Directives that change how the server works, as Redis's report lists them. */
export const REPORTED_DIRECTIVES = [
  "activedefrag",
  "client-query-buffer-limit",
  "io-threads",
  "lazyfree-lazy-eviction",
  "lazyfree-lazy-expire",
  "lazyfree-lazy-server-del",
  "lazyfree-lazy-user-del",
  "lazyfree-lazy-user-flush",
  "list-compress-depth",
  "proto-max-bulk-len",
  "replica-read-only",
  "repl-diskless-load",
  "repl-diskless-sync",
  "sanitize-dump-payload",
] as const;

export class CrashReporter {
  private crashed = false;

  /** `reports` is crash-log-enabled: without it a report has the reason and the stack only. */
  constructor(
    private readonly log: Logger,
    private readonly reports: () => boolean,
    private readonly context: () => CrashContext | null,
  ) {}

  /** From now on an exception that nothing catches, and SIGABRT, are reported and end the process. */
  install(): void {
    const crash = (reason: unknown): void => {
      this.report(`crashed by an exception: ${reason}`, stackOf(reason));
      process.exit(1);
    };
    process.on("uncaughtException", crash);
    process.on("unhandledRejection", crash);
    if (!this.reports()) return;
    const abort = (): void => {
      this.report("crashed by signal: 6", stackOf(new Error("SIGABRT")));
      process.off("SIGABRT", abort);
      process.kill(process.pid, "SIGABRT");
    };
    process.on("SIGABRT", abort);
  }

  /** Writes the report. A fault while a fault is reported adds nothing: what is in the log must do. */
  report(reason: string, stack: string = stackOf(new Error(reason))): void {
    if (this.crashed) return;
    this.crashed = true;
    const { log } = this;
    const raw = (text: string): void => log.raw(LOG_WARNING, text);
    raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
    const { gitDirty, gitSha1, version } = buildInfo;
    log.warning(`Redis ${REDIS_VERSION} (redbun ${version}, ${gitSha1}/${gitDirty}) ${reason}`);
    raw(`\n------ STACK TRACE ------\n${stack}\n`);
    const context = this.reports() ? this.context() : null;
    if (context !== null) {
      raw(`\n------ INFO OUTPUT ------\n${attempt(() => context.info())}\n`);
      raw(`\n------ CLIENT LIST OUTPUT ------\n${attempt(() => context.clients())}\n`);
      const current = attempt(() => context.current());
      if (current !== "") raw(`\n------ CURRENT CLIENT INFO ------\n${current}\n`);
      raw(`\n------ CONFIG DEBUG OUTPUT ------\n${attempt(() => context.config())}\n`);
    }
    raw(
      "\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n" +
        "       This is redbun, not Redis: please report the crash to redbun.\n\n",
    );
  }
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
