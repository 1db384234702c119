/** What COMMAND INFO and COMMAND DOCS say of a command, as replies. */

import type { ReplyWriter } from "../resp/reply-writer";
import { type Command, FLAG_NAMES, type KeySpec } from "./command-spec";
import { type ArgumentDoc, argumentFlags, type CommandDoc, commandDocs, displayText } from "./docs";
import { legacyRange } from "./key-extraction";

/** A set of simple strings. */
function replyNames(reply: ReplyWriter, names: readonly string[]): void {
  reply.set(names.length);
  for (const name of names) reply.simple(name);
}

/** Flags of keys, in the order in which Redis lists them. */
const KEY_FLAGS = [
  "RO",
  "RW",
  "OW",
  "RM",
  "access",
  "update",
  "insert",
  "delete",
  "not_key",
  "incomplete",
  "variable_flags",
];

/** A set of key flags. */
export function replyKeyFlags(reply: ReplyWriter, flags: readonly string[]): void {
  replyNames(
    reply,
    KEY_FLAGS.filter((flag) => flags.includes(flag)),
  );
}

// --- COMMAND INFO ----------------------------------------------------------------------------------------------------

/** One command, its subcommands inside it. */
export function replyCommandInfo(reply: ReplyWriter, command: Command): void {
  const { first, last, step } = legacyRange(command);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  replyNames(
    reply,
    FLAG_NAMES.filter(([flag]) => (command.flags & flag) !== 0).map(([, name]) => name),
  );
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  replyNames(
    reply,
    command.categories.map((category) => `@${category}`),
  );
  reply.set(command.tips.length);
  for (const tip of command.tips) reply.bulkText(tip);
  reply.set(command.keys.length);
  for (const spec of command.keys) replyKeySpec(reply, spec);
  if (command.subcommands === null) {
    reply.set(0);
    return;
  }
  reply.array(command.subcommands.size);
  for (const subcommand of command.subcommands.values()) replyCommandInfo(reply, subcommand);
}

function replyKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  reply.map(spec.notes === undefined ? 3 : 4);
  if (spec.notes !== undefined) replyField(reply, "notes", spec.notes);
  reply.bulkText("flags");
  replyKeyFlags(reply, spec.flags);
  reply.bulkText("begin_search");
  const { begin, find } = spec;
  if ("unknown" in begin) replySearch(reply, "unknown", {});
  else if ("index" in begin) replySearch(reply, "index", { index: begin.index });
  else replySearch(reply, "keyword", { keyword: begin.keyword, startfrom: begin.from });
  reply.bulkText("find_keys");
  if ("unknown" in find) replySearch(reply, "unknown", {});
  else if ("last" in find) replySearch(reply, "range", { lastkey: find.last, keystep: find.step, limit: find.limit });
  else replySearch(reply, "keynum", { keynumidx: find.keynum, firstkey: find.firstKey, keystep: find.step });
}

/** A search of a key specification: its type and its parameters. */
function replySearch(reply: ReplyWriter, type: string, spec: Readonly<Record<string, number | string>>): void {
  reply.map(2);
  replyField(reply, "type", type);
  reply.bulkText("spec");
  const fields = Object.entries(spec);
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

function replyField(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}

// --- COMMAND DOCS ----------------------------------------------------------------------------------------------------

/** One entry of a map: its name, and what writes its value. */
type Field = readonly [string, () => void];

function replyFields(reply: ReplyWriter, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulkText(name);
    write();
  }
}

/** The documentation of one command, that of its subcommands inside it. */
export function replyCommandDocs(reply: ReplyWriter, command: Command): void {
  const doc = commandDocs(command.fullName);
  const fields: Field[] = doc === undefined ? [] : docFields(reply, doc);
  const { subcommands } = command;
  if (subcommands !== null) {
    fields.push(["subcommands", () => replySubcommandDocs(reply, [...subcommands.values()])]);
  }
  replyFields(reply, fields);
}

function replySubcommandDocs(reply: ReplyWriter, subcommands: readonly Command[]): void {
  reply.map(subcommands.length);
  for (const subcommand of subcommands) {
    reply.bulkText(subcommand.fullName);
    replyCommandDocs(reply, subcommand);
  }
}

function docFields(reply: ReplyWriter, doc: CommandDoc): Field[] {
  const { complexity, docFlags, deprecatedSince, replacedBy, history, arguments: parts } = doc;
  const text = (name: string, value: string): Field => [name, () => reply.bulkText(value)];
  const fields = [text("summary", doc.summary), text("since", doc.since), text("group", doc.group)];
  if (complexity !== undefined) fields.push(text("complexity", complexity));
  if (docFlags !== undefined) fields.push(["doc_flags", () => replyNames(reply, docFlags)]);
  if (deprecatedSince !== undefined) fields.push(text("deprecated_since", deprecatedSince));
  if (replacedBy !== undefined) fields.push(text("replaced_by", replacedBy));
  if (history !== undefined) fields.push(["history", () => replyHistory(reply, history)]);
  if (parts !== undefined) fields.push(["arguments", () => replyArguments(reply, parts)]);
  return fields;
}

function replyHistory(reply: ReplyWriter, history: NonNullable<CommandDoc["history"]>): void {
  reply.set(history.length);
  for (const [version, change] of history) {
    reply.array(2);
    replyField(reply, version, change);
  }
}

function replyArguments(reply: ReplyWriter, docs: readonly ArgumentDoc[]): void {
  reply.array(docs.length);
  for (const doc of docs) replyFields(reply, argumentFields(reply, doc));
}

function argumentFields(reply: ReplyWriter, doc: ArgumentDoc): Field[] {
  const fields: Field[] = [];
  const text = (name: string, value: string | undefined): void => {
    if (value !== undefined) fields.push([name, () => reply.bulkText(value)]);
  };
  text("name", doc.name);
  text("type", doc.type);
  text("display_text", displayText(doc));
  const { keySpecIndex, arguments: parts } = doc;
  if (keySpecIndex !== undefined) fields.push(["key_spec_index", () => reply.integer(keySpecIndex)]);
  text("token", doc.token);
  text("since", doc.since);
  text("deprecated_since", doc.deprecatedSince);
  const flags = argumentFlags(doc);
  if (flags.length > 0) fields.push(["flags", () => replyNames(reply, flags)]);
  if (parts !== undefined) fields.push(["arguments", () => replyArguments(reply, parts)]);
  return fields;
}
