/**
 * The documentation tables beside COMMAND DOCS of real servers. The tables are those of Redis 7.2, so:
 * - Redis 8.0 has to say the same, but for what came after 7.2;
 * - Redis 7.0 has to agree on everything but texts and argument names, which 7.2 reworded, and on what is listed in
 *   CHANGED_SINCE_7_0.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ArgumentDoc,
  argumentFlags,
  type CommandDoc,
  commandDocs,
  displayText,
  documentedCommands,
} from "../../src/command/docs";
import { items, pairs, type Reply, text } from "../support/reply";
import { type Peer, requireRedis, startRedis, type TestServer } from "../support/server";

/** An argument as COMMAND DOCS has it, keys in its order. */
type WireArgument = Record<string, unknown>;
type WireDoc = Record<string, unknown>;

/** What 7.2 says otherwise than 7.0 in a field that has to be equal. */
const CHANGED_SINCE_7_0: Readonly<Record<string, readonly string[]>> = {
  migrate: ["arguments"],
  // Deprecated by the documentation of 7.2 (SETNX, SETEX, PSETEX) or by 7.2 itself (QUIT).
  setnx: ["doc_flags", "deprecated_since", "replaced_by"],
  setex: ["doc_flags", "deprecated_since", "replaced_by"],
  psetex: ["doc_flags", "deprecated_since", "replaced_by"],
  quit: ["doc_flags", "deprecated_since", "replaced_by"],
  // SKIPME was a string, and is a choice of YES and NO.
  "client|kill": ["arguments"],
  // Entries got an ID and two times.
  "acl|log": ["history"],
  // Blocks around a single argument went away.
  "client|list": ["arguments"],
  "config|get": ["arguments"],
  // CONFIG is said once for each pair.
  "module|loadex": ["arguments"],
  // Were not described.
  "command|getkeys": ["arguments"],
  "command|getkeysandflags": ["arguments"],
  // The sources were not optional.
  pfmerge: ["arguments"],
  // Has none: it depends on the streams.
  xread: ["complexity"],
  // FULL and COUNT were no block; the history goes on.
  "xinfo|stream": ["history", "arguments"],
  "xinfo|consumers": ["history"],
  // The operation was a string, and is a choice.
  bitop: ["arguments"],
  // It ended in two full stops.
  sscan: ["complexity"],
  // A full stop too many.
  hscan: ["complexity"],
  zscan: ["complexity"],
  zrandmember: ["complexity"],
  // WITHSCORE is of 7.2.
  zrank: ["history", "arguments"],
  zrevrank: ["history", "arguments"],
  // The number of subscriptions that there are has nothing to do with it.
  psubscribe: ["complexity", "arguments"],
  punsubscribe: ["complexity"],
  sunsubscribe: ["complexity"],
  unsubscribe: ["complexity"],
  // Sorted sets find a member in a hash table; the members were not optional.
  geodist: ["complexity"],
  geohash: ["complexity", "arguments"],
  geopos: ["complexity", "arguments"],
  // STORE and STOREDIST were not a choice; more was said of the units.
  georadius: ["arguments"],
  georadius_ro: ["history"],
  georadiusbymember: ["history", "arguments"],
  georadiusbymember_ro: ["history"],
  // 2.9.50 was a development version.
  "client|pause": ["since"],
};

const NEW_IN_7_2 = ["client|no-touch", "client|setinfo", "waitaof"];

/** Commands that came after 7.2, and that redbun has all the same: fields of hashes that expire. */
const NEW_AFTER_7_2 = [
  ...["hexpire", "hexpireat", "hexpiretime", "hpersist", "hpexpire", "hpexpireat", "hpexpiretime", "hpttl", "httl"],
  ...["hgetdel", "hgetex", "hsetex"],
];
const NEW_SINCE_7_0 = [...NEW_IN_7_2, ...NEW_AFTER_7_2];

/** Redis 8.0 names 7.2's new fields of CLIENT LIST in the history, 7.2 does not. */
const LATER_HISTORY = new Map([["client|list", "7.2.0"]]);

/** Arguments that Redis 8.0 names without saying that they came after 7.2. */
const LATER_ARGUMENTS = ["novalues"];

const AFTER_7_2 = /^(7\.[3-9]|[89])/;

function wireArgument(doc: ArgumentDoc): WireArgument {
  const wire: WireArgument = { name: doc.name, type: doc.type };
  const shown = displayText(doc);
  if (shown !== undefined) wire.display_text = shown;
  if (doc.keySpecIndex !== undefined) wire.key_spec_index = String(doc.keySpecIndex);
  if (doc.token !== undefined) wire.token = doc.token;
  if (doc.since !== undefined) wire.since = doc.since;
  if (doc.deprecatedSince !== undefined) wire.deprecated_since = doc.deprecatedSince;
  const flags = argumentFlags(doc);
  if (flags.length > 0) wire.flags = flags;
  if (doc.arguments !== undefined) wire.arguments = doc.arguments.map(wireArgument);
  return wire;
}

