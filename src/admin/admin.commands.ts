/** The command tables of this folder. */

import type { CommandDefinition } from "../command/command-spec";
import { clientCommands } from "./client.commands";
import { commandCommands } from "./command.commands";
import { configCommands } from "./config.commands";
import { connectionCommands } from "./connection.commands";
import { debugCommands } from "./debug.commands";
import { infoCommands } from "./info.commands";
import { memoryCommands } from "./memory.commands";
import { serverCommands } from "./server.commands";

export const adminCommands: CommandDefinition[][] = [
  connectionCommands,
  clientCommands,
  commandCommands,
  configCommands,
  debugCommands,
  infoCommands,
  memoryCommands,
  serverCommands,
];
