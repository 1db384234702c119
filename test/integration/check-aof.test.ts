/** `redbun check-aof` beside redis-check-aof: what both print, how they end, and what they leave of the files. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCommand } from "../support/resp-client";
import { PEERS, requireRedis, runRedbun } from "../support/server";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-check-aof-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const THEIRS = Bun.which("redis-check-aof");
const possible = THEIRS !== null && requireRedis();

const set = (key: string, value: string): string => Buffer.from(encodeCommand(["SET", key, value])).toString("latin1");
const MULTI = "*1\r\n$5\r\nMULTI\r\n";
const EXEC = "*1\r\n$4\r\nexec\r\n";

interface Result {
  code: number;
  stdout: string;
  files: Record<string, string>;
}

function filesIn(path: string): Record<string, string> {
  return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "latin1")]));
}

/** Runs one of the programs on files of their own. */
async function run(ours: boolean, files: Record<string, string>, args: string[], stdin: string): Promise<Result> {
  // Of the same length: messages name the path.
  const cwd = join(folder, ours ? "ours" : "them");
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text, "latin1");
  if (ours) {
    const { code, stdout } = await runRedbun(["check-aof", ...args], { cwd, stdin });
    return { code, stdout: stdout.replaceAll("redbun check-aof", "redis-check-aof"), files: filesIn(cwd) };
  }
  const child = Bun.spawn([THEIRS as string, ...args], { cwd, stdin: Buffer.from(stdin), stdout: "pipe" });
  const stdout = (await child.stdout.text()).replaceAll(THEIRS as string, "redis-check-aof");
  return { code: await child.exited, stdout, files: filesIn(cwd) };
}

