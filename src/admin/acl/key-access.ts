/** What a command does with a key, as far as permissions go. */

export const KEY_READ = 1;
export const KEY_WRITE = 2;
export const KEY_ALL = KEY_READ | KEY_WRITE;

/**
 * From the flags of a key specification. A command that neither reads nor writes the value of a key (EXISTS, TYPE) needs
 * a pattern that matches it, whatever that allows.
 */
export function keyAccess(flags: readonly string[]): number {
  let access = 0;
  for (const flag of flags) {
    if (flag === "access") access |= KEY_READ;
    else if (flag === "update" || flag === "insert" || flag === "delete") access |= KEY_WRITE;
  }
  return access;
}
