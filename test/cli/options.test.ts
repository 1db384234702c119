import { describe, expect, test } from "bun:test";
import { parseCliOptions, UsageError } from "../../src/cli/options";

describe("the command line of redbun cli", () => {
  test("has redis-cli's defaults", () => {
    expect(parseCliOptions(["PING"], {})).toEqual({
      host: "127.0.0.1",
      port: 6379,
      socket: "",
      user: "",
      password: "",
      warnsOfPassword: false,
      database: 0,
      protocol: 2,
      readsStdin: false,
      failsOnError: false,
      command: ["PING"],
    });
  });

  test("reads options up to the command, and what is behind it as it is", () => {
    const args = ["-h", "example", "-p", "7000", "-s", "/s", "-a", "pw", "--user", "u", "-n", "3", "-3", "-x", "-e"];
    expect(parseCliOptions([...args, "SET", "-p", "-3"], {})).toEqual({
      host: "example",
      port: 7000,
      socket: "/s",
      user: "u",
      password: "pw",
      warnsOfPassword: true,
      database: 3,
      protocol: 3,
      readsStdin: true,
      failsOnError: true,
      command: ["SET", "-p", "-3"],
    });
  });

  test("knows from the environment where the server of a container listens", () => {
    expect(parseCliOptions(["PING"], { REDBUN_PORT: "7001" })).toMatchObject({ port: 7001, socket: "" });
    expect(parseCliOptions(["PING"], { REDBUN_PORT: "0", REDBUN_UNIXSOCKET: "/s" })).toMatchObject({ socket: "/s" });
    expect(parseCliOptions(["-p", "1", "PING"], { REDBUN_PORT: "7001" })).toMatchObject({ port: 1 });
  });

  test("warns of a password among the arguments only", () => {
    expect(parseCliOptions(["PING"], { REDISCLI_AUTH: "pw" })).toMatchObject({
      password: "pw",
      warnsOfPassword: false,
    });
    expect(parseCliOptions(["--pass", "pw", "PING"], {}).warnsOfPassword).toBe(true);
    expect(parseCliOptions(["--no-auth-warning", "-a", "pw", "PING"], {}).warnsOfPassword).toBe(false);
    expect(parseCliOptions(["-a", "pw", "--no-auth-warning", "PING"], {}).warnsOfPassword).toBe(false);
  });

  test.each([[[]], [["-p"]], [["-p", "x", "PING"]], [["-p", "65536", "PING"]], [["--cluster", "PING"]], [["-n", "1"]]])(
    "refuses %p",
    (args) => {
      expect(() => parseCliOptions(args, {})).toThrow(UsageError);
    },
  );
});
