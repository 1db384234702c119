/**
 * Options of the runtime: of JavaScriptCore's compiler, and of its allocator. Both read them from the environment, once,
 * when the process starts: so a server that starts without them sets them and replaces itself (execve: process ID,
 * arguments and open files stay). A start takes 20 ms more of the processor for that.
 *
 * The compiler: a request is served by many small functions, some ten calls deep. By default it inlines 5 levels; what is
 * left are real calls. With 8 levels commands take up to a quarter less time, the system's part left aside (RPUSH 347 ns to
 * 259, LPOP 245 to 200, ZADD 762 to 660, SADD 320 to 280, SET 266 to 243). More levels bring little more, and keep the
 * compiler busy for longer.
 *
 * The last of the compilers (FTL) is what the first seconds of a new kind of load cost: 100 to 400 ms of the processor for
 * each command, on a thread of its own. Larger functions are not inlined for that reason: with a limit of 250 instead of
 * the default of 170, and with handlers inlined (see `inlining.ts`), that thread took 4.8 µs for each of the first 40,000
 * requests of a command without pipelining, in the mean of seven runs of six commands, and now 2.7; 40,000 PINGs to a new
 * server took 4.2 and now 2.4. Once all is compiled there is no difference (INCR with a pipeline of 64: 0.52 to 0.56 µs, with
 * a spread of as much; LPUSH with one of 16: 0.68 and 0.70).
 * With 43,000 calls before that compiler, instead of 4,000, the first requests cost less, but all that follows pays for
 * it: in runs of full length on collections 1.23 times the CPU time of Redis 7.0 instead of 1.11 without a pipeline, 1.00
 * instead of 0.86 with one of 16, 0.85 instead of 0.77 with one of 64. So it comes when it comes by default. What changes
 * nothing: the budget of a plan of inlining (1,000 to 12,000), the compiler's own level (1 of 2), one compiler thread.
 *
 * The allocator (mimalloc): every chunk that arrives is a buffer. Those of more than 1,000 bytes are the allocator's, and
 * left to the collector, which frees them together about every half second. By default their pages go back to the system
 * at once, by a thread of its own, and are faulted in again, zeroed, by the chunks that follow. Half a second is no longer
 * than the collector's pause: many chunks still have new pages. SET of 1,024 bytes without a pipeline takes 11.2 µs with
 * half a second, 10.2 with three, and 9.9 in Redis 7.0 (medians of six interleaved runs on a busy machine, each after a
 * short one; three seconds were better in all six). Page faults a request: mostly 0.15 to 0.34, and 0.07 (medians of 0.07
 * in two runs, but rounds of 0.01 to 0.33). A server that was idle for longer than the delay begins with new pages: in
 * runs with such pauses there was no difference. The price: three seconds after a million entries came to a stream the
 * process held up to 12 MB more, two seconds later about 1 MB.
 *
 * These options are no stable interface, and a runtime that does not know one of the compiler's refuses to start: so they
 * are set for the version that they were measured with, and no other. Whoever sets one of them is left alone. Where the
 * process cannot be replaced (no /proc, no libc), it runs as it is.
 */

import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { cText, libc } from "./libc";

/** The runtime's version that has these options. */
export const KNOWN_RUNTIME = "1.4.5";

export const RUNTIME_OPTIONS: Readonly<Record<string, string>> = {
  BUN_JSC_maximumInliningDepth: "8",
  // Milliseconds.
  MIMALLOC_PURGE_DELAY: "3000",
};

/** Starts the process anew with the options, unless it has any of them. Returns only where that is not so, or not possible. */
export function restartWithOptions(): void {
  if (process.platform !== "linux" || Bun.version !== KNOWN_RUNTIME) return;
  if (Object.keys(RUNTIME_OPTIONS).some((name) => process.env[name] !== undefined)) return;
  const execve = libc("execve");
  const args = readTexts("/proc/self/cmdline");
  const environment = readTexts("/proc/self/environ");
  if (execve === null || args === null || environment === null) return;
  for (const [name, value] of Object.entries(RUNTIME_OPTIONS)) environment.push(cText(`${name}=${value}`));
  execve(ptr(cText(process.execPath)), ptr(vector(args)), ptr(vector(environment)));
}

/** Texts with a NUL at the end of each, as the process got them; null where they cannot be read. */
function readTexts(path: string): Buffer[] | null {
  try {
    const bytes = readFileSync(path);
    const texts: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(0, at) + 1;
      texts.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
    }
    return texts;
  } catch {
    return null;
  }
}

/** The addresses of texts, which have to live as long as they are in use, and 0 at the end. */
function vector(texts: readonly Buffer[]): BigUint64Array {
  const addresses = new BigUint64Array(texts.length + 1);
  for (const [i, text] of texts.entries()) addresses[i] = BigInt(ptr(text));
  return addresses;
}
