/** redis.conf, include, standard input and REDBUN_*: lines, their order, and the reports of what is wrong. */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, createConfig } from "../../../src/admin/config/config";
import { ConfigFileError, type ConfigSources, loadConfig, loadConfigText } from "../../../src/admin/config/file";
import { expandFilePattern } from "../../../src/admin/config/include";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "redbun-config-file-")));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file below `folder` and returns its path. */
function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A configuration whose folder is `folder`, without going there. */
function configuration(): Config {
  const config = createConfig({ changeFolder() {} });
  config.assign("dir", [folder]);
  return config;
}

function load(text: string): Config {
  const config = configuration();
  loadConfigText(config, text);
  return config;
}

/** The error that loading gives. */
function failure(run: () => void): ConfigFileError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigFileError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

function failureOf(sources: ConfigSources): ConfigFileError {
  return failure(() => loadConfig(configuration(), sources));
}

function fatal(...lines: string[]): string {
  return `\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n${lines.join("\n")}\n`;
}

describe("lines", () => {
  test("comments, blank lines, white space, any case of the name", () => {
    const config = load("# comment\n\n \t\r\n  # port 1\n  PoRt\t7000  \r\ntimeout 5");
    expect([config.port, config.timeout]).toEqual([7000, 5]);
  });

  test("the last line wins", () => {
    expect(load("port 1\nport 2\nport 3\n").port).toBe(3);
  });

  test("quotes and escapes", () => {
    const config = load(
      `requirepass "a \\"b\\" \\x00\\n"\nlogfile ''\nsyslog-ident 'it''s'\n`.replace("it''s", "it\\'s"),
    );
    expect([config.requirepass, config.logfile, config.syslogIdent]).toEqual(['a "b" \0\n', "", "it's"]);
  });

  test("a directive of many arguments takes them one by one or in one piece", () => {
    expect(load("bind 127.0.0.1 ::1").bind).toEqual(["127.0.0.1", "::1"]);
    expect(load('bind "127.0.0.1 ::1"').bind).toEqual(["127.0.0.1", "::1"]);
    expect(load('bind ""').bind).toEqual([]);
    expect(load("save '900  1'").save).toEqual([{ seconds: 900, changes: 1 }]);
  });

  test("UTF-8 bytes of a file are kept as they are", () => {
    const config = configuration();
    loadConfig(config, { file: write("utf8.conf", 'requirepass "pässwörd"\n') });
    expect(Buffer.from(config.requirepass, "latin1").toString("utf8")).toBe("pässwörd");
  });

  test("aliases", () => {
    const config = load("slave-priority 3\nhash-max-ziplist-entries 4\nslaveof 10.0.0.1 6380");
    expect([config.replicaPriority, config.hashMaxListpackEntries]).toEqual([3, 4]);
    expect(config.replicaof).toEqual({ host: "10.0.0.1", port: 6380 });
  });

  test("directives of earlier releases are passed over", () => {
    load("list-max-ziplist-entries 512\nlist-max-ziplist-value 64\nlua-replicate-commands yes\n");
    expect(failure(() => load("list-max-ziplist-entries 1 2")).report).toEndWith(
      "Bad directive or wrong number of arguments\n",
    );
  });
});

describe("repeated directives", () => {
  test("save lines add up, and replace the defaults", () => {
    expect(load("").save).toHaveLength(3);
    expect(load("save 900 1\nsave 60 2 30 3\n").save).toEqual([
      { seconds: 900, changes: 1 },
      { seconds: 60, changes: 2 },
      { seconds: 30, changes: 3 },
    ]);
  });

  test('save "" takes back the lines before it', () => {
    expect(load('save ""').save).toEqual([]);
    expect(load('save 1 1\nsave ""\nsave 2 2').save).toEqual([{ seconds: 2, changes: 2 }]);
  });

  test("client-output-buffer-limit lines each change their class", () => {
    const { clientOutputBufferLimit: limits } = load(
      "client-output-buffer-limit normal 1mb 0 0\nclient-output-buffer-limit pubsub 2mb 1mb 5\n",
    );
    expect(limits.normal.hard).toBe(1048576);
    expect(limits.pubsub).toEqual({ hard: 2097152, soft: 1048576, softSeconds: 5 });
    expect(limits.replica.softSeconds).toBe(60);
  });

  test("rename-command, user, loadmodule and module settings are collected", () => {
    const config = load(
      'rename-command FLUSHALL ""\nrename-command get fetch\nuser ann on >x ~*\nuser bob off\n' +
        "loadmodule /x.so a b\nloadmodule /y.so\nmod.setting 1 2\n",
    );
    expect(config.renamedCommands).toEqual([
      ["FLUSHALL", ""],
      ["get", "fetch"],
    ]);
    expect(config.userDirectives).toEqual([
      ["ann", "on", ">x", "~*"],
      ["bob", "off"],
    ]);
    expect(config.moduleDirectives).toEqual([
      { path: "/x.so", args: ["a", "b"] },
      { path: "/y.so", args: [] },
    ]);
    expect([...config.moduleSettings]).toEqual([["mod.setting", "1 2"]]);
  });

  test("hooks can refuse a command or a user", () => {
    const hooks = {
      renameCommand: (from: string) => (from === "nope" ? "No such command in rename-command" : null),
      user: (args: readonly string[]) =>
        args[1] === "+foo" ? { argument: args[1], message: "Unknown command" } : null,
    };
    expect(failure(() => loadConfigText(configuration(), "rename-command nope x", hooks)).report).toBe(
      fatal(
        "Reading the configuration file, at line 1",
        ">>> 'rename-command nope x'",
        "No such command in rename-command",
      ),
    );
    expect(failure(() => loadConfigText(configuration(), "user ann +foo", hooks)).report).toEndWith(
      "Error in user declaration '+foo': Unknown command\n",
    );
    loadConfigText(configuration(), "rename-command get x\nuser ann on", hooks);
  });
});

