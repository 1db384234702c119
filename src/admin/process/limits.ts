/** What the operating system grants: descriptors for maxclients, and the length of the queue of new connections. */

import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { lastError, libc } from "../../util/libc";
import { strerror } from "../../util/strerror";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

/** Descriptors that the server needs besides those of clients: files, listeners, the log. */
const RESERVED = 32;
const RLIMIT_NOFILE = process.platform === "darwin" ? 8 : 7;
/** struct rlimit: two 64-bit numbers, the limit in force and the highest that it may be set to. */
const RLIMIT_BYTES = 16;
const SOMAXCONN = "/proc/sys/net/core/somaxconn";

interface FilesLimit {
  /** In force, and the highest that it may be set to. */
  readonly soft: number;
  readonly hard: number;
}

/** The limit of open descriptors, or null where it cannot be asked for. */
function openFilesLimit(): FilesLimit | null {
  // Without libc where possible: this runs at every start.
  try {
    const line = /^Max open files +(\S+) +(\S+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    if (line !== null) return { soft: limitOf(line[1]), hard: limitOf(line[2]) };
  } catch {
    // Not Linux.
  }
  const limit = Buffer.alloc(RLIMIT_BYTES);
  if (libc("getrlimit")?.(RLIMIT_NOFILE, ptr(limit)) !== 0) return null;
  return { soft: Number(limit.readBigUInt64LE(0)), hard: Number(limit.readBigUInt64LE(8)) };
}

function limitOf(shown: string): number {
  return shown === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(shown);
}

/** Sets both limits; returns why not, as strerror says it, or null. */
function setOpenFilesLimit(files: number): string | null {
  const setrlimit = libc("setrlimit");
  if (setrlimit === null) return "Function not implemented";
  const limit = Buffer.alloc(RLIMIT_BYTES);
  limit.writeBigUInt64LE(BigInt(files), 0);
  limit.writeBigUInt64LE(BigInt(files), 8);
  return setrlimit(RLIMIT_NOFILE, ptr(limit)) === 0 ? null : strerror(lastError());
}

/**
 * Makes room for `maxclients` connections, or lowers maxclients to what there is room for, and says so in the log.
 * Returns false when there is room for none.
 */
export function adjustOpenFiles(config: Config, log: Logger): boolean {
  const wanted = config.maxclients + RESERVED;
  const limit = openFilesLimit();
  if (limit === null) {
    log.warning("Unable to obtain the current NOFILE limit, assuming there is room for maxclients.");
    return true;
  }
  const before = limit.soft;
  if (before >= wanted) return true;
  const refusal = setOpenFilesLimit(wanted);
  let best = wanted;
  if (refusal !== null) best = limit.hard > before && setOpenFilesLimit(limit.hard) === null ? limit.hard : before;
  if (best >= wanted) {
    log.notice(`Increased maximum number of open files to ${wanted} (it was originally set to ${before}).`);
    return true;
  }
  if (best <= RESERVED) {
    log.warning(
      `Your current 'ulimit -n' of ${before} is not enough for the server to start. ` +
        `Please increase your open file limit to at least ${wanted}. Exiting.`,
    );
    return false;
  }
  log.warning(`You requested maxclients of ${config.maxclients} requiring at least ${wanted} max file descriptors.`);
  log.warning(`Server can't set maximum open files to ${wanted} because of OS error: ${refusal}.`);
  config.assign("maxclients", [String(best - RESERVED)]);
  log.warning(
    `Current maximum open files is ${best}. maxclients has been reduced to ${config.maxclients} to compensate for ` +
      "low ulimit. If you need higher maxclients increase 'ulimit -n'.",
  );
  return true;
}

/** Warns where the system will not keep as many connections waiting as tcp-backlog asks for. */
export function checkBacklog(config: Config, log: Logger): void {
  let limit: number;
  try {
    limit = Number(readFileSync(SOMAXCONN, "latin1"));
  } catch {
    return;
  }
  if (limit <= 0 || limit >= config.tcpBacklog) return;
  log.warning(
    `WARNING: The TCP backlog setting of ${config.tcpBacklog} cannot be enforced because ${SOMAXCONN} is set to the ` +
      `lower value of ${limit}.`,
  );
}
