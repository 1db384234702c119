/** Commands as arrays of bulk strings, written to an output. */

import type { RdbOutput } from "../rdb/rdb-output";

const CRLF = Buffer.from("\r\n");

export class CommandOutput {
  private readonly line = Buffer.alloc(32);

  /** @param out where they are written to; it may become another one between two commands */
  constructor(public out: RdbOutput) {}

  /** Begins a command of `argc` arguments, its name included. */
  command(argc: number, name: string): void {
    this.header("*", argc);
    this.text(name);
  }

  /** An argument. */
  bulk(buf: Uint8Array, at: number, length: number): void {
    this.bulkLength(length);
    this.out.raw(buf, at, length);
    this.bulkEnd();
  }

  /** What stands before an argument of so many bytes. */
  bulkLength(length: number): void {
    this.header("$", length);
  }

  /** What stands behind an argument. */
  bulkEnd(): void {
    this.out.raw(CRLF, 0, CRLF.length);
  }

  /** An argument that is latin1 text. */
  text(text: string): void {
    this.raw(`$${text.length}\r\n${text}\r\n`);
  }

  private header(type: string, value: number): void {
    const length = this.line.write(`${type}${value}\r\n`, 0, "latin1");
    this.out.raw(this.line, 0, length);
  }

  /** Latin1 text as it is. */
  raw(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.out.raw(bytes, 0, bytes.length);
  }
}
