/** The reply to `<container> HELP`: a heading, the container's own lines, and the line for HELP itself. */

import type { Call } from "./call";

/** Writes the lines of a container's help, in Redis's form. The heading names the command as the client wrote it. */
export function replyHelp(c: Call, lines: readonly string[]): void {
  c.reply.array(lines.length + 3);
  c.reply.simple(`${c.text(0).toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) c.reply.simple(line);
  c.reply.simple("HELP");
  c.reply.simple("    Prints this help.");
}
