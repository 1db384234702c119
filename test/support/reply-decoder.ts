/**
 * A decoder of RESP2 and RESP3 replies for tests: plain and strict rather than fast. It shares nothing with the
 * server's own code, so that a mistake there cannot hide here.
 *
 * The decoder is a generator that stops where it needs more bytes, so a reply that arrives in many pieces is never
 * decoded twice. Anything that is not RESP throws.
 */

import type { Reply } from "./reply";

const CR = 13;
const LF = 10;

/** Bytes go in with `push`, complete replies come out of `next`. */
export class ReplyDecoder {
  private buffer = Buffer.alloc(16 * 1024);
  private start = 0;
  private end = 0;
  private reading: Generator<undefined, Reply> | undefined;

  /** Bytes received and not yet taken by a reply. */
  get buffered(): number {
    return this.end - this.start;
  }

  /** Adds received bytes (they are copied). */
  push(bytes: Uint8Array): void {
    if (this.start > 0 && this.start === this.end) {
      this.start = 0;
      this.end = 0;
    }
    if (this.end + bytes.length > this.buffer.length) this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** The next complete reply, or undefined when more bytes are needed. */
  next(): Reply | undefined {
    this.reading ??= this.reply();
    const step = this.reading.next();
    if (!step.done) return undefined;
    this.reading = undefined;
    return step.value;
  }

  private makeRoom(more: number): void {
    const used = this.end - this.start;
    const target = used + more > this.buffer.length ? Buffer.alloc((used + more) * 2) : this.buffer;
    this.buffer.copy(target, 0, this.start, this.end);
    this.buffer = target;
    this.start = 0;
    this.end = used;
  }

  private *line(): Generator<undefined, string> {
    let scanned = 0;
    for (;;) {
      const lf = this.buffer.subarray(this.start + scanned, this.end).indexOf(LF);
      if (lf >= 0) {
        const at = this.start + scanned + lf;
        if (at === this.start || this.buffer[at - 1] !== CR) throw new Error("a RESP line ends with LF alone");
        const line = this.buffer.toString("latin1", this.start, at - 1);
        this.start = at + 1;
        return line;
      }
      scanned = this.end - this.start;
      yield;
    }
  }

  private *bytes(length: number): Generator<undefined, string> {
    while (this.end - this.start < length + 2) yield;
    const value = this.buffer.toString("latin1", this.start, this.start + length);
    const after = this.start + length;
    if (this.buffer[after] !== CR || this.buffer[after + 1] !== LF)
      throw new Error("a bulk string has no CRLF after it");
    this.start = after + 2;
    return value;
  }

  private *reply(): Generator<undefined, Reply> {
    const line = yield* this.line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return { type: "simple", value: rest };
      case "-":
        return { type: "error", value: rest };
      case ":":
        return { type: "integer", value: bigint(rest) };
      case "$":
        return rest === "-1" ? { type: "null-bulk" } : { type: "bulk", value: yield* this.bytes(length(rest)) };
      case "!":
        return { type: "bulk-error", value: yield* this.bytes(length(rest)) };
      case "=": {
        const value = yield* this.bytes(length(rest));
        if (value[3] !== ":") throw new Error(`a verbatim string without its format: ${value.slice(0, 8)}`);
        return { type: "verbatim", format: value.slice(0, 3), value: value.slice(4) };
      }
      case "*":
        return rest === "-1" ? { type: "null-array" } : { type: "array", items: yield* this.items(length(rest)) };
      case "~":
        return { type: "set", items: yield* this.items(length(rest)) };
      case ">":
        return { type: "push", items: yield* this.items(length(rest)) };
      case "%":
        return { type: "map", entries: yield* this.entries(length(rest)) };
      case "|": {
        const entries = yield* this.entries(length(rest));
        return { type: "attribute", entries, reply: yield* this.reply() };
      }
      case "_":
        if (rest !== "") throw new Error(`a null with text: ${rest}`);
        return { type: "null" };
      case ",":
        return { type: "double", value: rest };
      case "#":
        if (rest !== "t" && rest !== "f") throw new Error(`not a boolean: ${rest}`);
        return { type: "boolean", value: rest === "t" };
      case "(":
        return { type: "big-number", value: rest };
      default:
        throw new Error(`not the start of a reply: ${JSON.stringify(line.slice(0, 80))}`);
    }
  }

  private *items(count: number): Generator<undefined, Reply[]> {
    const result: Reply[] = [];
    for (let i = 0; i < count; i++) result.push(yield* this.reply());
    return result;
  }

  private *entries(count: number): Generator<undefined, [Reply, Reply][]> {
    const result: [Reply, Reply][] = [];
    for (let i = 0; i < count; i++) {
      const key = yield* this.reply();
      result.push([key, yield* this.reply()]);
    }
    return result;
  }
}

function bigint(digits: string): bigint {
  if (!/^-?\d+$/.test(digits)) throw new Error(`not an integer: ${digits}`);
  return BigInt(digits);
}

function length(digits: string): number {
  if (!/^\d+$/.test(digits)) throw new Error(`not a length: ${digits}`);
  return Number(digits);
}
