/**
 * Every command that redbun lists has a differential case. The cases of all files are collected in a process of their
 * own (REDBUN_DIFFERENTIAL_COLLECT, see harness.ts), and the commands come from COMMAND LIST, so a command that is
 * added without a case fails here.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { items, text } from "../support/reply";
import { REPOSITORY, startRedbun } from "../support/server";

/** Commands that cannot be compared side by side, each with the reason. Keep it short. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

const START_LIMIT_MS = 60_000;

// The collecting process must never collect again: should this file be among its own, it registers nothing.
const register = (process.env.REDBUN_DIFFERENTIAL_COLLECT ?? "") === "" ? describe : describe.skip;

register("every command has a differential case", () => {
  let used = new Set<string>();
  let listed: string[] = [];
  let directory = "";

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "redbun-coverage-"));
    used = await collectUsed(join(directory, "commands"));
    await using server = await startRedbun();
    await using client = await server.client();
    listed = items(await client.call("COMMAND", "LIST")).map(text);
  }, START_LIMIT_MS);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("COMMAND LIST names commands, and the cases use some", () => {
    expect(listed).toContain("get");
    expect(used).toContain("get");
    expect(used).not.toContain("nosuchcommand");
  });

  test("no command lacks a case", () => {
    const lacking = listed.filter((name) => !used.has(name) && !(name in EXCEPTIONS));
    expect(lacking.sort()).toEqual([]);
  });

  test("no exception is needless", () => {
    expect(Object.keys(EXCEPTIONS).filter((name) => used.has(name))).toEqual([]);
  });
});

/** The commands that the cases use: names, and name|word for each second word. */
async function collectUsed(path: string): Promise<Set<string>> {
  const files: string[] = [];
  for (const name of new Glob("*.test.ts").scanSync(import.meta.dir)) {
    const file = join(import.meta.dir, name);
    // The others in this folder hold no cases, and would run in full.
    if (/^(?:import \{.*)?\} from "\.\/harness"/m.test(await Bun.file(file).text())) files.push(file);
  }
  const child = Bun.spawn([process.execPath, "test", ...files], {
    cwd: REPOSITORY,
    env: { ...process.env, REDBUN_DIFFERENTIAL_COLLECT: path },
    stdout: "pipe",
    stderr: "pipe",
    timeout: START_LIMIT_MS / 2,
  });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
  const code = await child.exited;
  if (code !== 0) throw new Error(`collecting the commands failed:\n${output}`);
  return new Set((await Bun.file(path).text()).split("\n").filter((name) => name !== ""));
}
