/** ACL files: lines to users, all errors of all lines, and replacing one as a whole. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAclFile, replaceAclFile } from "../../../src/admin/acl/acl-file";
import { createCommandTable } from "../../../src/server";

const context = { commands: createCommandTable(), allChannels: false, warn() {} };

function parse(text: string): { users: string[]; errors: string } {
  const { users, errors } = parseAclFile(text, "u.acl", context);
  return { users: [...users.values()].map((user) => `${user.name} ${user.description()}`), errors };
}

describe("reading", () => {
  test("blanks and line ends around a line, empty lines, and blanks between arguments do not matter", () => {
    expect(parse("\n  user a on  +get \r\n\t\nuser b on nopass\nuser c")).toEqual({
      users: [
        "a on sanitize-payload resetchannels -@all +get",
        "b on nopass sanitize-payload resetchannels -@all",
        "c off sanitize-payload resetchannels -@all",
      ],
      errors: "",
    });
  });

  test("an argument is what stands between blanks: quotes are part of it", () => {
    expect(parse('user a ~"x y"').errors).toBe("u.acl:1: Syntax error. ");
    expect(parse('user a ~"x"').users).toEqual(['a off sanitize-payload ~"x" resetchannels -@all']);
  });

  test("every line's errors are told: every unknown command, and the first of other kinds", () => {
    expect(parse("user a +x y +z w\nuser b on\nuser b off\nUSER c\n# d\nuser\nuser e (+get").errors).toBe(
      "u.acl:1: Error in applying operation '+x': Unknown command or category name in ACL. " +
        "u.acl:1: Syntax error. " +
        "u.acl:1: Error in applying operation '+z': Unknown command or category name in ACL. " +
        "WARNING: Duplicate user 'b' found on line 3. " +
        "u.acl:4 should start with user keyword followed by the username. " +
        "u.acl:5 should start with user keyword followed by the username. " +
        "u.acl:6 should start with user keyword followed by the username. " +
        "u.acl:7: Unmatched parenthesis in selector definition.",
    );
    expect(parse("user a\tb on").errors).toBe("'u.acl:1: username 'a\tb' contains invalid characters. ");
  });
});

describe("writing", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "redbun-acl-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("replaces the file, and leaves nothing beside it", () => {
    const path = join(folder, "u.acl");
    replaceAclFile(path, ["user a on", "user \xff off"]);
    replaceAclFile(path, ["user b on", "user \xff off"]);
    expect(readFileSync(path, "latin1")).toBe("user b on\nuser \xff off\n");
    expect(readdirSync(folder)).toEqual(["u.acl"]);
    expect(statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  test("an error says which step failed, and leaves nothing behind", () => {
    expect(() => replaceAclFile(join(folder, "no/u.acl"), [])).toThrow(
      "Opening temp ACL file for ACL SAVE: No such file or directory",
    );
    // A folder cannot be replaced by a file.
    const path = join(folder, "taken");
    replaceAclFile(join(folder, "other"), []);
    mkdirSync(path);
    expect(() => replaceAclFile(path, [])).toThrow("Renaming ACL file for ACL SAVE: Is a directory");
    expect(readdirSync(folder).sort()).toEqual(["other", "taken"]);
  });
});
