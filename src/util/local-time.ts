/**
 * Local time of day for the log, from libc's localtime_r where there is one: the runtime's own takes several milliseconds
 * to find the time zone when it is first asked, which every start of the server would wait for.
 */

import { ptr } from "bun:ffi";
import { type LibcFunction, libc } from "./libc";

/** struct tm begins with these numbers, of 32 bits each; the year counts from 1900 and the month from 0. */
const SECOND = 0;
const MINUTE = 1;
const HOUR = 2;
const DAY = 3;
const MONTH = 4;
const YEAR = 5;
/** More than the struct takes on any platform. */
const TM_WORDS = 32;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const seconds = new BigInt64Array(1);
const fields = new Int32Array(TM_WORDS);
let localtime: LibcFunction | null | undefined;

/** "21 Nov 2026 04:32:36.399", of `ms` since the epoch. */
export function logTimestamp(ms: number): string {
  if (localtime === undefined) localtime = libc("localtime_r");
  if (localtime === null) readFromRuntime(ms);
  else {
    seconds[0] = BigInt(Math.floor(ms / 1000));
    localtime(ptr(seconds), ptr(fields));
  }
  const day = `${two(fields[DAY])} ${MONTHS[fields[MONTH]]} ${fields[YEAR] + 1900}`;
  const millis = String(ms - Math.floor(ms / 1000) * 1000).padStart(3, "0");
  return `${day} ${two(fields[HOUR])}:${two(fields[MINUTE])}:${two(fields[SECOND])}.${millis}`;
}

function readFromRuntime(ms: number): void {
  const time = new Date(ms);
  fields[SECOND] = time.getSeconds();
  fields[MINUTE] = time.getMinutes();
  fields[HOUR] = time.getHours();
  fields[DAY] = time.getDate();
  fields[MONTH] = time.getMonth();
  fields[YEAR] = time.getFullYear() - 1900;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}
