/**
 * Feeds bytes to the request parser in the pieces that a test wants, the way a connection does: a chunk is parsed in
 * place, what is left is suspended, later chunks fill it and it is restored.
 */

import { PARSED_COMMAND, PARSED_ERROR, type Partial, RequestParser } from "../../src/resp/request-parser";

export interface Outcome {
  /** The arguments of each command, as latin1 text; an empty request is []. */
  commands: string[][];
  /** The protocol error that ended parsing, "" without one. */
  error: string;
  /** What waits for more bytes at the end. */
  partial: Partial | null;
}

export interface DriverOptions {
  readonly maxBulk?: number;
  readonly authenticated?: boolean;
}

export function newParser(options: DriverOptions = {}): RequestParser {
  return new RequestParser({
    maxBulk: options.maxBulk ?? 512 * 1024 * 1024,
    authenticated: options.authenticated ?? true,
  });
}

/** Parses the chunks one after the other. */
export function parseChunks(parser: RequestParser, chunks: readonly Uint8Array[]): Outcome {
  const outcome: Outcome = { commands: [], error: "", partial: null };
  for (const chunk of chunks) {
    // A socket's buffer is its own and is reused: nothing may refer to it after the chunk was taken.
    const received = Buffer.from(chunk);
    receive(parser, received, outcome);
    received.fill(0x21);
    if (outcome.error !== "") break;
  }
  return outcome;
}

function receive(parser: RequestParser, chunk: Buffer, outcome: Outcome): void {
  let at = 0;
  while (at < chunk.length && outcome.error === "") {
    const { partial } = outcome;
    if (partial === null) {
      parser.begin(chunk, at, chunk.length);
      at = chunk.length;
    } else {
      at += partial.fill(chunk, at);
      if (partial.needed > 0) continue;
      parser.restore(partial);
    }
    takeAll(parser, outcome);
  }
}

function takeAll(parser: RequestParser, outcome: Outcome): void {
  let status = parser.next();
  for (; status === PARSED_COMMAND; status = parser.next()) outcome.commands.push(argumentsOf(parser));
  if (status === PARSED_ERROR) outcome.error = parser.error;
  outcome.partial = status === PARSED_ERROR ? null : parser.suspend();
}

/** The arguments of the command found last. */
export function argumentsOf(parser: RequestParser): string[] {
  const args: string[] = [];
  for (let i = 0; i < parser.argc; i++) args.push(parser.buf.toString("latin1", parser.starts[i], parser.ends[i]));
  return args;
}

export const latin1Bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** The bytes of commands as arrays of bulk strings. */
export function encode(...commands: string[][]): string {
  return commands.map((args) => `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join("")}`).join("");
}
