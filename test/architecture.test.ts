/** Rules about the sources that no compiler or linter checks: who may import whom, sizes, names, and what stays out. */

import { describe, expect, test } from "bun:test";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const MAX_LINES = 1000;

/**
 * The layers of src/, lowest first. A file imports from its own layer and from those before it, never from one after
 * it: an operation is one walk down, with no way back up. `import type` is free: it leaves nothing in the program.
 */
const LAYERS = [
  "util",
  "resp",
  "memory",
  "db",
  "types (data)",
  "persist",
  "session",
  "admin",
  "command",
  "commands",
  "net",
  "cli",
  "server",
  "entry",
] as const;

type Layer = (typeof LAYERS)[number];

/** What a layer may not import although it lies below. */
const FORBIDDEN: Partial<Record<Layer, readonly Layer[]>> = {
  memory: ["resp"],
  // The client program and the server share no state: only bytes and the protocol.
  cli: ["memory", "db", "types (data)", "persist", "session", "command", "commands", "net"],
};

/** The layer of a file, by its path from the repository. */
function layerOf(path: string): Layer {
  const [, folder, ...rest] = path.split("/");
  if (rest.length === 0) return folder === "server.ts" ? "server" : "entry";
  if (path.endsWith(".commands.ts")) return "commands";
  if (folder === "types") return "types (data)";
  const layer = LAYERS.find((name) => name === folder);
  if (layer === undefined) throw new Error(`src/${folder}/ is in no layer: add it to LAYERS`);
  return layer;
}

function sources(pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true, onlyFiles: true })].sort();
}

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The modules that a file imports when it runs: type imports are gone. */
async function importsOf(path: string): Promise<string[]> {
  const code = await Bun.file(join(ROOT, path)).text();
  // The transpiler takes no #! line.
  return transpiler.scanImports(code.replace(/^#!.*/, "")).map((found) => found.path);
}

/** The path from the repository of a relative import, with its extension. */
function resolveImport(from: string, specifier: string): string {
  return relative(ROOT, Bun.resolveSync(specifier, join(ROOT, dirname(from))));
}

const SRC = sources("src/**/*.ts");
const ALL = sources("{src,test,bench,.ci}/**/*.ts");

/** Each source file with the source files that it imports. */
async function importGraph(): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>();
  for (const path of SRC) {
    const specifiers = (await importsOf(path)).filter((specifier) => specifier.startsWith("."));
    graph.set(
      path,
      specifiers.map((specifier) => resolveImport(path, specifier)),
    );
  }
  return graph;
}

describe("imports in src/", () => {
  test("there are sources to look at", () => {
    expect(SRC).toContain("src/main.ts");
    expect(SRC).toContain("src/util/bytes.ts");
  });

  test("go downward, by layer", async () => {
    const wrong: string[] = [];
    for (const [path, imported] of await importGraph()) {
      const layer = layerOf(path);
      for (const target of imported) {
        if (!target.startsWith("src/")) continue;
        const below = layerOf(target);
        const upward = LAYERS.indexOf(below) > LAYERS.indexOf(layer);
        if (upward || FORBIDDEN[layer]?.includes(below)) wrong.push(`${path} (${layer}) imports ${target} (${below})`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("have no cycles", async () => {
    const graph = await importGraph();
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
        return;
      }
      if (done.has(path)) return;
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test("name nothing that would have to be installed", async () => {
    const wrong: string[] = [];
    for (const path of SRC) {
      for (const specifier of await importsOf(path)) {
        if (!/^(\.|node:|bun$|bun:)/.test(specifier)) wrong.push(`${path} imports ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test(`have at most ${MAX_LINES} lines`, async () => {
    const long: string[] = [];
    for (const path of ALL) {
      const lines = (await Bun.file(join(ROOT, path)).text()).split("\n").length - 1;
      if (lines > MAX_LINES) long.push(`${path}: ${lines} lines`);
    }
    expect(long).toEqual([]);
  });

  test("and folders have kebab-case names", () => {
    const name = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
    expect(ALL.filter((path) => !path.split("/").every((part) => name.test(part)))).toEqual([]);
  });

  test("open with a comment that says what they are for", async () => {
    const silent: string[] = [];
    for (const path of ALL) {
      if (!/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(await Bun.file(join(ROOT, path)).text())) silent.push(path);
    }
    expect(silent).toEqual([]);
  });
});

describe("tracked text", () => {
  /** Files of the repository as git sees it, those not yet added included. */
  async function tracked(): Promise<string[]> {
    const git = Bun.spawn(["git", "ls-files", "--cached", "--others", "--exclude-standard"], {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "inherit",
    });
    const listing = await git.stdout.text();
    expect(await git.exited).toBe(0);
    return listing.split("\n").filter((path) => path !== "");
  }

  // Written so that this file does not contain what it looks for.
  const OUT_OF_PLACE: readonly (readonly [string, RegExp])[] = [
    ["a folder of one machine", /(?<![\w.$}~-])\/(?:work|root|home\/[a-z]+|opt\/peers|Users\/[a-z]+)\//],
    ["a package registry's host", /\b(?:registry|deb|security|packages)\.[a-z]+[a-z.]*\.(?:org|com|net|io)\b/],
  ];

  test("names no folder of one machine and no package registry's host", async () => {
    const found: string[] = [];
    for (const path of await tracked()) {
      const file = Bun.file(join(ROOT, path));
      if (!(await file.exists())) continue;
      const lines = (await file.text()).split("\n");
      for (const [what, pattern] of OUT_OF_PLACE) {
        lines.forEach((line, i) => {
          if (pattern.test(line)) found.push(`${path}:${i + 1}: ${what}: ${line.trim().slice(0, 100)}`);
        });
      }
    }
    expect(found).toEqual([]);
  });
});
