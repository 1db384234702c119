/** Every directive, its value and its bounds; CONFIG GET and CONFIG SET in process. */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Config,
  createConfig,
  directivesWithoutEffect,
  isSensitive,
  refusedDirectives,
} from "../../../src/admin/config/config";
import { type Directive, HIDDEN, IMMUTABLE, MULTI_ARG, PROTECTED } from "../../../src/admin/config/directive";
import { type DirectiveName, directives, propertyOf } from "../../../src/admin/config/table";

const NAMES = Object.keys(directives) as DirectiveName[];

/** A configuration that leaves the process's working folder alone. */
function configuration(): Config {
  return createConfig({ changeFolder() {} });
}

/** The value of a directive as the server reads it. */
function property(config: Config, name: string): unknown {
  return (config as unknown as Record<string, unknown>)[propertyOf(name)];
}

/** What CONFIG GET answers for one name. */
function value(config: Config, name: string): string | undefined {
  return config.get([name])[0]?.[1];
}

/** By directive: texts to set with what CONFIG GET then shows, and texts that are refused. */
interface Samples {
  readonly good: readonly (readonly [string, string])[];
  readonly bad: readonly string[];
}

const SPECIAL: Readonly<Record<string, Samples>> = {
  save: {
    good: [
      ["900 1 60 0", "900 1 60 0"],
      ["", ""],
    ],
    bad: ["1", "0 1", "1 -1", "a 1", "1 b", "1  1"],
  },
  dir: { good: [["/", "/"]], bad: ["/nonexistent-folder", ""] },
  bind: {
    good: [
      ["127.0.0.1 -::1", "127.0.0.1 -::1"],
      ["", ""],
    ],
    bad: [Array(17).fill("127.0.0.1").join(" ")],
  },
  "client-output-buffer-limit": {
    good: [
      ["replica 1mb 2kb 3", "normal 0 0 0 slave 1048576 2048 3 pubsub 33554432 8388608 60"],
      ["NORMAL 1 2 3 pubsub 4 5 6", "normal 1 2 3 slave 268435456 67108864 60 pubsub 4 5 6"],
      ["", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"],
    ],
    bad: ["normal 1 2", "master 1 2 3", "wrong 1 2 3", "normal x 2 3", "normal 1 2 -3", "normal 1 2 3s"],
  },
  "oom-score-adj-values": { good: [["-1 +2 2000", "-1 2 2000"]], bad: ["1 2", "1 2 3 4", "1 2 2001", "1 2 x", ""] },
  "notify-keyspace-events": {
    good: [
      ["KEA", "AKE"],
      ["mnxg", "gxnm"],
      ["g$lshzxetdKE", "AKE"],
      ["", ""],
    ],
    bad: ["KEAq", "K E"],
  },
  "latency-tracking-info-percentiles": {
    good: [
      ["50 99.9 100", "50 99.9 100"],
      ["0x32 1e1 99.12345678", "50 10 99.123457"],
      ["", ""],
    ],
    bad: ["101", "-1", "inf", "nan", "x", "1  2"],
  },
  "proc-title-template": {
    good: [["{title} {{x {listen-addr}", "{title} {{x {listen-addr}"]],
    bad: ["{unknown}", "{title", "", "{title}", "  "],
  },
  dbfilename: { good: [["x.rdb", "x.rdb"]], bad: ["a/b", "a\\b"] },
  appendfilename: { good: [["x.aof", "x.aof"]], bad: ["a/b", "a\\b", ""] },
  appenddirname: { good: [["x", "x"]], bad: ["a/b", "a\\b", ""] },
  "cluster-announce-hostname": { good: [["a.b-c9", "a.b-c9"]], bad: ["a_b", "é", "a".repeat(256)] },
  "cluster-announce-human-nodename": { good: [["node 1", "node 1"]], bad: ["a&b", "a;b"] },
  hz: {
    good: [
      ["100", "100"],
      ["0", "1"],
      ["1000", "500"],
    ],
    bad: ["-1", "x", "2147483648"],
  },
  "repl-backlog-size": {
    good: [
      ["1mb", "1048576"],
      ["1", "16384"],
    ],
    bad: ["0", "-1", "x", "9223372036854775808"],
  },
  "maxmemory-clients": {
    good: [
      ["1gb", "1073741824"],
      ["5%", "5%"],
      ["0%", "0"],
    ],
    bad: ["101%", "-5%", "%", "5.5%", "x"],
  },
  "oom-score-adj": {
    good: [
      ["relative", "yes"],
      ["Absolute", "absolute"],
    ],
    bad: ["maybe", ""],
  },
  "shutdown-on-sigint": {
    good: [
      ["force NOSAVE", "nosave force"],
      ["default", "default"],
    ],
    bad: ["save nosave", "x", "", "save  now"],
  },
  replicaof: { good: [["10.0.0.1 6379", "10.0.0.1 6379"]], bad: ["a", "a 1 2", "a 65536", "a -1", "a x"] },
};

/** `text` as the arguments of a directive, as CONFIG SET splits it. */
function argumentsFor(directive: Directive, text: string): string[] {
  if ((directive.flags & MULTI_ARG) === 0) return [text];
  return text === "" ? [] : text.split(" ");
}

function numericSamples(kind: string, accepts: string): Samples {
  const radix = kind === "octal" ? "0o" : "";
  const [low, high] = accepts
    .split("..")
    .map((bound) => (bound.startsWith("-") ? BigInt(bound) : BigInt(radix + bound)));
  const show = (n: bigint) => n.toString(kind === "octal" ? 8 : 10);
  const good = [low, high].map((n) => [show(n), show(n)] as const);
  const bad = ["x", "1.5", "1x", "99999999999999999999999999"];
  if (kind === "integer") bad.push("", "+1", " 1", "01", "-0", `${low - 1n}`, `${high + 1n}`);
  if (kind === "memory") {
    bad.push("-1", "1tb");
    if (high >= 2n ** 63n) bad.splice(3, 1); // beyond 64 bits the amount saturates, as in Redis
    if (low > 0n) bad.push(`${low - 1n}`);
    if (low <= 3072n) good.push(["3kb", "3072"], ["4000B", "4000"]);
  }
  return { good, bad: kind === "octal" ? [...bad, "8", show(high + 1n), "-1"] : bad };
}

function samplesOf(name: string, directive: Directive): Samples {
  if (name in SPECIAL) return SPECIAL[name];
  if (name === "shutdown-on-sigterm") return SPECIAL["shutdown-on-sigint"];
  if (directive.kind === "boolean") {
    const good = ["yes", "NO"].map((text) => [text, text.toLowerCase()] as const);
    return { good, bad: ["", "1", "true", "on", "yes "] };
  }
  if (directive.kind === "choice") {
    const names = directive.accepts.split("|");
    return { good: names.map((text) => [text.toUpperCase(), text] as const), bad: ["", "zzz", `${names[0]} `] };
  }
  if (directive.kind === "string") {
    return {
      good: [
        ["some text", "some text"],
        ['a "b"\\\n\xff', 'a "b"\\\n\xff'],
        ["", ""],
      ],
      bad: [],
    };
  }
  return numericSamples(directive.kind, directive.accepts);
}

describe("every directive", () => {
  for (const name of NAMES) {
    const directive: Directive = directives[name];
    const samples = samplesOf(name, directive);

    test(`${name} takes and shows what it accepts, and keeps its value where it refuses`, () => {
      for (const [text, shown] of samples.good) {
        const config = configuration();
        config.assign(name, argumentsFor(directive, text));
        expect(value(config, name)).toBe(shown);
        // What CONFIG GET shows can be set again, and shows the same.
        config.assign(name, argumentsFor(directive, shown));
        expect(value(config, name)).toBe(shown);
      }
      const config = configuration();
      const initial = value(config, name);
      for (const text of samples.bad) {
        expect([text, refusal(config, name, argumentsFor(directive, text))]).toEqual([text, expect.any(String)]);
        expect(value(config, name)).toBe(initial as string);
      }
    });

    test(`${name} by CONFIG SET`, () => {
      const config = configuration();
      const initial = value(config, name);
      const [text, shown] = samples.good[0];
      const result = config.set([[name, text]]);
      if ((directive.flags & IMMUTABLE) !== 0) {
        expect(result).toEndWith(" - can't set immutable config");
        expect(value(config, name)).toBe(initial as string);
      } else if ((directive.flags & PROTECTED) !== 0) {
        expect(result).toEndWith(" - can't set protected config");
        expect(value(config, name)).toBe(initial as string);
      } else {
        expect(result).toBeNull();
        expect(value(config, name)).toBe(shown);
        for (const wrong of samples.bad) {
          expect(config.set([[name, wrong]])).toStartWith(
            `ERR CONFIG SET failed (possibly related to argument '${name}')`,
          );
          expect(value(config, name)).toBe(shown);
        }
      }
    });

    if (directive.alias !== null) {
      test(`${directive.alias} is ${name}`, () => {
        const config = configuration();
        const [text, shown] = samples.good[0];
        config.assign(directive.alias as string, argumentsFor(directive, text));
        expect(value(config, name)).toBe(shown);
        expect(value(config, directive.alias as string)).toBe(shown);
      });
    }
  }
});

/** Why `assign` refuses, or null if it does not. */
function refusal(config: Config, name: string, args: readonly string[]): string | null {
  try {
    config.assign(name, args);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("values", () => {
  test("are plain properties of the right type", () => {
    const config = configuration();
    const port: number = config.port;
    const policy: "noeviction" | "allkeys-lru" | string = config.maxmemoryPolicy;
    expect([port, policy, config.protectedMode, config.serverCpulist]).toEqual([6379, "noeviction", true, ""]);
    expect(config.clientOutputBufferLimit.replica).toEqual({ hard: 268435456, soft: 67108864, softSeconds: 60 });
    expect(config.save[0]).toEqual({ seconds: 3600, changes: 1 });
    expect(config.bind).toEqual(["*", "-::*"]);
    for (const name of NAMES) expect([name, property(config, name) === undefined]).toEqual([name, false]);
  });

  test("beyond 2^53 are shown exactly", () => {
    const config = configuration();
    expect(config.set([["maxmemory", "18446744073709551615"]])).toBeNull();
    expect(value(config, "maxmemory")).toBe("18446744073709551615");
    expect(config.maxmemory).toBe(2 ** 64);
    expect(config.set([["cluster-node-timeout", "9223372036854775807"]])).toBeNull();
    expect(value(config, "cluster-node-timeout")).toBe("9223372036854775807");
  });

  test("a percentage is a negative number", () => {
    const config = configuration();
    config.set([["maxmemory-clients", "5%"]]);
    expect(config.maxmemoryClients).toBe(-5);
  });

  test("passwords keep NUL bytes, other texts end there", () => {
    const config = configuration();
    config.set([
      ["requirepass", "a\0b"],
      ["ignore-warnings", "a\0b"],
    ]);
    expect([config.requirepass, config.ignoreWarnings]).toEqual(["a\0b", "a"]);
  });
});

describe("CONFIG GET", () => {
  const config = configuration();

  test("shows all directives and aliases but the hidden ones", () => {
    const expected: string[] = [];
    for (const name of NAMES) {
      const directive: Directive = directives[name];
      if ((directive.flags & HIDDEN) !== 0) continue;
      expected.push(name);
      if (directive.alias !== null) expected.push(directive.alias);
    }
    expect(config.get(["*"]).map(([name]) => name)).toEqual(expected);
  });

  test("answers a name as it was written, and each name once", () => {
    expect(config.get(["MaxMemory", "maxmemory", "MAXMEM*y"])).toEqual([
      ["MaxMemory", "0"],
      ["maxmemory-policy", "noeviction"],
      ["maxmemory-eviction-tenacity", "10"],
    ]);
  });

  test("ignores case in patterns and finds aliases", () => {
    expect(config.get(["SLAVE-PRIO*"])).toEqual([["slave-priority", "100"]]);
    expect(config.get(["*-priority"]).map(([name]) => name)).toEqual(["replica-priority", "slave-priority"]);
  });

  test("finds hidden directives by name only", () => {
    expect(config.get(["watchdog-period"])).toEqual([["watchdog-period", "0"]]);
    expect(config.get(["watchdog*"])).toEqual([]);
  });

  test("answers nothing for what does not exist", () => {
    expect(config.get(["nope", "nope*", ""])).toEqual([]);
    expect(config.show("nope")).toBeNull();
  });
});

describe("CONFIG SET", () => {
  test("gives Redis's errors", () => {
    const config = configuration();
    const failed = (name: string) => `ERR CONFIG SET failed (possibly related to argument '${name}') - `;
    const cases: [[string, string][], string][] = [
      [[["foo", "1"]], "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"],
      [[["a\r\nb", "1"]], "ERR Unknown option or number of arguments for CONFIG SET - 'a  b'"],
      [[["maxmemory", "abc"]], `${failed("maxmemory")}argument must be a memory value`],
      [[["PORT", "x"]], `${failed("port")}argument couldn't be parsed into an integer`],
      [[["port", "65536"]], `${failed("port")}argument must be between 0 and 65535 inclusive`],
      [[["Daemonize", "yes"]], `${failed("Daemonize")}can't set immutable config`],
      [[["dbfilename", "x"]], `${failed("dbfilename")}can't set protected config`],
      [
        [
          ["hz", "1"],
          ["HZ", "2"],
        ],
        `${failed("HZ")}duplicate parameter`,
      ],
      [[["slave-priority", "x"]], `${failed("slave-priority")}argument couldn't be parsed into an integer`],
      [[["protected-mode", "on"]], `${failed("protected-mode")}argument must be 'yes' or 'no'`],
      [[["maxmemory-clients", "x"]], `${failed("maxmemory-clients")}argument must be a memory or percent value`],
      [
        [["maxmemory-clients", "101%"]],
        `${failed("maxmemory-clients")}percentage argument must be less or equal to 100`,
      ],
      [
        [["loglevel", "loud"]],
        `${failed("loglevel")}argument(s) must be one of the following: debug, verbose, notice, warning`,
      ],
    ];
    for (const [pairs, error] of cases) expect(config.set(pairs)).toBe(error);
  });

  test("reports the first of several errors", () => {
    const config = configuration();
    const pairs: [string, string][] = [
      ["port", "x"],
      ["databases", "1"],
      ["foo", "1"],
    ];
    expect(config.set(pairs)).toEndWith("'databases') - can't set immutable config");
    expect(config.set([pairs[2], pairs[1]])).toEndWith(" - 'foo'");
  });

  test("is all or nothing", () => {
    const config = configuration();
    const pairs: [string, string][] = [
      ["timeout", "5"],
      ["client-output-buffer-limit", "normal 1 2 3"],
      ["maxmemory", "wrong"],
    ];
    const before = config.get(["*"]);
    expect(config.set(pairs)).toEndWith("argument must be a memory value");
    expect(config.get(["*"])).toEqual(before);
    expect(config.timeout).toBe(0);
  });

  test("takes an alias and its directive together, and undoes both", () => {
    const config = configuration();
    const pairs: [string, string][] = [
      ["slave-priority", "1"],
      ["replica-priority", "2"],
    ];
    expect(config.set(pairs)).toBeNull();
    expect(config.replicaPriority).toBe(2);
    expect(
      config.set([
        ["slave-priority", "7"],
        ["replica-priority", "8"],
        ["hz", "x"],
      ]),
    ).not.toBeNull();
    expect(config.replicaPriority).toBe(2);
  });

  test("protected directives follow enable-protected-configs", () => {
    const config = configuration();
    config.assign("enable-protected-configs", ["local"]);
    expect(config.set([["dbfilename", "x"]])).toEndWith("can't set protected config");
    expect(config.set([["dbfilename", "x"]], { local: true })).toBeNull();
    config.assign("enable-protected-configs", ["yes"]);
    expect(config.set([["dbfilename", "y"]])).toBeNull();
    expect(config.dbfilename).toBe("y");
  });

  test("appendonly waits for the end of loading", () => {
    const config = configuration();
    expect(config.set([["appendonly", "yes"]], { loading: true })).toBe(
      "LOADING Redis is loading the dataset in memory",
    );
    expect(config.set([["hz", "20"]], { loading: true })).toBeNull();
  });
});

describe("hooks", () => {
  test("run after all values are in place, once each, and only for changes", () => {
    const config = configuration();
    const seen: string[] = [];
    const both = () => {
      seen.push(`both ${config.port} ${config.timeout}`);
      return null;
    };
    config.onChange("port", both);
    config.onChange("timeout", both);
    config.onChange("hz", () => {
      seen.push("hz");
      return null;
    });
    expect(
      config.set([
        ["port", "1"],
        ["hz", "10"],
        ["timeout", "2"],
      ]),
    ).toBeNull();
    expect(seen).toEqual(["both 1 2"]);
    config.assign("port", ["9"]);
    expect(seen).toEqual(["both 1 2"]);
  });

  test("save and bind count as changed even if they are not, as in Redis", () => {
    const config = configuration();
    let calls = 0;
    config.onChange("bind", () => {
      calls++;
      return null;
    });
    config.set([["bind", "* -::*"]]);
    expect(calls).toBe(1);
  });

  test("an alias runs the hook of its directive", () => {
    const config = configuration();
    config.onChange("min-replicas-to-write", () => "no");
    expect(config.set([["min-slaves-to-write", "1"]])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'min-slaves-to-write') - no",
    );
  });

  test("a refusal puts everything back and applies that again", () => {
    const config = configuration();
    const applied: string[] = [];
    config.onChange("timeout", () => {
      applied.push(`timeout ${config.timeout}`);
      return null;
    });
    config.onChange("port", () => {
      applied.push(`port ${config.port}`);
      return config.port === 1 ? "Unable to listen on this port. Check server logs." : null;
    });
    expect(
      config.set([
        ["timeout", "5"],
        ["port", "1"],
        ["hz", "50"],
      ]),
    ).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    );
    expect([config.timeout, config.port, config.hz]).toEqual([0, 6379, 10]);
    expect(applied).toEqual(["timeout 5", "port 1", "timeout 0", "port 6379"]);
  });
});

describe("dir", () => {
  test("goes to the folder, shows its real path, and goes back when a later value fails", () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "redbun-config-")));
    try {
      const visited: string[] = [];
      const config = createConfig({ changeFolder: (path) => visited.push(path) });
      const start = config.dir;
      config.assign("enable-protected-configs", ["yes"]);
      expect(config.set([["dir", `${folder}/.`]])).toBeNull();
      expect(config.dir).toBe(folder);
      expect(
        config.set([
          ["dir", start],
          ["hz", "x"],
        ]),
      ).not.toBeNull();
      expect(config.dir).toBe(folder);
      expect(visited).toEqual([folder, start, folder]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("gives the system's reason", () => {
    const config = createConfig();
    const before = process.cwd();
    config.assign("enable-protected-configs", ["yes"]);
    expect(config.set([["dir", "/nonexistent-folder"]])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
    );
    expect(config.set([["dir", import.meta.path]])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'dir') - Not a directory",
    );
    expect(process.cwd()).toBe(before);
  });
});

test("the directives without effect are known, and real ones", () => {
  const without = directivesWithoutEffect();
  expect(without).toContain("io-threads");
  for (const name of ["port", "bind", "maxclients", "requirepass", "hz", ...refusedDirectives]) {
    expect(without).not.toContain(name);
  }
  expect(new Set(without).size).toBe(without.length);
});

test("passwords and user names are sensitive under every name", () => {
  expect(["requirepass", "MASTERAUTH", "masteruser", "port", "nope"].map(isSensitive)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
