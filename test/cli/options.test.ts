/** The options of `redbun cli`. */

import { describe, expect, test } from "bun:test";
import { parseCliOptions, UsageError } from "../../src/cli/options";

const NO_TLS = {
  enabled: false,
  cert: "",
  key: "",
  passphrase: "",
  cacert: "",
  cacertdir: "",
  insecure: false,
  sni: "",
  ciphers: "",
};

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
      tls: NO_TLS,
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
      tls: NO_TLS,
      command: ["SET", "-p", "-3"],
    });
  });

  test("knows from the environment where the server of a container listens", () => {
    expect(parseCliOptions(["PING"], { REDBUN_PORT: "7001" })).toMatchObject({ port: 7001, socket: "" });
    expect(parseCliOptions(["PING"], { REDBUN_PORT: "0", REDBUN_UNIXSOCKET: "/s" })).toMatchObject({ socket: "/s" });
    expect(parseCliOptions(["-p", "1", "PING"], { REDBUN_PORT: "7001" })).toMatchObject({ port: 1 });
  });

  test("reads the options of TLS, in any order", () => {
    const args = ["--cert", "c", "--key", "k", "--cacert", "a", "--cacertdir", "d", "--sni", "s", "--insecure"];
    const given = { cert: "c", key: "k", cacert: "a", cacertdir: "d", sni: "s", insecure: true, ciphers: "l" };
    expect(parseCliOptions([...args, "--tls-ciphers", "l", "--tls", "PING"], {}).tls).toEqual({
      ...NO_TLS,
      ...given,
      enabled: true,
    });
    expect(parseCliOptions([...args, "PING"], {}).tls.enabled).toBe(false);
  });

  test("uses TLS and the server's own certificate where a container serves nothing else", () => {
    const environment = {
      REDBUN_PORT: "0",
      REDBUN_TLS_PORT: "7002",
      REDBUN_TLS_CERT_FILE: "/c",
      REDBUN_TLS_KEY_FILE: "/k",
      REDBUN_TLS_KEY_FILE_PASS: "p",
      REDBUN_TLS_CA_CERT_FILE: "/a",
    };
    const tls = { ...NO_TLS, enabled: true, cert: "/c", key: "/k", passphrase: "p", cacert: "/a" };
    expect(parseCliOptions(["PING"], environment)).toMatchObject({ port: 7002, socket: "", tls });
    expect(parseCliOptions(["PING"], { ...environment, REDBUN_PORT: "7001" })).toMatchObject({
      port: 7001,
      tls: NO_TLS,
    });
    const noAuthority = { ...environment, REDBUN_TLS_CA_CERT_FILE: undefined };
    expect(parseCliOptions(["PING"], noAuthority).tls).toMatchObject({ insecure: true });
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
