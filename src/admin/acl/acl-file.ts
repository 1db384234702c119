/**
 * The ACL file: a line a user, as ACL LIST shows it ("user alice on #… ~alice:* +@read"). Empty lines are passed over;
 * there are no comments, as ACL SAVE would lose them. Arguments are separated by single blanks and are not quoted.
 */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { ACL_UNKNOWN_COMMAND } from "../../resp/errors";
import { syncFolder, writeAll } from "../../util/files";
import { strerror } from "../../util/strerror";
import { type AclContext, cString, hasSpaces } from "./selector";
import { mergeSelectors, User } from "./user";

const FILE_MODE = 0o644;

/** The content of the file, latin1. */
export function readAclFile(path: string): string {
  return readFileSync(path, "latin1");
}

export interface ParsedAclFile {
  readonly users: Map<string, User>;
  /** All that is wrong, in one line; "" if nothing is. */
  readonly errors: string;
}

/** The users of a file; `shownPath` is how errors name it. */
export function parseAclFile(text: string, shownPath: string, context: AclContext): ParsedAclFile {
  const users = new Map<string, User>();
  let errors = "";
  text.split("\n").forEach((raw, i) => {
    const line = cString(raw).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    if (line !== "") errors += parseLine(line, i + 1, shownPath, users, context);
  });
  return { users, errors };
}

/** Adds the user of a line; returns what is wrong with it. */
function parseLine(line: string, number: number, path: string, users: Map<string, User>, context: AclContext): string {
  const [word, name, ...args] = line.split(" ");
  if (word !== "user" || name === undefined) {
    return `${path}:${number} should start with user keyword followed by the username. `;
  }
  if (hasSpaces(name)) return `'${path}:${number}: username '${name}' contains invalid characters. `;
  if (users.has(name)) return `WARNING: Duplicate user '${name}' found on line ${number}. `;
  const user = new User(name, context);
  users.set(name, user);
  const merged = mergeSelectors(args);
  if ("unmatched" in merged) return `${path}:${number}: Unmatched parenthesis in selector definition.`;
  return applyRules(user, merged.rules, `${path}:${number}`);
}

/** Unknown commands are named, each of them; of other errors only the first, as it may lead to more. */
function applyRules(user: User, rules: readonly string[], place: string): string {
  let errors = "";
  let isWrong = false;
  for (const untrimmed of rules) {
    const rule = untrimmed.replace(/^[\t\r\n]+|[\t\r\n]+$/g, "");
    const error = user.apply(rule);
    if (error === ACL_UNKNOWN_COMMAND) {
      errors += `${place}: Error in applying operation '${rule}': ${error}. `;
    } else if (error !== null && !isWrong) {
      errors += `${place}: ${error}. `;
      isWrong = true;
    }
  }
  return errors;
}

/** Replaces the file by these lines: after a crash it is the old one or the new one, whole. */
export function replaceAclFile(path: string, lines: readonly string[]): void {
  const temporary = `${path}.tmp-${process.pid}-${Date.now()}`;
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
  const fd = step("Opening temp ACL file", () => openSync(temporary, "w", FILE_MODE));
  try {
    try {
      step("Writing ACL file", () => writeAll(fd, bytes));
      step("Syncing ACL file", () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
    step("Renaming ACL file", () => renameSync(temporary, path));
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  step("Syncing ACL directory", () => syncFolder(dirname(path)));
}

/** Does one step of saving; what it throws says which it was. */
function step<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Error(`${what} for ACL SAVE: ${strerror(error)}`);
  }
}
