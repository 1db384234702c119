/** The command tables of this folder. */

import { commandCommands } from "../command/command.commands";
import type { CommandDefinition } from "../command/command-spec";
import { aclCommands } from "./acl/acl.commands";
import { clientCommands } from "./client/client.commands";
import { connectionCommands } from "./client/connection.commands";
import { monitorCommands } from "./client/monitor.commands";
import { configCommands } from "./config/config.commands";
import { debugCommands } from "./debug/debug.commands";
import { infoCommands } from "./info/info.commands";
import { memoryCommands } from "./info/memory.commands";
import { latencyCommands } from "./latency/latency.commands";
import { slowLogCommands } from "./latency/slow-log.commands";
import { moduleCommands } from "./module.commands";
import { serverCommands } from "./server.commands";

export const adminCommands: CommandDefinition[][] = [
  aclCommands,
  connectionCommands,
  clientCommands,
  commandCommands,
  configCommands,
  debugCommands,
  infoCommands,
  latencyCommands,
  memoryCommands,
  moduleCommands,
  monitorCommands,
  serverCommands,
  slowLogCommands,
];
