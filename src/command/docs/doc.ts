/**
 * The vocabulary of command documentation: the types that COMMAND DOCS encodes, and small functions that the tables of
 * this folder are written with, so that a table reads like the syntax line of a manual. Modifiers nest from the outside
 * in: `optional(withToken("EX", integer("seconds")))`.
 */

/** Kinds of argument, by their names in COMMAND DOCS. */
export type ArgumentType =
  | "string"
  | "integer"
  | "double"
  | "key"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block";

/** One argument, or a group of them (oneof: exactly one of the group; block: all of it in order). */
export interface ArgumentDoc {
  readonly name: string;
  readonly type: ArgumentType;
  /** What a syntax line shows where it is not the name. COMMAND DOCS has a text for all but groups: `displayText(doc)`. */
  readonly displayText?: string;
  /** Of a key: which of the command's key specifications finds it. */
  readonly keySpecIndex?: number;
  /** The word that stands before the argument, or that a pure token is. */
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  /** A repeated argument repeats its token too. */
  readonly multipleToken?: boolean;
  readonly arguments?: readonly ArgumentDoc[];
}

/** A command, or a subcommand, without those below it. */
export interface CommandDoc {
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly complexity?: string;
  /** "deprecated" or "syscmd". */
  readonly docFlags?: readonly string[];
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  /** [version, what changed] in the order of COMMAND DOCS. */
  readonly history?: readonly (readonly [string, string])[];
  readonly arguments?: readonly ArgumentDoc[];
}

/** What a family's table says of a command: the group is the family's. */
export type CommandText = Omit<CommandDoc, "group">;

/** By lower-case name; a subcommand is "config|get". */
export type FamilyDocs = Readonly<Record<string, CommandText>>;

/** The text of display_text; undefined for groups, which have none. */
export function displayText(doc: ArgumentDoc): string | undefined {
  return doc.type === "oneof" || doc.type === "block" ? undefined : (doc.displayText ?? doc.name);
}

/** The flags of an argument, by their names and in the order of COMMAND DOCS. */
export function argumentFlags(doc: ArgumentDoc): string[] {
  const flags: string[] = [];
  if (doc.optional) flags.push("optional");
  if (doc.multiple) flags.push("multiple");
  if (doc.multipleToken) flags.push("multiple_token");
  return flags;
}

/** A key; `keySpecIndex` is that of the key specification that finds it. */
export function key(name: string, keySpecIndex = 0): ArgumentDoc {
  return { name, type: "key", keySpecIndex };
}

export function string(name: string): ArgumentDoc {
  return { name, type: "string" };
}

export function integer(name: string): ArgumentDoc {
  return { name, type: "integer" };
}

export function double(name: string): ArgumentDoc {
  return { name, type: "double" };
}

export function pattern(name: string): ArgumentDoc {
  return { name, type: "pattern" };
}

export function unixTime(name: string): ArgumentDoc {
  return { name, type: "unix-time" };
}

/** A keyword; its name is the keyword in lower case. */
export function token(word: string): ArgumentDoc {
  return { name: word.toLowerCase(), type: "pure-token", token: word };
}

/** Exactly one of `choices`. */
export function oneof(name: string, ...choices: ArgumentDoc[]): ArgumentDoc {
  return { name, type: "oneof", arguments: choices };
}

/** All of `parts`, in order. */
export function block(name: string, ...parts: ArgumentDoc[]): ArgumentDoc {
  return { name, type: "block", arguments: parts };
}

export function optional(doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, optional: true };
}

/** One or more times. */
export function multiple(doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, multiple: true };
}

/** One or more times, each with its token. */
export function multipleWithToken(doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, multiple: true, multipleToken: true };
}

/** `word` stands before the argument. */
export function withToken(word: string, doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, token: word };
}

/** The version that the argument came with. */
export function since(version: string, doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, since: version };
}

/** The version that deprecated the argument. */
export function deprecatedSince(version: string, doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, deprecatedSince: version };
}

/** Shown as `text` in a syntax line. */
export function shownAs(text: string, doc: ArgumentDoc): ArgumentDoc {
  return { ...doc, displayText: text };
}
