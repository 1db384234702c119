/**
 * Hashes of the members (fields of a hash, members of a set or a sorted set) that the next commands of a pipeline are
 * about to look for in one large collection: found early, so that the cache misses of their lookups overlap, and not
 * computed again. As key-hints.ts does it for keys. With a million elements and a pipeline of 16 a request takes the
 * server less CPU time: SADD 0.98 µs instead of 1.36, HSET 1.06 instead of 1.30, ZADD 3.5 instead of 4.1.
 *
 * Whoever serves a chunk of requests says so (begin), and when it is done with it (clear). A command on a collection
 * calls advance() before it looks for a member that begins at `until` or behind it. What is in the chunk between that
 * member and the last one that is hinted then need not be looked at again.
 */

import type { Dict } from "../memory/dict";
import type { KeyHasher } from "../memory/hash";
import { BEYOND_CACHE } from "../memory/heap";
import { CommandScan } from "../resp/command-scan";
import type { Request } from "../resp/request";
import { equalBytes } from "../util/bytes";
import { KeyHints, LOOK_AHEAD_MAX } from "./key-hints";

/** Commands of a pipeline that are looked at for some on the same key. */
const COMMANDS_MAX = 16;

const NO_CHUNK = new Uint8Array(0);
const NEVER = 0x7fffffff;

export class MemberHints {
  /** What begins before this position of the chunk has been looked at. */
  until = NEVER;
  private chunk: Uint8Array = NO_CHUNK;
  private end = 0;
  private readonly hints = new KeyHints();
  private readonly scan = new CommandScan();

  constructor(private readonly hasher: KeyHasher) {}

  /** The commands that are run next stand in chunk[…, end). */
  begin(chunk: Uint8Array, end: number): void {
    this.chunk = chunk;
    this.end = end;
    this.until = 0;
    if (this.hints.count > 0) this.hints.clear();
  }

  /** Forgets everything, the chunk too. */
  clear(): void {
    this.chunk = NO_CHUNK;
    this.until = NEVER;
    if (this.hints.count > 0) this.hints.clear();
  }

  /** Hash of a member: the one that was computed ahead, if it is the one expected. */
  hash(buf: Uint8Array, start: number, end: number): number {
    const hinted = this.hints.take(buf, start, end);
    return hinted >= 0 ? hinted : this.hasher.hash(buf, start, end);
  }

  /**
   * Loads what the lookups of the members of a request from argument `i` on, and of the requests behind it on the same key,
   * will need of a dict. The members are arguments `first`, `first + step`, … of them all.
   */
  advance(dict: Dict, request: Request, i: number, first: number, step: number): void {
    const { buf, starts, ends, argc } = request;
    if (buf !== this.chunk || dict.size < BEYOND_CACHE) return;
    const { hints } = this;
    hints.clear();
    const rest = this.note(buf, starts, ends, argc, i, step);
    this.until = rest < argc ? starts[rest] : this.noteFollowing(request, first, step);
    if (hints.count > 1) dict.warmAll(hints.hashes, hints.count);
  }

  /** Hints arguments from `i` on, as many as there may be. Returns the first that is left. */
  private note(buf: Uint8Array, starts: Int32Array, ends: Int32Array, argc: number, i: number, step: number): number {
    let at = i;
    for (; at < argc && this.hints.count < LOOK_AHEAD_MAX; at += step) {
      this.hints.add(buf, starts[at], ends[at], this.hasher.hash(buf, starts[at], ends[at]));
    }
    return at;
  }

  /** Hints members of the commands behind a request, those with the same key. Returns the new `until`. */
  private noteFollowing({ buf, starts, ends, argc }: Request, first: number, step: number): number {
    const { scan, hints } = this;
    const keyBytes = ends[1] - starts[1];
    let at = ends[argc - 1] + 2;
    for (let commands = 1; commands < COMMANDS_MAX && hints.count < LOOK_AHEAD_MAX; commands++) {
      const next = scan.next(buf, at, this.end);
      if (next < 0) break;
      at = next;
      if (scan.argc <= first || scan.ends[1] - scan.starts[1] !== keyBytes) continue;
      if (!equalBytes(buf, scan.starts[1], buf, starts[1], keyBytes)) continue;
      const rest = this.note(buf, scan.starts, scan.ends, scan.argc, first, step);
      if (rest < scan.argc) return scan.starts[rest];
    }
    return at;
  }
}
