/** Commands of one key and many elements, which come one by one: they are gathered until it is known how many they are. */

import { RdbOutput } from "../rdb/rdb-output";
import { CommandOutput } from "./command-output";

/** Elements of one command at most. */
export const ITEMS_MAX = 64;

export class CommandBatch {
  /** The arguments of the elements. */
  readonly args = new CommandOutput(new RdbOutput(false));
  /** Commands that follow on the one with the elements. */
  readonly after = new CommandOutput(new RdbOutput(false));
  private readonly head = new CommandOutput(this.args.out);
  private elements = 0;

  /** @param parts arguments of an element */
  constructor(
    private readonly name: string,
    private readonly parts: number,
    private readonly key: Buffer,
  ) {}

  /** An element follows: its arguments are written to `args`. What is complete goes to `out`. */
  element(out: RdbOutput): void {
    if (this.elements === ITEMS_MAX) this.finish(out);
    this.elements++;
  }

  /** Writes what is gathered. */
  finish(out: RdbOutput): void {
    if (this.elements === 0) return;
    const { head, key, name, parts, elements } = this;
    this.elements = 0;
    head.out = out;
    head.command(2 + elements * parts, name);
    head.bulk(key, 0, key.length);
    for (const { out: gathered } of [this.args, this.after]) {
      out.raw(gathered.buf, 0, gathered.length);
      gathered.length = 0;
    }
  }
}
