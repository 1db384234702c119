/** The command tables of this folder. */

import type { CommandDefinition } from "../command/command-spec";
import { clientCommands } from "./client.commands";
import { configCommands } from "./config.commands";
import { connectionCommands } from "./connection.commands";
import { infoCommands } from "./info.commands";

export const adminCommands: CommandDefinition[][] = [connectionCommands, clientCommands, configCommands, infoCommands];
