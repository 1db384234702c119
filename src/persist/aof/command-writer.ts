/**
 * Writes a base that is no RDB file (`aof-use-rdb-preamble no`): commands that make all data anew, database after
 * database.
 */

import type { Database } from "../../db/database";
import type { RdbFileFields, SnapshotWriter } from "../rdb/rdb-writer";
import type { ValueCodecs } from "../rdb/value-codecs";
import { CommandOutput } from "./command-output";
import { ValueCommands } from "./value-commands";

export class CommandWriter implements SnapshotWriter {
  keys = 0;
  private readonly out: CommandOutput;
  private readonly values: ValueCommands;
  private selected = -1;

  /** @param timestamp seconds since the epoch, for an annotation at the head of the file; 0: none */
  constructor(
    private readonly codecs: ValueCodecs,
    sink: (buf: Buffer, length: number) => void,
    private readonly timestamp: number,
  ) {
    this.out = new CommandOutput(sink);
    this.values = new ValueCommands(codecs, this.out);
  }

  begin(_fields: RdbFileFields, libraries: readonly Buffer[]): void {
    if (this.timestamp > 0) this.out.raw(`#TS:${this.timestamp}\r\n`);
    for (const library of libraries) {
      this.out.command(3, "FUNCTION");
      this.out.text("LOAD");
      this.out.bulk(library, 0, library.length);
    }
  }

  database(db: Database): void {
    this.select(db.id);
  }

  select(id: number): void {
    if (id === this.selected) return;
    this.selected = id;
    this.out.command(2, "SELECT");
    this.out.text(String(id));
  }

  readonly entry = (ref: number): void => {
    this.values.write(ref);
    if (this.codecs.entries.hasExpiry(ref)) this.values.writeExpiry(ref);
    this.keys++;
  };

  end(): void {
    this.out.flush();
  }
}