describe("errors", () => {
  const cases: [string, number, string, string][] = [
    ["foo bar", 1, "foo bar", "Bad directive or wrong number of arguments"],
    ["\n# x\n  port 1 2  \r\n", 3, "port 1 2", "wrong number of arguments"],
    ["port", 1, "port", "wrong number of arguments"],
    ["port x", 1, "port x", "argument couldn't be parsed into an integer"],
    ['port "1', 1, 'port "1', "Unbalanced quotes in configuration line"],
    ['save "1 \'2"', 1, 'save "1 \'2"', "Unbalanced quotes in configuration line"],
    ["save 1", 1, "save 1", "Invalid save parameters"],
    ["include", 1, "include", "Bad directive or wrong number of arguments"],
    ["rename-command a", 1, "rename-command a", "Bad directive or wrong number of arguments"],
    ["user", 1, "user", "Bad directive or wrong number of arguments"],
    ["mod.x", 1, "mod.x", "Module config specified without value"],
    ["sentinel monitor a", 1, "sentinel monitor a", "sentinel directive while not in sentinel mode"],
    ["dir /nonexistent-folder", 1, "dir /nonexistent-folder", "No such file or directory"],
  ];
  for (const [text, line, shown, message] of cases) {
    test(`${JSON.stringify(text)}: ${message}`, () => {
      const error = failure(() => load(text));
      const where = [`Reading the configuration file, at line ${line}`, `>>> '${shown}'`];
      expect([error.report, error.logged]).toEqual([fatal(...where, message), false]);
    });
  }

  test("a missing file is a log line", () => {
    const error = failureOf({ file: join(folder, "none.conf") });
    expect(error.logged).toBe(true);
    expect(error.report).toBe(`Fatal error, can't open config file '${folder}/none.conf': No such file or directory`);
  });

  test("a log file that cannot be opened, and a replica in a cluster", () => {
    expect(failure(() => load("logfile /nonexistent-folder/x")).report).toBe(
      fatal("Can't open the log file: No such file or directory"),
    );
    expect(failure(() => load("cluster-enabled yes\nreplicaof a 1")).report).toBe(
      fatal("replicaof directive not allowed in cluster mode"),
    );
  });

  test("the log file is opened for appending, relative to dir", () => {
    const path = write("old.log", "kept\n");
    load("logfile old.log");
    expect(readFileSync(path, "utf8")).toBe("kept\n");
  });
});

describe("what redbun does not have", () => {
  const refusalOf = (text: string) => {
    const error = failureOf({ stdin: text });
    expect(error.logged).toBe(true);
    return error.report;
  };

  test("modules and their settings stop the start, as a module that is missing does in Redis", () => {
    expect(refusalOf("loadmodule /x.so a")).toBe("Can't load module from /x.so: server aborting");
    expect(refusalOf("mod.setting 1")).toBe(
      "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting",
    );
  });
});

describe("include", () => {
  test("reads the file where it stands, relative to the folder", () => {
    write("inner.conf", "port 2\ntimeout 9\n");
    const config = load("port 1\ninclude inner.conf\nhz 50");
    expect([config.port, config.timeout, config.hz]).toEqual([2, 9, 50]);
    expect(load("include inner.conf\nport 3").port).toBe(3);
  });

  test("an error names the line of the included file", () => {
    write("wrong.conf", "\nport x");
    expect(failure(() => load("include wrong.conf")).report).toStartWith(
      fatal("Reading the configuration file, at line 2", ">>> 'port x'").trimEnd(),
    );
    const missing = failure(() => load("include missing.conf"));
    expect([missing.logged, missing.report]).toEqual([
      true,
      "Fatal error, can't open config file 'missing.conf': No such file or directory",
    ]);
  });

  test("a pattern reads all matches in order, and none is no error", () => {
    mkdirSync(join(folder, "conf.d"), { recursive: true });
    write("conf.d/2.conf", "port 22\nsave 2 2\n");
    write("conf.d/1.conf", "port 11\nsave 1 1\n");
    write("conf.d/.hidden.conf", "port 99\n");
    write("conf.d/3.txt", "port 33\n");
    expect(load("include conf.d/*.conf").port).toBe(22);
    expect(load(`include ${folder}/conf.d/?.conf`).save).toHaveLength(2);
    expect(load("include conf.d/*.nothing\ninclude none/*\ntimeout 3").timeout).toBe(3);
    expect(expandFilePattern("*/[!1].conf", folder)).toEqual(["conf.d/2.conf"]);
    expect(expandFilePattern("conf.d/[1-2].conf", folder)).toEqual(["conf.d/1.conf", "conf.d/2.conf"]);
    expect(expandFilePattern("conf.d/.*", folder)).toEqual(["conf.d/.hidden.conf"]);
    expect(expandFilePattern("./conf.d/../conf.d/3.*", folder)).toEqual(["./conf.d/../conf.d/3.txt"]);
  });

  test("files that include themselves are refused", () => {
    write("loop.conf", "include loop.conf\n");
    expect(failure(() => load("include loop.conf")).report).toContain("Too many nested includes");
  });
});

