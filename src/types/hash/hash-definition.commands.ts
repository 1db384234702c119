/** What the tables of hash commands are written with. */

import { type CommandDefinition, type Handler, keyAt } from "../../command/command-spec";

/** A line of a command table: the command's key is its first argument. */
export function hashCommand(
  name: string,
  arity: number,
  flags: number,
  keyFlags: string,
  handler: Handler,
): CommandDefinition {
  return { name, arity, flags, categories: "hash", keys: [keyAt(1, keyFlags)], handler };
}
