/**
 * The directive table, CONFIG SET's errors, the reports of a wrong configuration and CONFIG REWRITE, beside redis-server
 * 7.0. What 7.2 added, and 7.0 cannot know, is listed here.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments } from "../../../src/admin/config/arguments";
import { type Config, createConfig } from "../../../src/admin/config/config";
import { type Directive, HIDDEN, IMMUTABLE } from "../../../src/admin/config/directive";
import { ConfigFileError, loadConfig } from "../../../src/admin/config/file";
import { rewriteConfigFile } from "../../../src/admin/config/rewrite";
import { directives } from "../../../src/admin/config/table";
import { onceItSucceeds } from "../../support/eventually";
import { text as textOf } from "../../support/reply";
import { RespClient } from "../../support/resp-client";
import { peerExecutable, requireRedis, startRedis, type TestServer, textMap } from "../../support/server";

/** Directives that came with 7.2. */
const NEW_IN_7_2 = [
  "cluster-announce-human-nodename",
  "locale-collate",
  "set-max-listpack-entries",
  "set-max-listpack-value",
];

/** Directives that only redbun has. */
const OWN = ["metrics-port"];
const NOT_IN_7_0 = [...NEW_IN_7_2, ...OWN];

/** Shown by 7.0's CONFIG GET patterns, hidden from 7.2 on. */
const HIDDEN_IN_7_2 = ["aof-disable-auto-gc"];

/** Set by the command line of the server under test, or a matter of where it runs. */
const GIVEN = ["port", "dir", "save", "daemonize", "logfile", "bind", "enable-protected-configs", "loglevel"];

/** Right values of these act on the real server (listeners, files, limits of the system), or cut off the test itself. */
const ACTS = /^(?:port|bind|dir|maxclients|maxmemory-clients|appendonly|tls-.*|oom-score-adj.*|watchdog-period)$/;

/** redbun takes this one where a Redis without its own jemalloc does not. */
const ACCEPTED_HERE = ["activedefrag"];

/** Values of every kind, most of them wrong for most directives. */
const VALUES = [
  ...["", " ", "yes", "NO", "on", "x", "abc def", "1", "0", "-1", "+1", "01", "-0", "1.5", " 1", "1 ", "1k", "2MB"],
  ...["3gb", "1b", "b", "kb", "1tb", "-1k", "5%", "101%", "-5%", "%", "010", "8", "65536", "2147483647", "2147483648"],
  ...["4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615"],
  ...[
    "18446744073709551616",
    "99999999999999999999999",
    "1 2",
    "1 2 3",
    "900 1 60 1000",
    "0 1",
    "1 -1",
    "1 +1",
    "1  1",
  ],
  ...["default", "nosave now", "save nosave", "FORCE", "local", "relative", "everysec", "volatile-lru", "local3"],
  ...["normal 99mb 98mb 60", "replica 1gb 1gb 1", "slave 1gb 0 0 pubsub 1gb 1gb 1", "master 1 1 1", "normal 1gb 1 x"],
  ...["normal 1gb 1gb", "wrong 1 1 1", "normal 1gb 1gb -1", "0 1 2", "-2001 1 1", "1 1 x", "KEA", "AKEn", "g$lKm", "Q"],
  ...[
    "50",
    "99.9 100",
    "0x10",
    "100.1",
    "inf",
    "nan",
    "1e-3 5",
    "a/b",
    "a\\b",
    "{title}",
    "x {port} {{",
    "{nope}",
    "{",
  ],
  ...[
    "host-1.example",
    "host_1",
    "é",
    "a".repeat(255),
    "a".repeat(256),
    'quote"d',
    "swapdb",
    "allchannels",
    "hostname",
  ],
];

/** The reports of 7.0 name 7.0.x. */
function as72(report: string): string {
  return report.replace(/\(Redis [0-9.]+\)/, "(Redis 7.2.4)");
}

