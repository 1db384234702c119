// Configurations that redbun must not start with, because passing over them would be dangerous: modules that are not there,
// and users whose passwords and limits would not hold. (redbun has no modules, and no ACL until a `user` hook is given.)

import type { Config } from "./config";

/** The directives that stop the start where they ask for more than redbun has; the README lists them. */
export const refusedDirectives: readonly string[] = ["aclfile", "loadmodule", "user"];

/** What the default user may do anyway. CONFIG REWRITE of a real Redis writes these into every file. */
const DEFAULT_RULES = [
  "on",
  "nopass",
  "sanitize-payload",
  "skip-sanitize-payload",
  "~*",
  "allkeys",
  "&*",
  "allchannels",
  "+@all",
  "allcommands",
];

/** Whether a rule gives the default user the password that `requirepass` gives it. */
function isRequiredPassword(rule: string, requirepass: string): boolean {
  if (requirepass === "") return false;
  if (rule.startsWith(">")) return rule.slice(1) === requirepass;
  return rule === `#${new Bun.CryptoHasher("sha256").update(requirepass, "latin1").digest("hex")}`;
}

function refusedRule(args: readonly string[], requirepass: string): string | null {
  const [name, ...rules] = args;
  if (name !== "default") return name;
  // Without a password of its own the line must not take away that of requirepass.
  const password = rules.find((rule) => isRequiredPassword(rule, requirepass));
  if (requirepass !== "" && password === undefined) return name;
  return rules.find((rule) => rule !== password && !DEFAULT_RULES.includes(rule.toLowerCase())) ?? null;
}

/** Why redbun cannot start with its modules, as a log line of Redis, or null. */
export function moduleRefusal(config: Config): string | null {
  const [first] = config.moduleDirectives;
  if (first !== undefined) return `Can't load module from ${first.path}: server aborting`;
  return config.moduleSettings.size === 0
    ? null
    : "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting";
}

/** Why redbun cannot start with its users as long as it has no ACL, as a log line, or null. */
export function userRefusal(config: Config): string | null {
  if (config.aclfile !== "") {
    return `Aborting Redis startup because of ACL errors: ${config.aclfile}: redbun has no ACL files yet`;
  }
  for (const args of config.userDirectives) {
    const refused = refusedRule(args, config.requirepass);
    if (refused !== null) {
      return `Aborting Redis startup because of ACL errors: Error in user declaration '${refused}': redbun has no ACL yet`;
    }
  }
  return null;
}
