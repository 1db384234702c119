/** Commands of an AOF file, read one after the other: whole, cut off at every byte, and damaged at every byte. */

import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AOF_ANNOTATION,
  AOF_COMMAND,
  AOF_DAMAGED,
  AOF_END,
  AOF_TORN,
  AofReader,
} from "../../../src/persist/aof/aof-reader";
import { encodeCommand } from "../../support/resp-client";

const folder = mkdtempSync(join(tmpdir(), "redbun-aof-reader-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Found {
  /** The commands, their arguments with "|" between them. */
  commands: string[];
  annotations: number;
  end: number;
  /** Where it ended. */
  at: number;
}

function read(bytes: Uint8Array, position = 0): Found {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  const fd = openSync(path, "r");
  try {
    const reader = new AofReader(fd, bytes.length, position);
    const found: Found = { commands: [], annotations: 0, end: 0, at: 0 };
    for (;;) {
      const item = reader.next();
      found.at = reader.start;
      if (item === AOF_ANNOTATION) found.annotations++;
      else if (item === AOF_COMMAND) {
        const args = Array.from({ length: reader.argc }, (_, i) =>
          reader.buf.toString("latin1", reader.starts[i], reader.ends[i]),
        );
        found.commands.push(args.join("|"));
      } else {
        found.end = item;
        return found;
      }
    }
  } finally {
    closeSync(fd);
  }
}

const first = encodeCommand(["SET", "key", "value"]);
const second = encodeCommand(["RPUSH", "list", "", "0123456789\r\n", "x".repeat(120)]);

describe("the reader", () => {
  test("finds commands and annotations, from a position on", () => {
    const stamp = Buffer.from("#TS:1700000000\r\n");
    const bytes = Buffer.concat([first, stamp, second, stamp]);
    expect(read(bytes)).toEqual({
      commands: ["SET|key|value", `RPUSH|list||0123456789\r\n|${"x".repeat(120)}`],
      annotations: 2,
      end: AOF_END,
      at: bytes.length,
    });
    expect(read(bytes, first.length).commands).toHaveLength(1);
    expect(read(new Uint8Array(0)).end).toBe(AOF_END);
  });

  test("finds what is larger than its window, and many arguments", () => {
    const large = "y".repeat(3_000_000);
    const many = Array.from({ length: 200_000 }, (_, i) => String(i));
    const bytes = Buffer.concat([first, encodeCommand(["SET", "k", large]), encodeCommand(many), first]);
    const { commands, end } = read(bytes);
    expect(commands).toEqual(["SET|key|value", `SET|k|${large}`, many.join("|"), "SET|key|value"]);
    expect(end).toBe(AOF_END);
  });

  test("tells a torn tail at every byte, and where it begins", () => {
    for (let length = 1; length < second.length; length++) {
      const { commands, end, at } = read(Buffer.concat([first, second.subarray(0, length)]));
      expect({ length, commands, end, at }).toEqual({
        length,
        commands: ["SET|key|value"],
        end: AOF_TORN,
        at: first.length,
      });
    }
    const stamp = Buffer.from("#TS:1700000000\r\n");
    for (let length = 1; length < stamp.length; length++) {
      expect(read(Buffer.concat([first, stamp.subarray(0, length)])).end).toBe(AOF_TORN);
    }
  });

  test("takes no byte of the frame for another", () => {
    const whole = Buffer.concat([first, second, first]);
    const sound = read(whole).commands;
    const frame = [...whole.keys()].filter((at) => "*$\r\n".includes(String.fromCharCode(whole[at])));
    for (const at of frame) {
      if (at >= first.length && at < first.length + second.length && whole.subarray(at - 10, at).includes(0x39))
        continue;
      const damaged = Buffer.from(whole);
      damaged[at] = 0x21;
      const { end, commands } = read(damaged);
      expect({ at, end }).toEqual({ at, end: AOF_DAMAGED });
      expect(sound.slice(0, commands.length)).toEqual(commands);
    }
  });

  test("refuses what a client might send, but no server writes", () => {
    for (const text of [
      "SET k v\r\n",
      "*0\r\n",
      "*-1\r\n",
      "*1\r\n$-1\r\n",
      "*1\n$1\na\n",
      "*x\r\n",
      "*1\r\n:1\r\n",
      "\r\n",
    ]) {
      expect({ text, end: read(Buffer.from(text)).end }).toEqual({ text, end: AOF_DAMAGED });
    }
  });
});
