/** The server starts itself anew with options of the compiler: as the same process, with the same arguments. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { JIT_OPTIONS, KNOWN_RUNTIME } from "../../src/util/jit-options";
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
  await using server = await startRedbun({ args: ["--maxmemory", "12345678"], env: { JIT_TEST: "ü" } });
  const info = await server.info();
  expect(info.get("process_id")).toBe(String(server.pid));
  expect(info.get("maxmemory")).toBe("12345678");
  const environment = environmentOf(server.pid);
  for (const [name, value] of Object.entries(JIT_OPTIONS)) expect(environment).toContain(`${name}=${value}`);
  expect(environment).toContain("JIT_TEST=ü");
});

onLinux("a server that is given one of them starts as it is", async () => {
  await using server = await startRedbun({ env: { BUN_JSC_maximumInliningDepth: "5" } });
  const names = environmentOf(server.pid).filter((variable) => variable.startsWith("BUN_JSC_"));
  expect(names).toEqual(["BUN_JSC_maximumInliningDepth=5"]);
});