describe("sources", () => {
  test("environment, file, standard input and options, the later the stronger", () => {
    const config = configuration();
    const file = write("order.conf", "port 2\ntimeout 2\nhz 20\n");
    loadConfig(config, {
      environment: { REDBUN_PORT: "1", REDBUN_MAXCLIENTS: "1", PORT: "9", REDBUN_NOTHING: undefined },
      file,
      stdin: "timeout 3\nhz 30\n",
      options: 'hz "40"',
    });
    expect([config.maxclients, config.port, config.timeout, config.hz]).toEqual([1, 2, 3, 40]);
    expect(config.configFile).toBe(file);
  });

  test("save lines of the file replace those of the environment, and options add to the file's", () => {
    const environment = { REDBUN_SAVE: "9 9" };
    const alone = configuration();
    loadConfig(alone, { environment });
    expect(alone.save).toEqual([{ seconds: 9, changes: 9 }]);
    const both = configuration();
    loadConfig(both, { environment, stdin: "save 1 1\n", options: "save 2 2" });
    expect(both.save).toEqual([
      { seconds: 1, changes: 1 },
      { seconds: 2, changes: 2 },
    ]);
  });

  test("a variable is a directive in upper case", () => {
    const config = configuration();
    loadConfig(config, {
      environment: {
        REDBUN_PROTECTED_MODE: "no",
        REDBUN_MAXMEMORY: "100mb",
        REDBUN_BIND: "127.0.0.1 ::1",
        REDBUN_SLAVE_PRIORITY: "5",
        REDBUN_SERVER_CPULIST: "1",
        REDBUN_REQUIREPASS: 'pä"ss word',
        REDBUN_SAVE: "",
      },
    });
    expect([config.protectedMode, config.maxmemory, config.replicaPriority]).toEqual([false, 104857600, 5]);
    expect(config.bind).toEqual(["127.0.0.1", "::1"]);
    expect(config.serverCpulist).toBe("1");
    expect(Buffer.from(config.requirepass, "latin1").toString("utf8")).toBe('pä"ss word');
    expect(config.save).toEqual([]);
  });

  test("a wrong variable stops the start and is named", () => {
    expect(failureOf({ environment: { REDBUN_PROT: "1" } }).report).toBe(
      fatal("Reading the environment variable REDBUN_PROT", ">>> '1'", "Bad directive or wrong number of arguments"),
    );
    expect(failureOf({ environment: { REDBUN_PORT: "x" } }).report).toEndWith(
      "argument couldn't be parsed into an integer\n",
    );
    // A user is no directive of one value.
    expect(failureOf({ environment: { REDBUN_USER: "ann on" } }).report).toContain("REDBUN_USER");
  });

  test("what Kubernetes sets for a service called redbun is no directive", () => {
    const config = configuration();
    const environment = {
      REDBUN_SERVICE_HOST: "10.0.0.1",
      REDBUN_SERVICE_PORT: "6379",
      REDBUN_SERVICE_PORT_CLIENT: "6379",
      REDBUN_PORT: "tcp://10.0.0.1:6379",
      REDBUN_PORT_6379_TCP: "tcp://10.0.0.1:6379",
      REDBUN_PORT_6379_TCP_ADDR: "10.0.0.1",
      REDBUN_MAIN_SERVICE_HOST: "10.0.0.2",
      REDBUN_MAIN_PORT: "tcp://10.0.0.2:6379",
      REDBUN_TLS_PORT: "7000",
    };
    loadConfig(config, { environment });
    expect([config.port, config.tlsPort]).toEqual([6379, 7000]);
  });

  test("variables of tests and benchmarks are none of ours", () => {
    loadConfig(configuration(), { environment: { REDBUN_PEERS: "/x", REDBUN_SEED: "1", REDBUN_TEST_EXECUTABLE: "x" } });
  });

  test("line numbers run through file, standard input and options", () => {
    const file = write("three.conf", "port 1\nport 2\n");
    const lineOf = (sources: ConfigSources) => /at line (\d+)/.exec(failureOf(sources).report)?.[1];
    expect(lineOf({ options: "x y" })).toBe("2");
    expect(lineOf({ file, options: "x y" })).toBe("4");
    expect(lineOf({ file, stdin: "x y\n", options: "" })).toBe("3");
    expect(lineOf({ file, stdin: "port 3\n", options: "hz 1\nx y" })).toBe("6");
  });
});
