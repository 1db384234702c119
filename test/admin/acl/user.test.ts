/** Users: flags, passwords, selectors; and arguments that belong together. */

import { describe, expect, test } from "bun:test";
import type { AclContext } from "../../../src/admin/acl/selector";
import { mergeSelectors, User } from "../../../src/admin/acl/user";
import { ACL_BAD_HASH, ACL_NO_SUCH_PASSWORD, ACL_SYNTAX, ACL_UNKNOWN_COMMAND } from "../../../src/resp/errors";
import { createCommandTable } from "../../../src/server";

const context: AclContext = { commands: createCommandTable(), allChannels: false, warn() {} };
const HASH = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

function user(...rules: readonly string[]): User {
  const made = new User("alice", context);
  for (const rule of rules) expect(made.apply(rule)).toBeNull();
  return made;
}

const accepts = (of: User, password: string): boolean => of.accepts(Buffer.from(password, "latin1"));

test("a new user may do nothing, and nobody may be it", () => {
  expect(user().description()).toBe("off sanitize-payload resetchannels -@all");
  expect(accepts(user(), "")).toBe(false);
  expect(user().unrestricted).toBe(false);
});

test("the default user may do everything", () => {
  const made = User.createDefault(context);
  expect(made.description()).toBe("on nopass sanitize-payload ~* &* +@all");
  expect(made.unrestricted).toBe(true);
});

describe("passwords", () => {
  test("several, by text and by hash", () => {
    const made = user("on", ">one", `#${HASH}`, ">one");
    expect(made.hashes).toHaveLength(2);
    expect(["one", "secret", "two", ""].map((password) => accepts(made, password))).toEqual([true, true, false, false]);
    expect(made.apply("<one")).toBeNull();
    expect(made.apply(`!${HASH}`)).toBeNull();
    expect(made.hashes).toEqual([]);
    expect(made.apply("<one")).toBe(ACL_NO_SUCH_PASSWORD);
    expect(made.apply(`!${HASH}`)).toBe(ACL_NO_SUCH_PASSWORD);
    expect(["one", "secret"].map((password) => accepts(made, password))).toEqual([false, false]);
  });

  test("any, and none", () => {
    const made = user("on", "nopass");
    expect(accepts(made, "whatever")).toBe(true);
    made.apply(">p");
    expect([accepts(made, "whatever"), accepts(made, "p"), made.noPassword]).toEqual([false, true, false]);
    made.apply("nopass");
    expect(made.hashes).toEqual([]);
    made.apply("resetpass");
    expect(accepts(made, "p")).toBe(false);
  });

  test("not of a user that is off", () => {
    expect(accepts(user(">p"), "p")).toBe(false);
    expect(accepts(user("nopass"), "p")).toBe(false);
    expect(accepts(user(">p", "on"), "p")).toBe(true);
  });

  test("are bytes", () => {
    const made = user("on", ">a\0b\xff");
    expect(["a\0b\xff", "a\0b", "a"].map((password) => accepts(made, password))).toEqual([true, false, false]);
  });

  test("hashes are 64 digits in lower case", () => {
    for (const hash of ["", "12", HASH.toUpperCase(), `${HASH}0`, HASH.slice(1), `${HASH.slice(1)}g`, `${HASH}\n`]) {
      expect(user().apply(`#${hash}`)).toBe(ACL_BAD_HASH);
      expect(user().apply(`!${hash}`)).toBe(ACL_BAD_HASH);
    }
  });
});

describe("selectors", () => {
  test("each is a set of rights of its own", () => {
    const made = user("+get", "~a", "(+set ~b)", "(+@all ~* &*)");
    expect(made.selectors.map((selector) => selector.describe())).toEqual([
      "~a resetchannels -@all +get",
      "~b resetchannels -@all +set",
      "~* &* +@all",
    ]);
    expect(made.unrestricted).toBe(true);
    made.apply("clearselectors");
    expect([made.selectors.length, made.unrestricted]).toEqual([1, false]);
  });

  test("know no rules of users, and an error keeps none of it", () => {
    for (const rule of ["(on)", "(>x)", "(+get off)", "(~a (+get))"]) expect(user().apply(rule)).toBe(ACL_SYNTAX);
    const made = user();
    expect(made.apply("(+get +nope)")).toBe(ACL_UNKNOWN_COMMAND);
    expect(made.selectors).toHaveLength(1);
  });
});

test("reset is a new user", () => {
  const made = user("on", ">p", "~*", "&*", "+@all", "(+get)", "skip-sanitize-payload", "reset");
  expect(made).toEqual(user());
});

test("a copy shares nothing", () => {
  const made = user("on", ">p", "~a", "+get", "(+set ~b)");
  const copy = new User("bob", context);
  copy.copyFrom(made);
  expect(copy.description()).toBe(made.description());
  for (const rule of ["off", "resetpass", "%R~c", "-get", "clearselectors", "&c"]) copy.apply(rule);
  expect(made.description()).toBe(user("on", ">p", "~a", "+get", "(+set ~b)").description());
  expect(copy.description()).toBe("off sanitize-payload ~a %R~c resetchannels &c -@all -get");
});

test("a description is up to date", () => {
  const made = user();
  expect(made.description()).toContain("off");
  made.apply("on");
  expect(made.description()).toStartWith("on ");
});

describe("the arguments of a selector", () => {
  const merged = (...args: string[]): unknown => mergeSelectors(args);

  test("are joined", () => {
    expect(merged("on", "(+get", "~a)", "off")).toEqual({ rules: ["on", "(+get ~a)", "off"] });
    expect(merged("(", "+get", ")", "(~a)")).toEqual({ rules: ["( +get )", "(~a)"] });
    expect(merged()).toEqual({ rules: [] });
  });

  test("have to end", () => {
    expect(merged("on", "(+get", "~a")).toEqual({ unmatched: 1 });
    expect(merged("(+get)", "(")).toEqual({ unmatched: 1 });
    expect(merged("(a", "(b", "c)")).toEqual({ rules: ["(a (b c)"] });
  });
});
