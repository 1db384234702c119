/**
 * What the end of an AOF file is, where a command begins that reaches beyond it.
 *
 * Either it is the last one that was written, and the rest of it is missing: what a kill leaves. Or the length of one of
 * its arguments is damaged, and others are hidden behind it, which nobody would want to lose. Those go on, one after the
 * other, to the very end of the file. Something that looks like a command inside of a value does not.
 */

import { readSync } from "node:fs";
import { AOF_ANNOTATION, AOF_COMMAND, AOF_END, AofReader } from "./aof-reader";

const SEARCH_BYTES = 1024 * 1024;
/** The end of what comes before a command, and its beginning. */
const BEGINNING = /\r\n(?=\*\d{1,10}\r\n\$\d{1,15}\r\n)/;
const BEGINNING_BYTES = 64;

/** Whether there are whole commands behind `from`, where one begins that the file is too short for. */
export function hidesCommands(fd: number, from: number, size: number): boolean {
  const reader = new AofReader(fd, size, from);
  const chunk = Buffer.allocUnsafe(SEARCH_BYTES);
  for (let at = from; ; at = reader.start + 1) {
    const beginning = findBeginning(fd, chunk, at, size);
    if (beginning < 0) return false;
    reader.seek(beginning);
    let found: number;
    do found = reader.next();
    while (found === AOF_COMMAND || found === AOF_ANNOTATION);
    if (found === AOF_END) return true;
  }
}

/** Where the next command seems to begin, from `at` on; -1: nowhere. */
function findBeginning(fd: number, chunk: Buffer, at: number, size: number): number {
  for (let from = at; from < size; from += SEARCH_BYTES - BEGINNING_BYTES) {
    const bytes = readSync(fd, chunk, 0, SEARCH_BYTES, from);
    const match = BEGINNING.exec(chunk.toString("latin1", 0, bytes));
    if (match !== null) return from + match.index + 2;
  }
  return -1;
}
