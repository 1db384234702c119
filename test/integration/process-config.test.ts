/** Configuration as a person meets it: files that include each other, renamed commands, CONFIG REWRITE and a restart. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, bulk, error, OK, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { runRedbun, startRedbun, textMap } from "../support/server";

async function configuration(client: RespClient): Promise<Map<string, string>> {
  const all = textMap(await client.call("CONFIG", "GET", "*"));
  // What every start of the test harness gives anew.
  for (const name of ["port", "dir", "save"]) all.delete(name);
  return all;
}

test("files that include each other stop the start", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redbun-include-"));
  try {
    await Bun.write(join(folder, "a.conf"), "include b.conf\n");
    await Bun.write(join(folder, "b.conf"), "# the way back\ninclude a.conf\n");
    const { code, stderr } = await runRedbun(["a.conf"], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toContain("*** FATAL CONFIG FILE ERROR");
    expect(stderr).toContain("Too many nested includes");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a renamed command is itself under another name, and one renamed to nothing is gone", async () => {
  const conf = 'rename-command get fetch\nrename-command CONFIG cfg\nrename-command flushall ""\n';
  await using server = await startRedbun({ conf });
  await using client = await server.client();
  expect(await client.call("SET", "k", "v")).toEqual(OK);
  expect(text(await client.call("FETCH", "k"))).toBe("v");
  expect(await client.call("GET", "k")).toEqual(error("ERR unknown command 'GET', with args beginning with: 'k' "));
  expect(await client.call("flushall")).toEqual(error("ERR unknown command 'flushall', with args beginning with: "));
  expect(await client.call("COMMAND", "GETKEYS", "fetch", "k")).toEqual(array(bulk("k")));
  expect(await client.call("fetch")).toEqual(error("ERR wrong number of arguments for 'get' command"));
  expect(await client.call("Cfg", "nope")).toEqual(error("ERR unknown subcommand 'nope'. Try CFG HELP."));
});

test("CONFIG REWRITE keeps what a person wrote, and the rewritten file starts the same server", async () => {
  const conf =
    '# mine\nrequirepass "a \\"b\\" \\x00\\xff"\nmaxmemory 1mb\nsave 900 1 300 10\nrename-command DEBUG ""\n' +
    "slave-priority 50\nmaxmemory 200mb\nunixsocketperm 0770\n";
  let rewritten: string;
  let before: Map<string, string>;
  {
    await using server = await startRedbun({ conf });
    await using client = await server.client();
    expect(await client.call("AUTH", Buffer.from('a "b" \x00\xff', "latin1"))).toEqual(OK);
    const settings: [string, string | Uint8Array][] = [
      ["requirepass", Uint8Array.of(0x22, 0x5c, 1, 0xfe)],
      ["maxclients", "200"],
      ["save", "60 1"],
      ["latency-tracking-info-percentiles", ""],
      ["client-output-buffer-limit", "normal 10mb 5mb 30"],
      ["maxmemory-clients", "5%"],
      ["proc-title-template", "redbun {port}"],
      ["notify-keyspace-events", "KEA"],
      ["oom-score-adj-values", "1 2 3"],
      ["shutdown-on-sigterm", "nosave now"],
    ];
    for (const [name, value] of settings) expect(await client.call("CONFIG", "SET", name, value)).toEqual(OK);
    expect(await client.call("CONFIG", "REWRITE")).toEqual(OK);
    before = await configuration(client);
    const file = join(server.directory, "redis.conf");
    rewritten = readFileSync(file, "latin1");
    expect(await client.call("CONFIG", "REWRITE")).toEqual(OK);
    expect(readFileSync(file, "latin1").trimEnd()).toBe(rewritten.trimEnd());
  }
  expect(rewritten).toStartWith("# mine\n");
  expect(rewritten).toContain('rename-command DEBUG ""\n');
  expect(rewritten.match(/^(maxmemory|save) .*/gm)).toEqual(["maxmemory 200mb", "save 60 1"]);
  await using server = await startRedbun({ conf: rewritten.replace(/^dir .*\n/m, "") });
  await using client = await server.client();
  expect(await client.call("PING")).toEqual(error("NOAUTH Authentication required."));
  expect(await client.call("AUTH", Uint8Array.of(0x22, 0x5c, 1, 0xfe))).toEqual(OK);
  expect(await configuration(client)).toEqual(before);
});
