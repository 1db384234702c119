/** A base of commands in memory, written in slices as a rewrite of the append-only file writes it. */

import { expect } from "bun:test";
import { CommandWriter } from "../../src/persist/aof/command-writer";
import { Snapshot } from "../../src/persist/snapshot/snapshot";
import type { InProcess } from "./in-process";
import { items, type Reply, text } from "./reply";
import { ReplyDecoder } from "./reply-decoder";

const FIELDS_ABOUT_THE_FILE = { createdAt: 0, usedMemory: 0, aofBase: true };

/** A snapshot of commands, and what was written so far. */
export class CommandBase {
  readonly snapshot: Snapshot;
  private readonly writer: CommandWriter;
  private readonly pieces: Buffer[] = [];

  constructor({ keyspace, server }: InProcess) {
    const take = (buf: Buffer, length: number): void => {
      this.pieces.push(Buffer.from(buf.subarray(0, length)));
    };
    this.writer = new CommandWriter(server.persistence.codecs, take, 0);
    this.snapshot = new Snapshot(keyspace, this.writer);
    this.snapshot.begin(FIELDS_ABOUT_THE_FILE, []);
  }

  /** A look's worth of it. True when it is complete. */
  step(): boolean {
    const isComplete = this.snapshot.step(0, Number.POSITIVE_INFINITY);
    expect(this.snapshot.error).toBeNull();
    if (isComplete) this.writer.end();
    return isComplete;
  }

  get keys(): number {
    return this.writer.keys;
  }

  /** Runs the commands, and returns the server that ran them. */
  load(redbun: InProcess): InProcess {
    const decoder = new ReplyDecoder();
    decoder.push(Buffer.concat(this.pieces));
    for (let command = decoder.next(); command !== undefined; command = decoder.next()) {
      const args = items(command as Reply).map(text);
      // No command is longer than what can be gathered in a moment.
      expect(args.length).toBeLessThan(140);
      expect([args[0], redbun.call(...args).type]).not.toEqual([args[0], "error"]);
    }
    redbun.run("SELECT 0");
    return redbun;
  }
}
