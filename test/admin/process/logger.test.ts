/** The log: format, levels, cutting, bytes, the mirror, and files that are rotated away. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOG_NOTICE, LOG_VERBOSE, LOG_WARNING, Logger } from "../../../src/admin/process/logger";
import { facilityCode } from "../../../src/admin/process/syslog";
import { ManualClock } from "../../../src/util/clock";
import { logTimestamp } from "../../../src/util/local-time";

const START = Date.UTC(2026, 1, 3, 4, 5, 6, 7);

let folder: string;
let log: Logger;
const clock = new ManualClock(START);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logger-test-"));
  log = new Logger(clock, 123);
  log.file = join(folder, "redis.log");
});

afterEach(() => rmSync(folder, { recursive: true }));

function written(name = "redis.log"): string {
  return readFileSync(join(folder, name), "latin1");
}

describe("the log", () => {
  test("has Redis's format, a mark a level and a letter a role", () => {
    log.level = 0;
    log.debug("a");
    log.verbose("b");
    log.role = "C";
    log.notice("c");
    log.warning("d");
    const time = logTimestamp(START);
    expect(written()).toBe(`123:M ${time} . a\n123:M ${time} - b\n123:C ${time} * c\n123:C ${time} # d\n`);
  });

  test("leaves out what is below its level, for the banner too", () => {
    log.level = LOG_WARNING;
    log.notice("no");
    log.raw(LOG_NOTICE, "no");
    log.raw(LOG_WARNING, "yes\n");
    expect(written()).toBe("yes\n");
  });

  test("cuts a message at 1,023 bytes", () => {
    log.notice("x".repeat(5000));
    expect(written().match(/x+\n$/)?.[0]).toHaveLength(1024);
  });

  test("writes latin1 as bytes, and anything else as UTF-8", () => {
    log.notice("caf\xe9");
    log.notice("caf\u00e9 \u2014");
    const [first, second] = written().split("\n");
    expect(first).toEndWith("caf\xe9");
    expect(second).toEndWith("caf\xc3\xa9 \xe2\x80\x94");
  });

  test("names the second for a signal, and logs it at any level", () => {
    log.level = LOG_WARNING;
    log.signal("Received SIGTERM scheduling shutdown...");
    expect(written()).toBe(
      `123:signal-handler (${Math.floor(START / 1000)}) Received SIGTERM scheduling shutdown...\n`,
    );
  });

  test("goes on in a new file when the old one was moved away", () => {
    log.raw(LOG_NOTICE, "before\n");
    renameSync(log.file, `${log.file}.1`);
    log.raw(LOG_NOTICE, "after\n");
    expect([written("redis.log.1"), written()]).toEqual(["before\n", "after\n"]);
  });

  test("survives a file that cannot be written", () => {
    log.file = join(folder, "missing", "redis.log");
    expect(() => log.warning("lost")).not.toThrow();
  });

  test("gives messages and levels to its mirror, without prefix", () => {
    const seen: [number, string][] = [];
    log.mirror = (level, message) => seen.push([level, message]);
    log.verbose("hidden");
    log.notice("shown");
    log.level = LOG_VERBOSE;
    log.verbose("shown too");
    expect(seen).toEqual([
      [LOG_NOTICE, "shown"],
      [LOG_VERBOSE, "shown too"],
    ]);
  });
});

describe("times", () => {
  test("agree with the runtime's, before and after 1970", () => {
    for (const ms of [START, 0, 999, 86_399_999, -1, Date.UTC(2024, 1, 29, 23, 59, 59, 999), Date.UTC(2030, 6, 1)]) {
      const time = new Date(ms);
      const [day, month, year, clockTime] = logTimestamp(ms).split(" ");
      expect([Number(day), year]).toEqual([time.getDate(), String(time.getFullYear())]);
      expect(month).toBe(time.toDateString().slice(4, 7));
      expect(clockTime.slice(0, 8)).toBe(time.toTimeString().slice(0, 8));
      expect(clockTime.slice(9)).toBe(String(time.getMilliseconds()).padStart(3, "0"));
    }
  });

  test("are those of the time zone that $TZ names", async () => {
    const script = `
      import { logTimestamp } from ${JSON.stringify(join(import.meta.dir, "../../../src/util/local-time.ts"))};
      process.stdout.write(logTimestamp(${START}));`;
    const child = Bun.spawn([process.execPath, "-e", script], { env: { ...process.env, TZ: "UTC-3" }, stdout: "pipe" });
    expect(await child.stdout.text()).toBe("03 Feb 2026 07:05:06.007");
  });
});

test("syslog facilities have their codes of syslog.h", () => {
  expect(["user", "local0", "local7"].map(facilityCode)).toEqual([8, 128, 184]);
});
