/**
 * What README.md says is so: its lists are those that the server gives, its session with redis-cli runs as printed,
 * and the files that it and the other READMEs point to are there.
 */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { directivesWithoutEffect, refusedDirectives } from "../src/admin/config/config";
import { DEBUG_HELP } from "../src/admin/debug/help";
import { commandDocs } from "../src/command/docs";
import { InProcess } from "./support/in-process";
import { items, text } from "./support/reply";
import { REPOSITORY, startRedbun } from "./support/server";

const readme = await Bun.file(join(REPOSITORY, "README.md")).text();

/** The text between `<!-- NAME begin -->` and `<!-- NAME end -->`. */
function section(name: string): string {
  const [begin, end] = [`<!-- ${name} begin -->`, `<!-- ${name} end -->`].map((mark) => readme.indexOf(mark));
  if (begin < 0 || end < begin) throw new Error(`README.md has no section "${name}"`);
  return readme.slice(readme.indexOf("-->", begin) + 3, end).trim();
}

/** Fails with the text that the section must have: it can be put into README.md as it is. */
function expectSection(name: string, expected: string): void {
  if (section(name) !== expected) throw new Error(`README.md: the section "${name}" has to be:\n\n${expected}\n`);
}

const code = (word: string): string => `\`${word}\``;

/** Groups of commands, as COMMAND DOCS names them, in the README's order and with its titles. */
const GROUPS: Readonly<Record<string, string>> = {
  string: "strings",
  list: "lists",
  set: "sets",
  hash: "hashes",
  "sorted-set": "sorted sets",
  bitmap: "bitmaps",
  hyperloglog: "HyperLogLogs",
  stream: "streams",
  geo: "geo",
  generic: "keys",
  pubsub: "publish and subscribe",
  transactions: "transactions",
  connection: "connection",
  server: "server",
};

function listedCommands(): string[] {
  return items(new InProcess().call("COMMAND", "LIST")).map(text).sort();
}

/** A command as the table shows it: a container with its subcommands in parentheses. */
function shown(command: string, all: readonly string[]): string {
  const subcommands = all.filter((name) => name.startsWith(`${command}|`)).map((name) => name.split("|")[1]);
  const name = code(command.toUpperCase());
  return subcommands.length === 0 ? name : `${name} (${subcommands.map((sub) => code(sub.toUpperCase())).join(", ")})`;
}

function commandTable(): string {
  const all = listedCommands();
  const commands = all.filter((name) => !name.includes("|"));
  const rows = Object.entries(GROUPS).flatMap(([group, title]) => {
    const members = commands.filter((name) => commandDocs(name)?.group === group).map((name) => shown(name, all));
    return members.length === 0 ? [] : [`| ${title} | ${members.join(", ")} |`];
  });
  return ["| family | commands |", "|---|---|", ...rows].join("\n");
}

describe("README.md", () => {
  test("every command is documented, in a group that the README has", () => {
    const lacking = listedCommands().filter((name) => !((commandDocs(name)?.group ?? "") in GROUPS));
    expect(lacking).toEqual([]);
  });

  test("lists the commands that COMMAND LIST names", () => expectSection("commands", commandTable()));

  test("lists the directives that have no effect", () => {
    expectSection("directives without effect", directivesWithoutEffect().map(code).join(", "));
  });

  test("lists the directives that stop the start", () => {
    expectSection("refused directives", refusedDirectives.map(code).join(", "));
  });

  test("lists the subcommands of DEBUG", () => {
    const names = DEBUG_HELP.filter((line) => !line.startsWith(" ")).map((line) => line.split(" ")[0]);
    expectSection("debug", names.sort().map(code).join(", "));
  });

  const hasCli = Bun.which("redis-cli") !== null;
  if (!hasCli) console.warn("SKIPPED: the README's session: no redis-cli on PATH");
  test.skipIf(!hasCli)("its session with redis-cli runs as printed", async () => {
    const prompt = "127.0.0.1:6379> ";
    const session = /```console\n(127\.0\.0\.1:6379> [\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const lines = session.trim().split("\n");
    const commands = lines.filter((line) => line.startsWith(prompt)).map((line) => line.slice(prompt.length));
    expect(commands.length).toBeGreaterThan(8);
    await using server = await startRedbun();
    const cli = Bun.spawn(["redis-cli", "-p", String(server.port), "--no-raw"], {
      stdin: Buffer.from(`${commands.join("\n")}\n`),
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = (await cli.stdout.text()).trim().split("\n");
    const replies = lines.filter((line) => !line.startsWith(prompt));
    expect(output.map((line) => line.trimEnd())).toEqual(replies);
  });
});

describe("links between the documents", () => {
  const patterns = ["*.md", "src/**/*.md", "test/**/*.md", "bench/**/*.md"];
  const documents = patterns.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(REPOSITORY)]).sort();

  test("there are documents to look at", () => {
    for (const name of ["README.md", "CONTRIBUTING.md", "src/README.md"]) expect(documents).toContain(name);
  });

  for (const document of documents) {
    test(`${document}: what it points to is there`, async () => {
      const content = await Bun.file(join(REPOSITORY, document)).text();
      const targets = [...content.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]);
      const missing = targets.filter((target) => !existsSync(join(REPOSITORY, dirname(document), target)));
      expect(missing).toEqual([]);
    });

    test(`${document}: the source files that it names are there`, async () => {
      const content = await Bun.file(join(REPOSITORY, document)).text();
      const paths = [...content.matchAll(/`([\w./-]+\.(?:ts|sh))`/g)].map((match) => match[1]);
      // A README inside src/ names files from its own folder; everywhere else a path starts at the repository.
      const named = document.startsWith("src/")
        ? paths.map((path) => (/^(src|test|bench)\//.test(path) ? path : join(dirname(document), path)))
        : paths.filter((path) => /^(src|test|bench|\.ci)\//.test(path));
      expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
    });
  }
});