/** Lines of the log have the process and the time before them. */
function withoutLogHeads({ stdout, ...rest }: Result): Result {
  return { ...rest, stdout: stdout.replace(/^\d+:\w \d+ \w+ \d+ [\d:.]+ # /gm, "") };
}

const good = set("a", "1") + set("key two", "x".repeat(300));
const manifest = "file b.aof seq 1 type b\nfile i.aof seq 1 type i\n";
const stamped = `#TS:100\r\n${set("a", "1")}#TS:200\r\n${set("b", "2")}#TS:300\r\n${set("c", "3")}`;

const oldStyle: Record<string, string> = {
  "a sound one": good,
  "an empty one": "",
  "garbage at the start": "garbage\r\n",
  "garbage in the middle": `${good}!!!${good}`,
  "an annotation": `#TS:5\r\n${good}`,
  "an annotation without an end": `${good}#TS:5`,
  "a transaction": `${good}${MULTI}${set("b", "2")}${EXEC}`,
  "a transaction without an end": `${good}${MULTI}${set("b", "2")}`,
  "two MULTI": `${good}${MULTI}${MULTI}`,
  "EXEC alone": `${good}${EXEC}${good}`,
  "a wrong prefix": `${good}*2\r\n$3\r\nGET\r\n+1\r\na\r\n`,
  "a wrong length": `${good}*2\r\n$4\r\nGET\r\n$1\r\na\r\n`,
  "a length that is none": `${good}*2\r\n$x\r\nGET\r\n$1\r\na\r\n`,
  "a negative length": `${good}*2\r\n$-3\r\nGET\r\n$1\r\na\r\n`,
  "a length beyond the end": `${good}*2\r\n$300\r\nGET\r\n$1\r\na\r\n`,
  "no arguments": `${good}*0\r\n${good}`,
  "bytes above 127": `${good}*1\r\n$1\r\na\xff\xfe\r\n`,
};

describe.skipIf(!possible)("check-aof", () => {
  for (const [what, text] of Object.entries(oldStyle)) {
    for (const args of [["f.aof"], ["--fix", "f.aof"], ["--truncate-to-timestamp", "7", "f.aof"]]) {
      test(`of ${what}: ${args.slice(0, -1).join(" ")}`, async () => {
        const files = { "f.aof": text };
        expect(await run(true, files, args, "y\n")).toEqual(await run(false, files, args, "y\n"));
      });
    }
  }

  test("at every byte of a torn tail", async () => {
    const whole = `${set("a", "1")}${MULTI}${set("b", "2")}${EXEC}`;
    for (let length = 1; length < whole.length; length += 5) {
      const files = { "f.aof": whole.slice(0, length) };
      const [ours, theirs] = await Promise.all([run(true, files, ["f.aof"], ""), run(false, files, ["f.aof"], "")]);
      // Behind the end of a line without an end C finds what was there before.
      const expected = theirs.stdout.replace(/got: 00\w\w/, "got: 00");
      expect({ length, text: ours.stdout.replace(/got: 00\w\w/, "got: 00"), code: ours.code }).toEqual({
        length,
        text: expected,
        code: theirs.code,
      });
    }
  }, 60_000);

  const multi: Record<string, Record<string, string>> = {
    "sound files": { "b.aof": good, "i.aof": good },
    "an empty increment": { "b.aof": good, "i.aof": "" },
    "a damaged base": { "b.aof": `${good}!!`, "i.aof": good },
    "a damaged increment": { "b.aof": good, "i.aof": `${good}*3\r\n$3\r\nSET` },
    "a missing increment": { "b.aof": good },
    timestamps: { "b.aof": good, "i.aof": stamped },
    "timestamps in the base": { "b.aof": stamped, "i.aof": good },
  };
  for (const [what, files] of Object.entries(multi)) {
    for (const args of [
      ["m"],
      ["--fix", "m"],
      ["--truncate-to-timestamp", "250", "m"],
      ["--truncate-to-timestamp", "50", "m"],
    ]) {
      test(`of a manifest with ${what}: ${args.slice(0, -1).join(" ")}`, async () => {
        const all = { ...files, m: manifest };
        expect(await run(true, all, args, "y\n")).toEqual(await run(false, all, args, "y\n"));
      });
    }
  }

  for (const text of [
    "file a seq 1\n",
    "# file\nfile a seq 1 type x\n",
    "file b.aof seq 1 type b\n\n",
    "file x/y seq 1 type b\n",
  ]) {
    test(`of the manifest ${JSON.stringify(text)}`, async () => {
      const all = { "b.aof": good, m: text };
      const [ours, theirs] = [await run(true, all, ["m"], ""), await run(false, all, ["m"], "")];
      expect(withoutLogHeads(ours)).toEqual(withoutLogHeads(theirs));
    });
  }

  test("of keys and values that look like a manifest", async () => {
    // Redis 7.0 takes it for one, from 7.2.5 on it does not.
    const files = { "f.aof": `#TS:5\r\n${set("file", manifest)}` };
    const { code, stdout } = await run(true, files, ["f.aof"], "");
    expect(stdout).toContain("Start checking Old-Style AOF");
    expect(stdout).toContain("AOF f.aof is valid");
    expect(code).toBe(0);
  });

  test("with wrong arguments, a missing file, and an answer that is no", async () => {
    const files = { "f.aof": `${good}!` };
    for (const args of [
      [],
      ["--fox", "f.aof"],
      ["a", "b", "c", "d"],
      ["none"],
      ["--truncate-to-timestamp", "x", "f.aof"],
    ]) {
      expect(await run(true, files, args, "")).toEqual(await run(false, files, args, ""));
    }
    expect(await run(true, files, ["--fix", "f.aof"], "n\n")).toEqual(
      await run(false, files, ["--fix", "f.aof"], "n\n"),
    );
    expect(await run(true, files, ["--fix", "f.aof"], "")).toEqual(await run(false, files, ["--fix", "f.aof"], ""));
  });

  test("of a file with an RDB preamble", async () => {
    const assets = join(PEERS, "redis-suite/tests/assets/rdb-preamble.aof");
    const files = { "f.aof": readFileSync(assets, "latin1") };
    expect(await run(true, files, ["f.aof"], "")).toEqual(await run(false, files, ["f.aof"], ""));
    const damaged = { "f.aof": `${files["f.aof"].slice(0, 60)}\xff${files["f.aof"].slice(61)}` };
    const ours = await run(true, damaged, ["f.aof"], "");
    expect(ours.code).toBe(1);
    expect(ours.stdout).toContain("RDB preamble of AOF file is not sane, aborting.");
  });
});
