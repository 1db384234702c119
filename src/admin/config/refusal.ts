/**
 * Configurations that redbun must not start with, because passing over them would be dangerous: modules that are not
 * there.
 */

import type { Config } from "./config";

/** The directives that stop the start where they ask for more than redbun has; the README lists them. */
export const refusedDirectives: readonly string[] = ["loadmodule"];

/** Why redbun cannot start with its modules, as a log line of Redis, or null. */
export function moduleRefusal(config: Config): string | null {
  const [first] = config.moduleDirectives;
  if (first !== undefined) return `Can't load module from ${first.path}: server aborting`;
  return config.moduleSettings.size === 0
    ? null
    : "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting";
}
