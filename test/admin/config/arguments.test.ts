/** The command line as lines of a configuration: what is an option, what is a value, what is refused. */

import { describe, expect, test } from "bun:test";
import { parseArguments } from "../../../src/admin/config/arguments";
import { createConfig } from "../../../src/admin/config/config";
import { loadConfigText } from "../../../src/admin/config/file";

/** The lines that the options in `argv` make. */
function linesOf(...argv: string[]): string[] {
  return (parseArguments(argv, "/work").configText ?? "").split("\n").map((line) => line.trim());
}

describe("parseArguments", () => {
  test("nothing at all", () => {
    expect(parseArguments([])).toEqual({ action: "serve", message: "", readStdin: false });
  });

  test("a file becomes an absolute path", () => {
    expect(parseArguments(["redis.conf"], "/a/b").configFile).toBe("/a/b/redis.conf");
    expect(parseArguments(["../redis.conf"], "/a/b").configFile).toBe("/a/redis.conf");
    expect(parseArguments(["/etc/redis.conf", "--port", "1"], "/a/b").configFile).toBe("/etc/redis.conf");
    expect(parseArguments(["--port", "1"], "/a/b").configFile).toBeUndefined();
  });

  const cases: [string[], string[]][] = [
    [["x.conf"], [""]],
    [["--port", "7777"], ['port "7777"']],
    [
      ["--port", "7777", "--replicaof", "127.0.0.1", "8888"],
      ['port "7777"', 'replicaof "127.0.0.1" "8888"'],
    ],
    [
      ["x.conf", "--save", "3600", "1", "--save", "60", "1000"],
      ['save "3600" "1"', 'save "60" "1000"'],
    ],
    [["--save", ""], ['save ""']],
    [["--save"], ['save ""']],
    [
      ["--save", "--port", "1"],
      ['save ""', 'port "1"'],
    ],
    [
      ["--SAVE", "--port", "1"],
      ['SAVE ""', 'port "1"'],
    ],
    [["--port 7777"], ["port 7777"]],
    [
      ["--port 7777", "--hz", "5"],
      ["port 7777", 'hz "5"'],
    ],
    [["--port=7777"], ["port=7777"]],
    // An option without an argument takes the next argument, whatever it looks like.
    [
      ["--requirepass", "--secret", "--port", "1"],
      ['requirepass "--secret"', 'port "1"'],
    ],
    [["--port", "--hz", "10"], ['port "--hz" "10"']],
    [["--requirepass", 'a "b"\n\xe4'], ['requirepass "a \\"b\\"\\n\\xc3\\xa4"']],
    [["--"], [""]],
    [["-x"], ['"-x"']],
    [["--logfile", ""], ['logfile ""']],
  ];
  for (const [argv, lines] of cases) {
    test(JSON.stringify(argv), () => expect(linesOf(...argv)).toEqual(lines));
  }

  test("- reads standard input, as the first or last argument only", () => {
    expect(parseArguments(["-"])).toMatchObject({ readStdin: true, configText: "" });
    expect(parseArguments(["x.conf", "--port", "1", "-"], "/")).toMatchObject({
      readStdin: true,
      configText: 'port "1" ',
      configFile: "/x.conf",
    });
    expect(parseArguments(["-", "--port", "1"])).toMatchObject({ readStdin: true, configText: 'port "1" ' });
    expect(parseArguments(["--port", "-", "1"])).toMatchObject({ readStdin: false, configText: 'port "-" "1" ' });
  });

  test("version and help", () => {
    for (const flag of ["-v", "--version"]) {
      const answer = parseArguments([flag]);
      expect(answer.action).toBe("version");
      expect(answer.message).toMatch(
        /^Redis server v=7\.2\.4 sha=[0-9a-f]{8}:[01] malloc=\S+ bits=64 build=[0-9a-f]+ /,
      );
    }
    for (const flag of ["-h", "--help"]) {
      const answer = parseArguments([flag]);
      expect(answer.action).toBe("help");
      expect(answer.message).toStartWith("Usage: redbun [/path/to/redis.conf] [options] [-]\n");
    }
    expect(parseArguments(["--port", "1", "--version"]).action).toBe("serve");
  });

  test("what redbun does not have is refused by name", () => {
    expect(parseArguments(["--test-memory", "100"])).toMatchObject({ action: "refuse" });
    expect(parseArguments(["--check-system"])).toMatchObject({ action: "refuse" });
    const sentinel = parseArguments(["x.conf", "--sentinel"]);
    expect([sentinel.action, sentinel.message]).toEqual(["refuse", expect.stringContaining("Sentinel")]);
  });

  test("the lines load", () => {
    const config = createConfig({ changeFolder() {} });
    loadConfigText(config, parseArguments(["--port", "7", "--requirepass", 'ü "', "--save"]).configText ?? "");
    expect([config.port, Buffer.from(config.requirepass, "latin1").toString(), config.save]).toEqual([7, 'ü "', []]);
  });
});
