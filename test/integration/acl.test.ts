/** ACL as a person meets it: users in redis.conf and in an ACL file, and what is wrong with them, beside redis-server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { onceItSucceeds } from "../support/eventually";
import { array, bulk, error, integer, items, NULL_BULK, OK, text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, peerExecutable, requireRedis, runRedbun, startRedbun } from "../support/server";

const LIMIT_MS = 60_000;
const withRedis = requireRedis() ? test : test.skip;
const withRedis8 = requireRedis("redis8") ? test : test.skip;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-acl-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Without the process, the role and the time of a log line, and the version in a report. */
function plain(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.replace(/^\d+:[A-Z] .{20,25}\.\d{3} ([.*#-]) /, "").replace(/\(Redis [\d.]+\)/, ""))
    .filter(
      (line) => /acl|user|config file|reading|>>>/i.test(line) && !/no config file|Configuration loaded/.test(line),
    );
}

/** What redbun and redis-server say of a configuration that stops the start. */
async function refusals(conf: string, aclFile?: string): Promise<{ ours: string[]; theirs: string[] }> {
  writeFileSync(join(folder, "redis.conf"), conf);
  if (aclFile !== undefined) writeFileSync(join(folder, "users.acl"), aclFile, "latin1");
  const args = ["redis.conf", "--port", String(freePort()), "--save", ""];
  const theirs = Bun.spawn([peerExecutable("redis7") ?? "", ...args], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const [ours, out, err] = await Promise.all([
    runRedbun(args, { cwd: folder }),
    theirs.stdout.text(),
    theirs.stderr.text(),
  ]);
  expect([ours.code, await theirs.exited]).toEqual([1, 1]);
  return { ours: plain(ours.stdout + ours.stderr), theirs: plain(out + err) };
}

describe("a start that is refused", () => {
  const lines: readonly string[] = [
    "user a on foo",
    "user a on >x ~a +get bar",
    "user a (foo)",
    "user a #12",
    "user a on +foo",
    "user a on (+get ~a) (+foo)",
    "user a on\nuser a off",
    'user "a b" on',
    "user a on\naclfile users.acl",
    "aclfile missing.acl",
  ];
  for (const conf of lines) {
    withRedis(
      `${conf.replace("\n", "; ")}`,
      async () => {
        const { ours, theirs } = await refusals(conf, "");
        expect(ours).toEqual(theirs);
        expect(ours.length).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  }

  withRedis(
    "errors on many lines of an ACL file",
    async () => {
      const file =
        'user a on +foo +bar xx yy -baz\n\n  user b on nopass  \nuser b on\nfoo\nuser\n#c\nuser "c d" on\n' +
        "user e (+get ~a\nuser f\ton\nuser g (+get ~a) (+xx)\n";
      const { ours, theirs } = await refusals("aclfile users.acl", file);
      expect(ours).toEqual(theirs);
      expect(ours[0]).toStartWith("Aborting Redis startup because of ACL errors: users.acl:1: Error in applying");
    },
    LIMIT_MS,
  );
});

test("users of redis.conf are there, and one that is off is mentioned", async () => {
  const conf = "user default on nopass ~* &* +@all -flushall\nuser alice on >p ~a:* +@read\nuser bob (+get ~b) ~c\n";
  await using server = await startRedbun({ conf });
  expect(server.lines.join("\n")).toContain("The user 'bob' is disabled (there is no 'on' modifier");
  await using client = await server.client();
  expect(await client.call("FLUSHALL")).toEqual(
    error("NOPERM User default has no permissions to run the 'flushall' command"),
  );
  expect(await client.call("AUTH", "alice", "p")).toEqual(OK);
  expect(await client.call("GET", "a:1")).toEqual(NULL_BULK);
  expect(await client.call("GET", "b")).toEqual(error("NOPERM No permissions to access a key"));
});

test("a user line of the default user replaces what requirepass says", async () => {
  await using server = await startRedbun({ conf: "user default on >fromuser ~* &* +@all\nrequirepass fromrequire\n" });
  await using client = await server.client();
  expect((await client.call("AUTH", "fromrequire")).type).toBe("error");
  expect(await client.call("AUTH", "fromuser")).toEqual(OK);
});

withRedis8(
  "CONFIG REWRITE writes the users that there are, as redis-server does",
  async () => {
    const conf = "user carol on nopass\n# mine\nuser alice off\nuser bob on\nport 0\n";
    const rewritten = async (command: readonly string[]): Promise<string[]> => {
      const path = join(folder, `rewrite-${command.length}.conf`);
      writeFileSync(path, conf);
      const port = freePort();
      const child = Bun.spawn([...command, path, "--port", String(port), "--save", ""], {
        stdout: "pipe",
        stderr: "pipe",
      });
      try {
        await using client = await onceItSucceeds(() => RespClient.connect({ port }));
        await client.call("ACL", "SETUSER", "alice", "on", ">p", "~a", "+get", "(+set", "~b)");
        await client.call("ACL", "SETUSER", "dave", "on", "+@all", "-get", "&c");
        await client.call("ACL", "DELUSER", "bob");
        expect(await client.call("CONFIG", "REWRITE")).toEqual(OK);
        return readFileSync(path, "latin1")
          .split("\n")
          .filter((line) => /^(user|# mine)/.test(line));
      } finally {
        child.kill();
        await child.exited;
      }
    };
    const ours = await rewritten([process.execPath, join(import.meta.dir, "../../src/main.ts")]);
    const theirs = await rewritten([peerExecutable("redis8") ?? ""]);
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(5);
  },
  LIMIT_MS,
);

describe("an ACL file", () => {
  const ALICE = "user alice on nopass ~* +@all\n";

  test("is loaded at the start, saved, and loaded again; clients of users that it replaces are gone", async () => {
    const path = join(folder, "live.acl");
    writeFileSync(path, `${ALICE}user bob on nopass +get ~x\n`);
    await using server = await startRedbun({ args: ["--aclfile", path] });
    await using main = await server.client();
    await using alice = await server.client();
    expect(await alice.call("AUTH", "alice", "")).toEqual(OK);
    expect(await main.call("ACL", "SETUSER", "carol", "on", ">p")).toEqual(OK);
    expect(await main.call("ACL", "SAVE")).toEqual(OK);
    const saved = readFileSync(path, "latin1");
    expect(saved.trimEnd().replace(/^user (\S+) .*/gm, "$1")).toBe("alice\nbob\ncarol\ndefault");
    expect(await main.call("ACL", "SETUSER", "dave")).toEqual(OK);
    expect(await main.call("ACL", "LOAD")).toEqual(OK);
    expect(await main.call("ACL", "USERS")).toEqual(array(...["alice", "bob", "carol", "default"].map(bulk)));
    expect(
      items(await main.call("ACL", "LIST"))
        .map(text)
        .join("\n"),
    ).toBe(saved.trimEnd());
    await alice.closed;
    expect(await main.call("CONFIG", "GET", "aclfile")).toEqual(array(bulk("aclfile"), bulk(path)));
  });

  test("with errors changes nothing, and all errors are told", async () => {
    const path = join(folder, "wrong.acl");
    writeFileSync(path, ALICE);
    await using server = await startRedbun({ args: ["--aclfile", path] });
    await using main = await server.client();
    await using alice = await server.client();
    expect(await alice.call("AUTH", "alice", "")).toEqual(OK);
    writeFileSync(path, `${ALICE}user bob +foo\n${ALICE}nonsense\n`);
    expect(await main.call("ACL", "LOAD")).toEqual(
      error(
        `ERR ${path}:2: Error in applying operation '+foo': Unknown command or category name in ACL. WARNING: Duplicate ` +
          `user 'alice' found on line 3. ${path}:4 should start with user keyword followed by the username. WARNING: ACL ` +
          "errors detected, no change to the previously active ACL rules was performed",
      ),
    );
    expect(text(await alice.call("ACL", "WHOAMI"))).toBe("alice");
    rmSync(path);
    expect(await main.call("ACL", "LOAD")).toEqual(
      error(`ERR Error loading ACLs, opening file '${path}': No such file or directory`),
    );
    expect(await main.call("ACL", "USERS")).toEqual(array(bulk("alice"), bulk("default")));
  });

  test("that cannot be written: the log says why", async () => {
    const path = join(folder, "lost.acl");
    writeFileSync(path, ALICE);
    const gone = mkdtempSync(join(tmpdir(), "redbun-acl-gone-"));
    writeFileSync(join(gone, "u.acl"), ALICE);
    await using server = await startRedbun({ args: ["--aclfile", join(gone, "u.acl")] });
    await using main = await server.client();
    rmSync(gone, { recursive: true });
    expect(await main.call("ACL", "SAVE")).toEqual(
      error("ERR There was an error trying to save the ACLs. Please check the server logs for more information"),
    );
    await server.waitForLog("Opening temp ACL file for ACL SAVE: No such file or directory");
  });

  test("keeps users out of redis.conf", async () => {
    const path = join(folder, "apart.acl");
    writeFileSync(path, ALICE);
    await using server = await startRedbun({ conf: `aclfile ${path}\n` });
    await using main = await server.client();
    expect(await main.call("CONFIG", "REWRITE")).toEqual(OK);
    const conf = readFileSync(join(server.directory, "redis.conf"), "latin1");
    expect(conf).not.toContain("user ");
    expect(conf).toContain(`aclfile "${path}"`);
  });
});

test("protected mode looks at the default user, not at requirepass", async () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === "IPv4" && !each.internal)?.address;
  if (address === undefined) return;
  await using server = await startRedbun({ args: ["--bind", "*"] });
  const ping = async (): Promise<string> => {
    try {
      await using client = await RespClient.connect({ port: server.port, host: address });
      return text(await client.call("PING"));
    } catch (reason) {
      return String(reason);
    }
  };
  expect(await ping()).not.toBe("PONG");
  await using main = await server.client();
  await main.call("ACL", "SETUSER", "default", ">p");
  expect(await ping()).toStartWith("NOAUTH");
  await main.call("ACL", "SETUSER", "default", "nopass");
  expect(await ping()).not.toBe("PONG");
  expect(await main.call("DBSIZE")).toEqual(integer(0));
});