describe.skipIf(!requireRedis("redis7"))("beside redis-server", () => {
  let server: TestServer;
  let client: RespClient;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "redbun-config-differential-")));

  beforeAll(async () => {
    server = await startRedis("redis7", { args: ["--enable-protected-configs", "yes"] });
    client = await server.client();
  });
  afterAll(async () => {
    await client?.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  function configuration(): Config {
    const config = createConfig({ changeFolder() {} });
    config.assign("enable-protected-configs", ["yes"]);
    return config;
  }

  test("has the same directives and defaults", async () => {
    const real = textMap(await client.call("CONFIG", "GET", "*"));
    const ours = new Map(configuration().get(["*"]));
    const names = [...real.keys()].filter((name) => !HIDDEN_IN_7_2.includes(name));
    expect([...ours.keys()].sort()).toEqual([...names, ...NOT_IN_7_0].sort());
    for (const name of names) {
      if (!GIVEN.includes(name)) expect([name, ours.get(name)]).toEqual([name, real.get(name)]);
    }
  });

  test("has the same hidden directives", async () => {
    for (const [name, directive] of Object.entries<Directive>(directives)) {
      if ((directive.flags & HIDDEN) === 0) continue;
      const real = textMap(await client.call("CONFIG", "GET", name));
      expect([name, configuration().show(name) ?? undefined]).toEqual([name, real.get(name)]);
    }
  });

  test("CONFIG GET finds the same for patterns and names", async () => {
    const patterns = ["*max*", "MAX*", "s[la]ve*", "slave-priority", "SLAVE-Priority", "?ort", "watchdog*", "nope", ""];
    for (const pattern of [...patterns.map((one) => [one]), ["maxmemory", "MAXMEMORY", "MaxMem*"]]) {
      const real = textMap(await client.call("CONFIG", "GET", ...pattern));
      const names = configuration()
        .get(pattern)
        .map(([name]) => name);
      expect([pattern, names.filter((name) => !NOT_IN_7_0.includes(name)).sort()]).toEqual([
        pattern,
        [...real.keys()].sort(),
      ]);
    }
  });

  for (const [primary, directive] of Object.entries<Directive>(directives)) {
    if (NOT_IN_7_0.includes(primary)) continue;
    test(`CONFIG SET ${primary}`, async () => {
      for (const name of directive.alias === null ? [primary] : [primary, directive.alias]) {
        const config = configuration();
        const initial = config.show(name) as string;
        for (const value of VALUES) {
          const ours = config.set([[name, value]]) ?? "OK";
          if (ours === "OK" && (ACTS.test(name) || ACCEPTED_HERE.includes(name))) continue;
          const real = textOf(await client.call("CONFIG", "SET", name, Buffer.from(value, "latin1")));
          expect([name, value, ours]).toEqual([name, value, real]);
          if (ours !== "OK") continue;
          const shown = textMap(await client.call("CONFIG", "GET", name));
          expect([name, value, config.show(name)]).toEqual([name, value, shown.get(name) as string]);
        }
        if (ACTS.test(name) || (directive.flags & IMMUTABLE) !== 0) continue;
        expect([name, textOf(await client.call("CONFIG", "SET", name, initial))]).toEqual([name, "OK"]);
      }
    });
  }

  test("CONFIG SET of several at once", async () => {
    const cases: string[][] = [
      ["hz", "1", "HZ", "2"],
      ["hz", "1", "port", "x", "databases", "2"],
      ["nope", "1", "databases", "2"],
      ["databases", "2", "nope", "1"],
      ["slave-priority", "1", "replica-priority", "2"],
      ["min-slaves-to-write", "1", "MIN-slaves-to-write", "2"],
      ["timeout", "9", "save", "1"],
      ["a\r\nb", "1"],
    ];
    for (const words of cases) {
      const config = configuration();
      const pairs = words.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, words[i + 1]]] : []));
      const real = textOf(await client.call("CONFIG", "SET", ...words));
      expect([words, config.set(pairs) ?? "OK"]).toEqual([words, real]);
      const names = ["timeout", "hz", "replica-priority"];
      const shown = textMap(await client.call("CONFIG", "GET", ...names));
      if (real !== "OK") for (const name of names) expect(config.show(name)).toBe(configuration().show(name) as string);
      else expect(config.show("replica-priority")).toBe(shown.get("replica-priority") as string);
      await client.call("CONFIG", "SET", "hz", "10", "replica-priority", "100");
    }
  });

  test("a wrong configuration gives the same report", () => {
    mkdirSync(join(folder, "wrong"));
    const at = (name: string, content: string) => {
      const path = join(folder, "wrong", name);
      writeFileSync(path, content);
      return path;
    };
    const bad = at("bad.conf", "port 0\n\nfoo bar\n");
    const good = at("good.conf", "port 0\ntimeout 5\n");
    at("included.conf", "\n\nhz x\n");
    const cases: { argv: string[]; stdin?: string }[] = [
      { argv: [bad] },
      { argv: [at("1.conf", 'port "1')] },
      { argv: [at("2.conf", "  PORT 1 2 \t\r\n")] },
      { argv: [at("3.conf", "save 1\n")] },
      { argv: [at("4.conf", "save '1 2 3'\n")] },
      { argv: [at("5.conf", `include ${folder}/wrong/included.conf\n`)] },
      { argv: [at("6.conf", `include ${folder}/wrong/incl*.conf\n`)] },
      { argv: [at("7.conf", "sentinel x y\n")] },
      { argv: [at("8.conf", "mod.x\n")] },
      { argv: [at("9.conf", "user\n")] },
      { argv: [at("10.conf", "list-max-ziplist-value 1 2\n")] },
      { argv: [at("11.conf", '"po\\x72t" x\n')] },
      { argv: [at("12.conf", "slave-priority x\n")] },
      { argv: [at("13.conf", "client-output-buffer-limit normal 1 2\n")] },
      { argv: [at("14.conf", "replicaof a\n")] },
      { argv: [at("15.conf", "replicaof a 70000\n")] },
      { argv: [at("16.conf", "appendfilename a/b\n")] },
      { argv: [at("17.conf", "unixsocketperm 9\n")] },
      { argv: [at("18.conf", "unixsocketperm 7777\n")] },
      { argv: [at("19.conf", "supervised maybe\n")] },
      { argv: [at("20.conf", "dir /nonexistent-folder\n")] },
      { argv: [at("21.conf", "io-threads 129\n")] },
      { argv: [at("22.conf", "enable-debug-command maybe\n")] },
      { argv: ["--port", "x"] },
      { argv: ["--port", "0", "--port"] },
      { argv: ["--port=1"] },
      { argv: ["-x"] },
      { argv: ["--port", "--hz", "10"] },
      { argv: ["--port", "0", "--save", "--hz", "x"] },
      { argv: ["--include"] },
      { argv: ["--hz", "1", "2"] },
      { argv: ['--syslog-ident "a', "b"] },
      { argv: ["--logfile", "/nonexistent-folder/x"] },
      { argv: ["--cluster-enabled", "yes", "--replicaof", "127.0.0.1", "1"] },
      { argv: [good, "--nope", "a b\n\xe4"] },
      { argv: [good, "--timeout", "-"], stdin: "nope 1\n" },
      { argv: ["-", "--timeout", "1"], stdin: "port 0\nnope 1\n" },
      { argv: [good, "--port", "0", "-"], stdin: "hz 1\nhz x" },
    ];
    for (const { argv, stdin } of cases) {
      const real = Bun.spawnSync([peerExecutable("redis7") as string, ...argv], {
        stdin: Buffer.from(stdin ?? ""),
        timeout: 5000,
        cwd: folder,
      });
      expect([argv, real.exitCode]).toEqual([argv, 1]);
      expect([argv, reportOf(argv, stdin)]).toEqual([argv, as72(real.stderr.toString("latin1"))]);
    }
  });

  /** What our parser reports for a command line. */
  function reportOf(argv: string[], stdin?: string): string {
    const parsed = parseArguments(argv, folder);
    try {
      const config = createConfig({ changeFolder() {} });
      loadConfig(config, {
        file: parsed.configFile,
        stdin: parsed.readStdin ? stdin : undefined,
        options: parsed.configText,
      });
    } catch (error) {
      if (error instanceof ConfigFileError && !error.logged) return error.report;
      throw error;
    }
    return "accepted";
  }

  test("CONFIG REWRITE writes the same lines", async () => {
    const before = [
      "# a comment",
      "port 0",
      "unixsocket redis.sock",
      "  unixsocketperm 700  ",
      "",
      "",
      "slave-priority 50",
      "replica-priority 60",
      "maxmemory 104857600",
      "save 900 1",
      "save 60 2",
      "save 30 3",
      "# in between",
      "timeout 5",
      'requirepass "se cret"',
      "client-output-buffer-limit normal 2mb 1mb 5",
      "notify-keyspace-events Ex",
      "lua-replicate-commands yes",
      "hash-max-ziplist-entries 7",
      "loglevel warning",
      "bind 127.0.0.1",
      "bind 127.0.0.1 -::1",
      "rename-command lolwut art",
    ].join("\n");
    const changes = [
      ["timeout", "6"],
      ["save", "100 5"],
      ["requirepass", ""],
      ["masterauth", 'q"\x01é'],
      ["maxmemory-clients", "5%"],
      ["proto-max-bulk-len", "2mb"],
      ["notify-keyspace-events", ""],
      ["client-output-buffer-limit", "pubsub 1 2 3 normal 0 0 0"],
      ["latency-tracking-info-percentiles", ""],
      ["oom-score-adj-values", "1 2 3"],
      ["shutdown-on-sigterm", "now nosave"],
      ["maxmemory", "0"],
      ["cluster-announce-ip", "1.2.3.4"],
    ];
    const [theirs, ours] = ["theirs", "ours"].map((name) => join(folder, name));
    for (const place of [theirs, ours]) {
      mkdirSync(place);
      writeFileSync(join(place, "redis.conf"), before);
    }
    const real = Bun.spawn([peerExecutable("redis7") as string, "redis.conf"], { cwd: theirs, stdout: "pipe" });
    try {
      const other = await onceItSucceeds(() => RespClient.connect({ unixsocket: join(theirs, "redis.sock") }));
      await other.call("AUTH", "se cret");
      for (const [name, value] of changes) {
        expect([name, textOf(await other.call("CONFIG", "SET", name, Buffer.from(value)))]).toEqual([name, "OK"]);
      }
      expect(textOf(await other.call("CONFIG", "REWRITE"))).toBe("OK");
      expect(textOf(await other.call("CONFIG", "REWRITE"))).toBe("OK");
      await other.close();
    } finally {
      real.kill();
      await real.exited;
    }
    const config = createConfig({ changeFolder() {} });
    config.assign("dir", [ours]);
    loadConfig(config, { file: join(ours, "redis.conf") });
    for (const [name, value] of changes) {
      expect(config.set([[name, Buffer.from(value).toString("latin1")]])).toBeNull();
    }
    expect(rewriteConfigFile(config)).toBeNull();
    expect(rewriteConfigFile(config)).toBeNull();
    const [expected, actual] = [theirs, ours].map((place) =>
      readFileSync(join(place, "redis.conf"), "utf8").split("\n"),
    );
    // Redis keeps users; new lines come in the order of its hash table.
    const body = (lines: string[]) => lines.slice(0, lines.indexOf("# Generated by CONFIG REWRITE"));
    expect(body(actual)).toEqual(body(expected));
    const tail = (lines: string[], place: string) =>
      lines
        .slice(lines.indexOf("# Generated by CONFIG REWRITE"))
        .map((line) => line.replace(place, ""))
        .filter((line) => !line.startsWith("user "))
        .sort();
    expect(tail(actual, ours)).toEqual(tail(expected, theirs));
  });
});