/** Our documentation in the form of the reply. */
function wireDoc(doc: CommandDoc): WireDoc {
  const wire: WireDoc = { summary: doc.summary, since: doc.since, group: doc.group };
  if (doc.complexity !== undefined) wire.complexity = doc.complexity;
  if (doc.docFlags !== undefined) wire.doc_flags = [...doc.docFlags];
  if (doc.deprecatedSince !== undefined) wire.deprecated_since = doc.deprecatedSince;
  if (doc.replacedBy !== undefined) wire.replaced_by = doc.replacedBy;
  if (doc.history !== undefined) wire.history = doc.history.map((entry) => [...entry]);
  if (doc.arguments !== undefined) wire.arguments = doc.arguments.map(wireArgument);
  return wire;
}

function parseArgument(reply: Reply): WireArgument {
  const wire: WireArgument = {};
  for (const [key, value] of pairs(reply)) {
    const name = text(key);
    if (name === "arguments") wire[name] = items(value).map(parseArgument);
    else wire[name] = name === "flags" ? items(value).map(text) : text(value);
  }
  return wire;
}

/** The documentation in a reply by full name; subcommands stand beside their containers. */
function parseDocs(reply: Reply, into = new Map<string, WireDoc>()): Map<string, WireDoc> {
  for (const [name, fields] of pairs(reply)) {
    const doc: WireDoc = {};
    for (const [key, value] of pairs(fields)) {
      const field = text(key);
      if (field === "subcommands") parseDocs(value, into);
      else if (field === "arguments") doc[field] = items(value).map(parseArgument);
      else if (field === "history") doc[field] = items(value).map((entry) => items(entry).map(text));
      else doc[field] = field === "doc_flags" ? items(value).map(text) : text(value);
    }
    into.set(text(name), doc);
  }
  return into;
}

/** What is left of an argument without its names. */
function shape(argument: WireArgument): WireArgument {
  const { name: _name, display_text: _shown, ...rest } = argument;
  if (rest.arguments !== undefined) rest.arguments = (rest.arguments as WireArgument[]).map(shape);
  return rest;
}

function withoutLaterArguments(list: WireArgument[]): WireArgument[] {
  return list
    .filter((argument) => !AFTER_7_2.test(String(argument.since)) && !LATER_ARGUMENTS.includes(String(argument.name)))
    .map((argument) =>
      argument.arguments === undefined
        ? argument
        : { ...argument, arguments: withoutLaterArguments(argument.arguments as WireArgument[]) },
    );
}

/** Redis 8.0's documentation as it was in 7.2. */
function asOf72(name: string, doc: WireDoc): WireDoc {
  const earlier = { ...doc };
  if (doc.arguments !== undefined) earlier.arguments = withoutLaterArguments(doc.arguments as WireArgument[]);
  if (doc.history !== undefined) {
    const history = (doc.history as string[][]).filter(
      ([version]) => !AFTER_7_2.test(version) && LATER_HISTORY.get(name) !== version,
    );
    earlier.history = history;
  }
  return earlier;
}

/** Registers `body` with the documentation that `peer` has of the commands that we document. */
function beside(peer: Peer, body: (docs: () => Map<string, WireDoc>) => void): void {
  describe.skipIf(!requireRedis(peer))(`the documentation beside ${peer}`, () => {
    let server: TestServer;
    let docs = new Map<string, WireDoc>();
    beforeAll(async () => {
      server = await startRedis(peer);
      await using client = await server.client();
      const containers = documentedCommands().filter((name) => !name.includes("|"));
      docs = parseDocs(await client.call("COMMAND", "DOCS", ...containers));
    });
    afterAll(() => server.stop());
    body(() => docs);
  });
}

setDefaultTimeout(60_000);

beside("redis8", (docs) => {
  test("no command is missing on either side", () => {
    const later = [...docs()].filter(([, doc]) => AFTER_7_2.test(String(doc.since))).map(([name]) => name);
    const theirs = [...docs().keys()].filter((name) => !later.includes(name) || NEW_AFTER_7_2.includes(name));
    expect(documentedCommands().sort()).toEqual(theirs.sort());
  });

  for (const name of documentedCommands()) {
    test(name, () => {
      const doc = commandDocs(name) as CommandDoc;
      expect(wireDoc(doc)).toEqual(asOf72(name, docs().get(name) ?? {}));
    });
  }
});

beside("redis7", (docs) => {
  test("no command is missing on either side", () => {
    const ours = documentedCommands().filter((name) => !NEW_SINCE_7_0.includes(name));
    expect(ours.sort()).toEqual([...docs().keys()].sort());
  });

  for (const name of documentedCommands()) {
    if (NEW_SINCE_7_0.includes(name)) continue;
    test(name, () => {
      const ours = wireDoc(commandDocs(name) as CommandDoc);
      const theirs = docs().get(name) ?? {};
      const changed: string[] = [];
      for (const field of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
        if (field === "summary") continue;
        const [left, right] = [ours[field], theirs[field]].map((value) =>
          field === "arguments" && value !== undefined ? (value as WireArgument[]).map(shape) : value,
        );
        if (!Bun.deepEquals(left, right)) changed.push(field);
      }
      expect(changed).toEqual([...(CHANGED_SINCE_7_0[name] ?? [])]);
    });
  }
});
