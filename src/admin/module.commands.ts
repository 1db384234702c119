/**
 * MODULE, for those who ask what modules there are: none. redbun cannot load a shared library made for Redis, so LOAD
 * fails as it does in Redis for a file that is no module; where enable-module-command does not allow it, it is refused.
 */

import type { Call } from "../command/call";
import {
  ADMIN,
  type CommandDefinition,
  LOADING,
  NO_ASYNC_LOADING,
  NOSCRIPT,
  PROTECTED,
  STALE,
} from "../command/command-spec";
import { replyHelp } from "../command/help";
import { MODULE_LOAD_FAILED, NO_SUCH_MODULE } from "../resp/errors";

const HELP = [
  "LIST",
  "    Return a list of loaded modules.",
  "LOAD <path> [<arg> ...]",
  "    Load a module library from <path>, passing to it any optional arguments.",
  "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
  "    Load a module library from <path>, while passing it module configurations and optional arguments.",
  "UNLOAD <name>",
  "    Unload a module.",
];

function load(c: Call): void {
  c.server.log.warning(`Module ${c.text(2)} failed to load: redbun has no modules`);
  c.fail(MODULE_LOAD_FAILED);
}

const CHANGES = ADMIN | NOSCRIPT | NO_ASYNC_LOADING | PROTECTED;

export const moduleCommands: CommandDefinition[] = [
  {
    name: "module",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "", handler: (c) => replyHelp(c, HELP) },
      {
        name: "list",
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        categories: "",
        tips: ["nondeterministic_output_order"],
        handler: (c) => c.reply.array(0),
      },
      { name: "load", arity: -3, flags: CHANGES, categories: "", handler: load },
      { name: "loadex", arity: -3, flags: CHANGES, categories: "", handler: load },
      { name: "unload", arity: 3, flags: CHANGES, categories: "", handler: (c) => c.fail(NO_SUCH_MODULE) },
    ],
  },
];
