/**
 * daemonize and pidfile.
 *
 * The runtime cannot fork, so the server that is to go into the background starts itself again, in a session of its own
 * and with /dev/null for stdin, stdout and stderr, and leaves. The second process knows what it is by an environment
 * variable, which it removes.
 */

import { unlinkSync, writeFileSync } from "node:fs";
import { strerror } from "../../util/strerror";
import { decodeUtf8 } from "../../util/utf8";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

/** Not REDBUN_…: those are directives. */
const MARK = "__REDBUN_IN_BACKGROUND";
const DEFAULT_PIDFILE = "/var/run/redis.pid";

/** How this process was started, to start it again. */
export interface Invocation {
  /** The arguments behind the program's name. */
  readonly args: readonly string[];
  /** The working folder at the start: `dir` has changed it since. */
  readonly folder: string;
  /** What was read from stdin as a part of the configuration. */
  readonly stdin: string | undefined;
  /** Path of the program's main file when it is run from source, null for an executable. */
  readonly script: string | null;
}

/** Whether this process is the one in the background. Call it once. */
export function isBackgroundProcess(): boolean {
  const marked = process.env[MARK] !== undefined;
  delete process.env[MARK];
  return marked;
}

/** Starts the process in the background; resolves when it runs. */
export async function startInBackground(invocation: Invocation): Promise<void> {
  const { args, folder, script, stdin } = invocation;
  const program = script === null ? [] : [...process.execArgv, script];
  const child = Bun.spawn([process.execPath, ...program, ...args], {
    argv0: process.argv0,
    cwd: folder,
    env: { ...process.env, [MARK]: "1" },
    stdin: stdin === undefined ? "ignore" : "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  if (stdin !== undefined && typeof child.stdin === "object") {
    child.stdin.write(Buffer.from(stdin, "latin1"));
    await child.stdin.end();
  }
  child.unref();
}

/** The pid file, where one is wanted. */
export class PidFile {
  private readonly path: string | null;

  constructor(
    config: Config,
    background: boolean,
    private readonly log: Logger,
  ) {
    if (background && config.pidfile === "") config.assign("pidfile", [DEFAULT_PIDFILE]);
    this.path = config.pidfile === "" ? null : decodeUtf8(config.pidfile);
  }

  /** Writes it; failing is no reason not to start. */
  create(): void {
    if (this.path === null) return;
    try {
      writeFileSync(this.path, `${process.pid}\n`);
    } catch (error) {
      this.log.notice(`Failed to write PID file: ${strerror(error)}`);
    }
  }

  remove(): void {
    if (this.path === null) return;
    this.log.notice("Removing the pid file.");
    try {
      unlinkSync(this.path);
    } catch {
      // It could not be written, or somebody has removed it.
    }
  }
}
