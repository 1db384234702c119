/** The log's second way out: syslog, through libc. */

import { ptr } from "bun:ffi";
import { cText, libc } from "../../util/libc";
import { LOG_DEBUG, LOG_NOTICE, LOG_VERBOSE, LOG_WARNING } from "./logger";

const LOG_PID = 0x01;
const LOG_NDELAY = 0x08;
const LOG_NOWAIT = 0x10;

/** Facility codes; a message's code is its facility plus its priority. */
const FACILITY_USER = 1 << 3;
const FACILITY_LOCAL0 = 16 << 3;
const PRIORITIES = { [LOG_DEBUG]: 7, [LOG_VERBOSE]: 6, [LOG_NOTICE]: 5, [LOG_WARNING]: 4 };

/** libc keeps the pointer to the identity, so the bytes must live as long as the process. */
let identity: Buffer | null = null;

/**
 * Opens syslog as `syslog-ident` and `syslog-facility` ("user", "local0" … "local7") say. Returns the function that logs a
 * message, or null where libc cannot be reached.
 */
export function openSyslog(ident: string, facility: string): ((level: number, message: string) => void) | null {
  const openlog = libc("openlog");
  const syslog = libc("syslog");
  if (openlog === null || syslog === null) return null;
  identity = cText(ident);
  openlog(ptr(identity), LOG_PID | LOG_NDELAY | LOG_NOWAIT, facilityCode(facility));
  // The message is the format: "%" must not be read as the start of an argument.
  return (level, message) => {
    syslog(PRIORITIES[level as keyof typeof PRIORITIES], ptr(cText(message.replaceAll("%", "%%"))));
  };
}

/** The code of a facility. */
export function facilityCode(name: string): number {
  return name === "user" ? FACILITY_USER : FACILITY_LOCAL0 + (Number(name.slice("local".length)) << 3);
}
