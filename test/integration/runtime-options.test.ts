/** The server starts itself anew with options of the runtime: as the same process, with the same arguments. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { KNOWN_RUNTIME, RUNTIME_OPTIONS } from "../../src/util/runtime-options";
import { REPOSITORY, startRedbun } from "../support/server";

const onLinux = test.skipIf(process.platform !== "linux");

function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
}

test("the options are known for the runtime that is used", () => {
  const { packageManager } = JSON.parse(readFileSync(`${REPOSITORY}/package.json`, "utf8"));
  expect(packageManager).toBe(`bun@${KNOWN_RUNTIME}`);
});

onLinux("a server has the options, and keeps what it was started with", async () => {
  await using server = await startRedbun({ args: ["--maxmemory", "12345678"], env: { SOME_TEST: "ü" } });
  const info = await server.info();
  expect(info.get("process_id")).toBe(String(server.pid));
  expect(info.get("maxmemory")).toBe("12345678");
  const environment = environmentOf(server.pid);
  for (const [name, value] of Object.entries(RUNTIME_OPTIONS)) expect(environment).toContain(`${name}=${value}`);
  expect(environment).toContain("SOME_TEST=ü");
});

onLinux("a server that is given one of them starts as it is", async () => {
  await using server = await startRedbun({ env: { BUN_JSC_maximumInliningDepth: "5" } });
  const names = environmentOf(server.pid).filter((variable) => /^(BUN_JSC|MIMALLOC)_/.test(variable));
  expect(names).toEqual(["BUN_JSC_maximumInliningDepth=5"]);
});
