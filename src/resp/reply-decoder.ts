/**
 * Decodes replies, RESP2 and RESP3, from chunks of any size: the counterpart of the reply writer, for clients.
 *
 * The decoder is a generator that stops wherever the bytes run out and goes on from there, so nothing is read twice.
 * Attributes (RESP3's `|`) are passed over: they say something about the reply behind them.
 */

/** `bytes` are as sent; a verbatim string is without its format ("txt:"). */
export type Reply =
  | { readonly kind: "status" | "error" | "integer" | "bulk" | "double" | "big-number"; readonly bytes: Buffer }
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "array" | "set" | "push"; readonly items: readonly Reply[] }
  /** Key, value, key, value … */
  | { readonly kind: "map"; readonly items: readonly Reply[] };

/** What a server sent is no RESP. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

const CR = 0x0d;
const VERBATIM_PREFIX = 4;
const SCALARS = { "+": "status", ":": "integer", ",": "double", "(": "big-number", "-": "error" } as const;
const SEQUENCES = { "*": "array", "~": "set", ">": "push" } as const;

export class ReplyDecoder {
  private chunks: Buffer[] = [];
  private buffer = Buffer.alloc(0);
  private at = 0;
  private available = 0;
  private running = this.reply();

  /** Takes a received chunk; it belongs to the decoder from now on. */
  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.available += chunk.length;
  }

  /** The next complete reply, or null until more bytes come. Throws a ReplyError. */
  next(): Reply | null {
    const step = this.running.next();
    if (!step.done) return null;
    this.running = this.reply();
    return step.value;
  }

  private *reply(): Generator<undefined, Reply> {
    const line = yield* this.line();
    const type = String.fromCharCode(line[0]);
    const rest = line.subarray(1);
    if (type in SCALARS) return { kind: SCALARS[type as keyof typeof SCALARS], bytes: rest };
    if (type in SEQUENCES) {
      const count = lengthOf(rest);
      if (count < 0) return { kind: "null" };
      return { kind: SEQUENCES[type as keyof typeof SEQUENCES], items: yield* this.items(count) };
    }
    switch (type) {
      case "$":
      case "!":
      case "=":
        return yield* this.blob(type, lengthOf(rest));
      case "%":
        return { kind: "map", items: yield* this.items(lengthOf(rest) * 2) };
      case "|":
        yield* this.items(lengthOf(rest) * 2);
        return yield* this.reply();
      case "_":
        return { kind: "null" };
      case "#":
        return { kind: "boolean", value: rest[0] === 0x74 };
      default:
        throw new ReplyError(`Protocol error, got ${JSON.stringify(type)} as reply type byte`);
    }
  }

  private *items(count: number): Generator<undefined, Reply[]> {
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) items.push(yield* this.reply());
    return items;
  }

  private *blob(type: "$" | "!" | "=", length: number): Generator<undefined, Reply> {
    if (length < 0) return { kind: "null" };
    while (this.available < length + 2) yield;
    this.gather();
    const bytes = this.buffer.subarray(this.at, this.at + length);
    this.take(length + 2);
    if (type === "!") return { kind: "error", bytes };
    return { kind: "bulk", bytes: type === "=" ? bytes.subarray(VERBATIM_PREFIX) : bytes };
  }

  private *line(): Generator<undefined, Buffer> {
    let scanned = 0;
    for (;;) {
      this.gather();
      const end = this.buffer.indexOf(CR, this.at + scanned);
      if (end >= 0 && end + 1 < this.buffer.length) {
        const line = this.buffer.subarray(this.at, end);
        this.take(line.length + 2);
        return line;
      }
      scanned = Math.max(0, this.available - 1);
      yield;
    }
  }

  /** Joins what has come, once for any number of chunks. */
  private gather(): void {
    if (this.chunks.length === 0) return;
    this.buffer = Buffer.concat([this.buffer.subarray(this.at), ...this.chunks]);
    this.at = 0;
    this.chunks = [];
  }

  private take(bytes: number): void {
    this.at += bytes;
    this.available -= bytes;
  }
}

function lengthOf(digits: Buffer): number {
  const text = digits.toString("latin1");
  if (!/^-1$|^\d+$/.test(text)) throw new ReplyError(`Protocol error, ${JSON.stringify(text)} is no length`);
  return Number(text);
}
