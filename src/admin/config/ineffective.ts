/**
 * Directives that redbun takes and that nothing acts on yet, where they ask for something: a server that was to be a
 * replica, or a node of a cluster, and is not must not keep silent about it.
 */

import type { Logger } from "../process/logger";
import type { Config } from "./config";
import { EFFECTIVE } from "./directive";

/** The directives without effect that have another value than Redis's own. */
function ineffectiveSettings(config: Config): string[] {
  const names: string[] = [];
  config.forEach((name, { flags, initial, format }, raw) => {
    if ((flags & EFFECTIVE) === 0 && format(raw) !== format(initial)) names.push(name);
  });
  return names.sort();
}

export function warnOfIneffectiveSettings(config: Config, log: Logger): void {
  const names = ineffectiveSettings(config);
  if (names.length > 0) log.warning(`WARNING: These directives have no effect in redbun: ${names.join(", ")}`);
}
