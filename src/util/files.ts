/** What the file system of node:fs leaves to its users. */

import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/** Writes `bytes[0, length)` to a descriptor, however many steps the system takes for it. Throws what the system says. */
export function writeAll(fd: number, bytes: Uint8Array, length = bytes.length): void {
  for (let at = 0; at < length; ) at += writeSync(fd, bytes, at, length - at);
}

/** Puts the names in a folder on the disk, so that they outlive a power cut. Throws what the system says. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder, and needs no such flush.
  if (process.platform === "win32") return;
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
