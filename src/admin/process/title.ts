/**
 * The title that ps and /proc/<pid>/cmdline show, as setproctitle(3) sets it: written over the memory of the arguments
 * that the process was started with. The place is taken from /proc/self/stat, so this is for Linux alone; elsewhere the
 * title stays what it was.
 *
 * A title that is longer than the arguments were goes into memory of our own, to which the kernel is pointed
 * (prctl PR_SET_MM_MAP, for which no privilege is needed); where it refuses, the title is cut. The environment behind
 * the arguments, which setproctitle takes over too, is left alone: the runtime reads it.
 */

import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { readFileSync } from "node:fs";
import { libc } from "../../util/libc";
import { expandTitle } from "../config/checks";
import type { Config } from "../config/config";

const PR_SET_MM = 35;
const PR_SET_MM_MAP = 14n;
/** struct prctl_mm_map: eleven addresses, the auxiliary vector (address and length) and a descriptor. */
const MAP_BYTES = 104;
const AUXV_LENGTH = 96;
const EXE_FD = 100;
const MORE = 0x2e;
/** Fields of /proc/<pid>/stat, counted from 1 as proc(5) does. */
const ARG_START = 48;
const ARG_END = 49;
/** Those of the map in its order; the end of the heap is no field, and the arguments' place is what we change. */
const BEFORE_BRK = [26, 27, 45, 46, 47];
const START_STACK = 28;
const ENVIRONMENT = [50, 51];

/** What the kernel was pointed to: it must stay where it is. */
let ownMemory: Buffer | null = null;
/** The memory of the arguments, and how much of it there is; null until it was looked for. */
let argumentMemory: Uint8Array | null = null;

/** The title for this configuration; `program` is what {title} stands for. */
export function processTitle(config: Config, program: string): string {
  const values: Record<string, () => string> = {
    title: () => program,
    "listen-addr": () => listenAddress(config),
    "server-mode": () => (config.clusterEnabled ? "[cluster]" : ""),
    port: () => String(config.port),
    "tls-port": () => String(config.tlsPort),
    unixsocket: () => config.unixsocket,
    "config-file": () => (config.configFile === "" ? "-" : config.configFile),
  };
  return expandTitle(config.procTitleTemplate, (name) => values[name]()) ?? "";
}

function listenAddress(config: Config): string {
  const port = config.port === 0 ? config.tlsPort : config.port;
  if (port === 0) return `unixsocket:${config.unixsocket}`;
  return `${config.bind.length > 0 ? config.bind[0] : "*"}:${port}`;
}

/** Makes `title` the process's title. Returns false where that is not possible. */
export function setProcessTitle(title: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    argumentMemory ??= findArguments();
    const bytes = Buffer.from(title, "latin1");
    if ((ownMemory !== null || bytes.length >= argumentMemory.length) && pointTo(bytes)) return true;
    const last = argumentMemory.length - 1;
    argumentMemory.fill(0);
    argumentMemory.set(bytes.subarray(0, last));
    // A byte other than 0 at the end tells the kernel that this is a title, which ends at its first 0.
    if (bytes.length < last) argumentMemory[last] = MORE;
    return true;
  } catch {
    // No /proc, or one that does not say where the arguments are.
    return false;
  }
}

function statFields(): (field: number) => bigint {
  const stat = readFileSync("/proc/self/stat", "latin1");
  // The program's name, in parentheses, may hold spaces; the third field is behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (field) => BigInt(fields[field - 3]);
}

function findArguments(): Uint8Array {
  const field = statFields();
  const length = Number(field(ARG_END) - field(ARG_START));
  if (length <= 0) throw new Error("the kernel does not say where the arguments are");
  // The runtime reads them when it is first asked for them: that must have happened before they are gone.
  void [process.argv, process.execArgv, process.argv0];
  return new Uint8Array(toArrayBuffer(Number(field(ARG_START)) as Pointer, 0, length));
}

function pointTo(title: Uint8Array): boolean {
  const prctl = libc("prctl");
  const sbrk = libc("sbrk");
  if (prctl === null || sbrk === null) return false;
  const memory = Buffer.alloc(title.length + 1);
  memory.set(title);
  const start = BigInt(ptr(memory));
  const field = statFields();
  const map = Buffer.alloc(MAP_BYTES);
  const addresses = [
    ...BEFORE_BRK.map(field),
    BigInt(sbrk(0)),
    field(START_STACK),
    start,
    start + BigInt(memory.length),
    ...ENVIRONMENT.map(field),
  ];
  for (let i = 0; i < addresses.length; i++) map.writeBigUInt64LE(addresses[i], i * 8);
  map.writeUInt32LE(0, AUXV_LENGTH);
  map.writeUInt32LE(0xffffffff, EXE_FD);
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, ptr(map), BigInt(MAP_BYTES), 0n) !== 0) return false;
  ownMemory = memory;
  return true;
}
