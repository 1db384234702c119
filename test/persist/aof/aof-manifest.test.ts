/** The manifest of the append-only file: as Redis writes and reads it. */

import { describe, expect, test } from "bun:test";
import { Manifest, ManifestError } from "../../../src/persist/aof/manifest";

/** What Redis 7.0 wrote, while aof-disable-auto-gc kept history. */
const WITH_HISTORY = [
  "file appendonly.aof.3.base.rdb seq 3 type b",
  "file appendonly.aof.2.base.rdb seq 2 type h",
  "file appendonly.aof.2.incr.aof seq 2 type h",
  "file appendonly.aof.1.incr.aof seq 1 type h",
  "file appendonly.aof.3.incr.aof seq 3 type i",
  "file appendonly.aof.4.incr.aof seq 4 type i",
  "",
].join("\n");

function reason(text: string): string {
  try {
    Manifest.parse(text);
  } catch (error) {
    if (error instanceof ManifestError) return `${error.line}: ${error.message}`;
    throw error;
  }
  return "";
}

describe("a manifest", () => {
  test("is written as it was read", () => {
    const manifest = Manifest.parse(WITH_HISTORY);
    expect(manifest.base).toEqual({ name: "appendonly.aof.3.base.rdb", seq: 3 });
    expect(manifest.history.map(({ seq }) => seq)).toEqual([2, 2, 1]);
    expect(manifest.increments.map(({ seq }) => seq)).toEqual([3, 4]);
    expect(manifest.toString()).toBe(WITH_HISTORY);
  });

  test("may have comments, more pairs, any order, upper case, and quoted names", () => {
    const text = [
      "# a comment",
      'SEQ 1 future "x y" type b file "with blank\\x01.base.rdb"',
      "\tfile  'other'   seq 7 type i \r",
      "",
    ].join("\n");
    const manifest = Manifest.parse(text);
    expect(manifest.base?.name).toBe("with blank\x01.base.rdb");
    expect(manifest.increments).toEqual([{ name: "other", seq: 7 }]);
    expect(manifest.toString()).toBe('file "with blank\\x01.base.rdb" seq 1 type b\nfile other seq 7 type i\n');
  });

  test("names what is wrong, and the line", () => {
    const base = "file a seq 1 type b\n";
    expect(reason("")).toBe("0: Found an empty AOF manifest");
    expect(reason(`${base}\n`)).toBe("2: Invalid AOF manifest file format");
    expect(reason("file a seq 1 type\n")).toBe("1: Invalid AOF manifest file format");
    expect(reason("file a seq 1 tipe b\n")).toBe("1: Invalid AOF manifest file format");
    expect(reason("file a seq x type b\n")).toBe("1: Invalid AOF manifest file format");
    expect(reason('file "a seq 1 type b\n')).toBe("1: Invalid AOF manifest file format");
    expect(reason("file a/b seq 1 type b\n")).toBe("1: File can't be a path, just a filename");
    expect(reason(base + base)).toBe("2: Found duplicate base file information");
    expect(reason("file a seq 1 type z\n")).toBe("1: Unknown AOF file type");
    expect(reason("file a seq 2 type i\nfile b seq 2 type i\n")).toBe("2: Found a non-monotonic sequence number");
    expect(reason("file a seq 1 type b")).toBe("0: The AOF manifest file contains too long line");
    expect(reason(`file ${"a".repeat(1100)} seq 1 type b\n`)).toBe("0: The AOF manifest file contains too long line");
  });
});

describe("a rewrite", () => {
  test("makes a new base, and history of what was before it but the last increment", () => {
    const manifest = Manifest.parse(WITH_HISTORY.replace(/.* type h\n/g, ""));
    const next = manifest.copy();
    expect(next.newBase("appendonly.aof", "aof")).toBe("appendonly.aof.4.base.aof");
    expect(next.newIncrement("appendonly.aof")).toBe("appendonly.aof.5.incr.aof");
    next.retireIncrements(1);
    expect(next.toString()).toBe(
      [
        "file appendonly.aof.4.base.aof seq 4 type b",
        "file appendonly.aof.3.incr.aof seq 3 type h",
        "file appendonly.aof.4.incr.aof seq 4 type h",
        "file appendonly.aof.3.base.rdb seq 3 type h",
        "file appendonly.aof.5.incr.aof seq 5 type i",
        "",
      ].join("\n"),
    );
    expect(next.dirty).toBe(true);
    expect(manifest.dirty).toBe(false);
    expect(manifest.files.map(({ name }) => name)).toEqual([
      "appendonly.aof.3.base.rdb",
      "appendonly.aof.3.incr.aof",
      "appendonly.aof.4.incr.aof",
    ]);
  });
});
