/** INFO. */

import type { Call } from "../../command/call";
import { type CommandDefinition, LOADING, STALE } from "../../command/command-spec";
import { infoText } from "./info";

function info(c: Call): void {
  const sections: string[] = [];
  for (let i = 1; i < c.argc; i++) sections.push(c.text(i));
  c.reply.verbatim(infoText(c.server, sections), "txt");
}

export const infoCommands: CommandDefinition[] = [
  {
    name: "info",
    arity: -1,
    flags: LOADING | STALE,
    categories: "dangerous",
    tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    handler: info,
  },
];
