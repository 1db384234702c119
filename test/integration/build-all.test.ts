/**
 * The executables for other platforms: `bun run build:all` writes one for each, in the format of its platform. It
 * fetches some 300 MB the first time, so it runs in continuous integration, or where REDBUN_TEST_BUILD_ALL=1 asks for it.
 */

import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../support/server";

const ELF = 0x7f454c46;
const MACH_O_64 = 0xfeedfacf;
const MINUTE_MS = 60_000;

/** What the first bytes of each file must say. */
const EXPECTED = {
  "redbun-linux-x64": { format: "ELF", machine: 0x3e, loader: "/lib64/ld-linux-x86-64.so.2" },
  "redbun-linux-arm64": { format: "ELF", machine: 0xb7, loader: "/lib/ld-linux-aarch64.so.1" },
  "redbun-linux-x64-musl": { format: "ELF", machine: 0x3e, loader: "/lib/ld-musl-x86_64.so.1" },
  "redbun-linux-arm64-musl": { format: "ELF", machine: 0xb7, loader: "/lib/ld-musl-aarch64.so.1" },
  "redbun-darwin-x64": { format: "Mach-O", machine: 0x01000007 },
  "redbun-darwin-arm64": { format: "Mach-O", machine: 0x0100000c },
  "redbun-windows-x64.exe": { format: "PE", machine: 0x8664 },
} as const;

interface Header {
  readonly format: string;
  readonly machine: number;
  /** ELF: the program that loads it, which tells glibc from musl. */
  readonly loader?: string;
}

/** The text of an ELF file's PT_INTERP segment (64-bit, little endian). */
function elfLoader(bytes: Buffer): string {
  const [table, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  for (let at = table; at < table + size * count; at += size) {
    if (bytes.readUInt32LE(at) !== 3) continue;
    const start = Number(bytes.readBigUInt64LE(at + 8));
    return bytes.toString("latin1", start, bytes.indexOf(0, start));
  }
  return "none";
}

async function headerOf(path: string): Promise<Header> {
  const bytes = Buffer.from(await Bun.file(path).slice(0, 65536).arrayBuffer());
  if (bytes.readUInt32BE(0) === ELF) {
    return { format: "ELF", machine: bytes.readUInt16LE(18), loader: elfLoader(bytes) };
  }
  if (bytes.readUInt32LE(0) === MACH_O_64) return { format: "Mach-O", machine: bytes.readUInt32LE(4) };
  if (bytes.toString("latin1", 0, 2) === "MZ") {
    const header = bytes.readUInt32LE(0x3c);
    return { format: bytes.toString("latin1", header, header + 2), machine: bytes.readUInt16LE(header + 4) };
  }
  return { format: "unknown", machine: 0 };
}

const asked = process.env.CI === "true" || process.env.REDBUN_TEST_BUILD_ALL === "1";
if (!asked) console.warn("SKIPPED: executables for other platforms (set REDBUN_TEST_BUILD_ALL=1)");

describe.skipIf(!asked)("bun run build:all", () => {
  test(
    "writes an executable for each platform",
    async () => {
      // What an earlier run left must not pass for what this one writes.
      await Promise.all(Object.keys(EXPECTED).map((name) => rm(join(REPOSITORY, "dist", name), { force: true })));
      const build = Bun.spawn([process.execPath, ".ci/build.ts", "--all"], {
        cwd: REPOSITORY,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      const output = await build.stdout.text();
      expect(await build.exited).toBe(0);
      for (const [name, expected] of Object.entries(EXPECTED)) {
        expect(output).toContain(join("dist", name));
        expect({ name, ...(await headerOf(join(REPOSITORY, "dist", name))) }).toEqual({ name, ...expected });
      }
    },
    10 * MINUTE_MS,
  );

  const native = `redbun-${process.platform}-${process.arch}`;
  test.skipIf(!(native in EXPECTED))("the one for this platform runs", async () => {
    const child = Bun.spawn([join(REPOSITORY, "dist", native), "--version"], { stdout: "pipe", stderr: "inherit" });
    expect(await child.stdout.text()).toMatch(/^Redis server v=/);
    expect(await child.exited).toBe(0);
  });
});
