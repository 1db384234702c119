/**
 * Writes a base that is no RDB file (`aof-use-rdb-preamble no`): commands that make all data anew, database after
 * database.
 */

import type { Database } from "../../db/database";
import { RdbOutput, type RdbSink } from "../rdb/rdb-output";
import type { RdbFileFields, SnapshotWriter } from "../rdb/rdb-writer";
import type { ValueCodecs } from "../rdb/value-codecs";
import type { LargeValue, LargeWriter } from "../snapshot/large-value";
import { CommandOutput } from "./command-output";
import { freezeAsCommands } from "./large-commands";
import { ValueCommands } from "./value-commands";

export class CommandWriter implements SnapshotWriter, LargeWriter {
  keys = 0;
  /** Nothing is compressed. */
  readonly compressMax = 0;
  readonly out: RdbOutput;
  private readonly commands: CommandOutput;
  private readonly values: ValueCommands;
  private selected = -1;

  /** @param timestamp seconds since the epoch, for an annotation at the head of the file; 0: none */
  constructor(
    private readonly codecs: ValueCodecs,
    sink: RdbSink,
    private readonly timestamp: number,
  ) {
    this.out = new RdbOutput(false, sink);
    this.commands = new CommandOutput(this.out);
    this.values = new ValueCommands(codecs, this.commands);
  }

  begin(_fields: RdbFileFields, libraries: readonly Buffer[]): void {
    if (this.timestamp > 0) this.commands.raw(`#TS:${this.timestamp}\r\n`);
    for (const library of libraries) {
      this.commands.command(3, "FUNCTION");
      this.commands.text("LOAD");
      this.commands.bulk(library, 0, library.length);
    }
  }

  database(db: Database): void {
    this.select(db.id);
  }

  select(id: number): void {
    if (id === this.selected) return;
    this.selected = id;
    this.commands.command(2, "SELECT");
    this.commands.text(String(id));
  }

  readonly entry = (ref: number): void => {
    this.values.write(ref);
    if (this.codecs.entries.hasExpiry(ref)) this.values.writeExpiry(ref);
    this.keys++;
  };

  freeze(ref: number, id: number, failed: (error: unknown) => void): LargeValue | null {
    return freezeAsCommands(this.codecs, this, ref, id, failed);
  }

  end(): void {
    this.out.flush();
  }
}
