/**
 * The container image, without a container engine: its root folder is assembled as the Dockerfile does it, and redbun
 * runs inside with chroot, as the Dockerfile's user and with its environment. What the test knows about the image
 * (user, environment, entry point, health check, port) is read from the Dockerfile's last stage.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executable } from "../support/executable";
import { text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, REPOSITORY } from "../support/server";

const START_LIMIT_MS = 30_000;

interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The instructions of the Dockerfile's last stage, continued lines joined. */
async function lastStage(): Promise<Instruction[]> {
  const text = await Bun.file(join(REPOSITORY, "Dockerfile")).text();
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n");
  const instructions = lines.flatMap((line) => {
    const match = /^([A-Z]+)\s+(.*)$/.exec(line.trim());
    return match ? [{ name: match[1], value: match[2].trim() }] : [];
  });
  return instructions.slice(instructions.findLastIndex((instruction) => instruction.name === "FROM"));
}

const stage = await lastStage();

function values(name: string): string[] {
  return stage.filter((instruction) => instruction.name === name).map((instruction) => instruction.value);
}

/** The program and arguments of an instruction in exec form, ENTRYPOINT or HEALTHCHECK. */
function command(name: string): string[] {
  const [value] = values(name);
  return JSON.parse(value.slice(value.indexOf("["))) as string[];
}

function environment(): Record<string, string> {
  return Object.fromEntries(values("ENV").map((assignment) => assignment.split("=", 2)));
}

function usable(): boolean {
  const missing =
    process.platform !== "linux"
      ? "chroot needs Linux"
      : process.getuid?.() !== 0
        ? "chroot needs root"
        : ["chroot", "unshare", "ldd"].find((program) => Bun.which(program) === null);
  if (missing === undefined) return true;
  if (process.env.CI === "true") throw new Error(`the image cannot be tested: ${missing}`);
  console.warn(`SKIPPED: the container image: ${missing}`);
  return false;
}

test("the last stage starts from nothing and holds only the assembled folder", () => {
  expect(stage[0]).toEqual({ name: "FROM", value: "scratch" });
  expect(values("COPY")).toEqual(["--from=build /image/ /"]);
  expect(values("VOLUME")).toEqual(["/data"]);
  expect(values("WORKDIR")).toEqual(["/data"]);
  expect(values("EXPOSE")).toEqual(["6379"]);
});

describe.skipIf(!usable())("the image's root folder", () => {
  let root = "";

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "redbun-image-"));
    // mkdtemp's folder is private, and / of an image is not.
    await chmod(root, 0o755);
    const assemble = Bun.spawn([join(REPOSITORY, ".ci/image-root.sh"), await executable(), root], {
      stdout: "inherit",
      stderr: "inherit",
    });
    expect(await assemble.exited).toBe(0);
    await mkdir(join(root, "proc"));
  });

  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  /** Runs a program of the image, with /proc as a container engine mounts it: in a mount namespace of its own. */
  function inside(program: readonly string[], env: Record<string, string>) {
    const script = `mount --rbind /proc "$0/proc" && exec chroot --userspec="$1" "$0" "\${@:2}"`;
    return Bun.spawn(["unshare", "--mount", "bash", "-c", script, root, values("USER")[0], ...program], {
      env: { PATH: process.env.PATH, ...environment(), ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  test("holds the executable, its libraries and no other program", async () => {
    const files = (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(root, "proc")))
      .map((entry) => entry.name)
      .sort();
    const libraries = files.filter((name) => name.includes(".so."));
    expect(libraries.map((name) => name.replace(/\.so.*|-.*/, "")).sort()).toEqual([
      "ld",
      "libc",
      "libdl",
      "libm",
      "libpthread",
    ]);
    expect(files.filter((name) => !libraries.includes(name))).toEqual(["group", "passwd", "redbun"]);
  });

  test("names the image's user", async () => {
    const [uid, gid] = values("USER")[0].split(":");
    expect(Number(uid)).toBeGreaterThan(0);
    expect(await Bun.file(join(root, "etc/passwd")).text()).toMatch(new RegExp(`^redbun:x:${uid}:${gid}:`));
  });

  test("prints its version", async () => {
    const child = inside([...command("ENTRYPOINT"), "--version"], {});
    expect(await child.stdout.text()).toMatch(/^Redis server v=7\.2\.4 /);
    expect(await child.exited).toBe(0);
  });

  test("serves, is healthy, is unhealthy when it is gone, and stops with SIGTERM", async () => {
    const port = String(freePort());
    const env = { REDBUN_PORT: port };
    const server = inside([...command("ENTRYPOINT"), "--dir", values("WORKDIR")[0]], env);
    const output = Promise.all([server.stdout.text(), server.stderr.text()]);
    try {
      const client = await connect(Number(port), server);
      expect(text(await client.call("PING"))).toBe("PONG");
      await client.close();

      const healthy = inside(command("HEALTHCHECK"), env);
      expect((await healthy.stdout.text()).trim()).toBe("PONG");
      expect(await healthy.exited).toBe(0);
    } finally {
      server.kill("SIGTERM");
    }
    const code = await server.exited;
    expect({ code, output: await output }).toMatchObject({ code: 0 });

    const unhealthy = inside(command("HEALTHCHECK"), env);
    expect(await unhealthy.exited).not.toBe(0);
  });
});

/** Connects as soon as the server listens; rejects when it exits instead. */
async function connect(port: number, server: Bun.Subprocess): Promise<RespClient> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await RespClient.connect({ port });
    } catch (reason) {
      if (server.exitCode !== null) throw new Error(`the server exited with ${server.exitCode}`);
      if (Date.now() > deadline) throw reason;
    }
    await Bun.sleep(20);
  }
}
