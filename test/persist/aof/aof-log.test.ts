/** The end of the append-only file: what is written when, and what waits for it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfig } from "../../../src/admin/config/config";
import { LatencyMonitor } from "../../../src/admin/latency/latency-monitor";
import { LOG_NOTHING, Logger } from "../../../src/admin/process/logger";
import { AofLog, openForAppending } from "../../../src/persist/aof/aof-log";
import { ManualClock } from "../../../src/util/clock";
import { encodeCommand } from "../../support/resp-client";

let folder: string;
let log: AofLog;
let clock: ManualClock;
let messages: string[];
let failing: boolean[];
let exits: number;
const config = createConfig({ changeFolder() {} });
const latencyMonitor = new LatencyMonitor();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-aof-log-"));
  clock = new ManualClock();
  messages = [];
  failing = [];
  exits = 0;
  config.assign("appendfsync", ["everysec"]);
  config.assign("aof-timestamp-enabled", ["no"]);
  latencyMonitor.reset();
  const logger = new Logger(clock);
  logger.level = LOG_NOTHING;
  logger.warning = (message) => messages.push(message);
  logger.notice = (message) => messages.push(message);
  log = new AofLog({
    config,
    log: logger,
    clock,
    latencyMonitor,
    savesInBackground: false,
    failing: (is) => failing.push(is),
    exit: () => exits++,
  });
});
afterEach(() => {
  log.abandon();
  rmSync(folder, { recursive: true, force: true });
});

const path = (): string => join(folder, "file");
const content = (): string => readFileSync(path(), "latin1");
const command = (...args: string[]): string => Buffer.from(encodeCommand(args)).toString("latin1");

function append(db: number, ...args: string[]): void {
  const bytes = encodeCommand(args);
  const padded = Buffer.concat([Buffer.from("before"), bytes, Buffer.from("behind")]);
  log.append(db, padded, 6, 6 + bytes.length);
}

function open(): void {
  log.use(openForAppending(path(), true), 0);
}

/** From now on a flush takes long, by the clock: it does so at once when somebody looks at that twice. */
function slowDisk(): void {
  let micros = clock.monotonic();
  clock.monotonic = () => {
    micros += 5000;
    return micros;
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A second after a write to a new file: its flush has begun. */
async function beginSync(): Promise<void> {
  open();
  append(0, "INCR", "a");
  await turn();
  clock.advance(1000);
  log.tick();
}

describe("effects", () => {
  test("of one turn are written at its end, together, with SELECT where the database changes", async () => {
    open();
    let written = 0;
    log.onWritten = () => written++;
    append(0, "SET", "a", "1");
    append(0, "SET", "b", "2");
    append(-1, "MULTI");
    append(12, "SET", "c", "3");
    append(-1, "EXEC");
    append(0, "DEL", "a");
    expect(log.pending).toBe(true);
    expect(content()).toBe("");
    await turn();
    expect(log.pending).toBe(false);
    expect(written).toBe(1);
    const expected = [
      command("SELECT", "0"),
      command("SET", "a", "1"),
      command("SET", "b", "2"),
      command("MULTI"),
      command("SELECT", "12"),
      command("SET", "c", "3"),
      command("EXEC"),
      command("SELECT", "0"),
      command("DEL", "a"),
    ].join("");
    expect(content()).toBe(expected);
    expect([log.appended, log.written, log.fileSize, log.bufferedBytes]).toEqual([
      expected.length,
      expected.length,
      expected.length,
      0,
    ]);
  });

  test("larger than the buffer", async () => {
    open();
    const large = "x".repeat(300_000);
    append(0, "SET", "a", large);
    append(0, "SET", "b", large);
    await turn();
    expect(content()).toBe(command("SELECT", "0") + command("SET", "a", large) + command("SET", "b", large));
  });

  test("have annotations where a second begins", async () => {
    open();
    config.assign("aof-timestamp-enabled", ["yes"]);
    append(0, "INCR", "a");
    append(0, "INCR", "a");
    clock.advance(1000);
    append(0, "INCR", "a");
    await turn();
    const incr = command("INCR", "a");
    expect(content()).toBe(`#TS:1700000000\r\n${command("SELECT", "0")}${incr}${incr}#TS:1700000001\r\n${incr}`);
  });

  test("begin with SELECT in a new file", async () => {
    open();
    append(3, "INCR", "a");
    await turn();
    log.use(openForAppending(join(folder, "next"), true), 0);
    append(3, "INCR", "a");
    await turn();
    expect(readFileSync(join(folder, "next"), "latin1")).toBe(command("SELECT", "3") + command("INCR", "a"));
  });
});

describe("flushes of the disk", () => {
  test("under everysec: one a second, by another thread, and none where nothing was written", async () => {
    open();
    append(0, "INCR", "a");
    await turn();
    expect(log.isSyncing).toBe(false);
    clock.advance(1000);
    const synced = Promise.withResolvers<void>();
    log.onSynced = () => synced.resolve();
    log.tick();
    expect(log.isSyncing).toBe(true);
    await synced.promise;
    expect(log.synced).toBe(log.appended);
    clock.advance(1000);
    log.tick();
    expect(log.isSyncing).toBe(false);
  });

  test("under always: before anybody hears of it", async () => {
    open();
    config.assign("appendfsync", ["always"]);
    const written = Promise.withResolvers<void>();
    log.onWritten = () => {
      expect(log.synced).toBe(log.appended);
      written.resolve();
    };
    append(0, "INCR", "a");
    await turn();
    await written.promise;
    expect(log.pending).toBe(false);
    expect(log.synced).toBeGreaterThan(0);
  });

  test("under always: what comes meanwhile is written when it is over, and is flushed, too", async () => {
    open();
    slowDisk();
    config.assign("appendfsync", ["always"]);
    const events: string[] = [];
    log.onCommitting = () => {
      events.push(`begun at ${log.appended === log.written}`);
      return [events.length];
    };
    log.onCommitted = (commit) => events.push(`over ${commit[0]}`);
    const written = Promise.withResolvers<void>();
    log.onWritten = () => written.resolve();
    append(0, "INCR", "a");
    log.flush();
    expect(log.isSyncing).toBe(true);
    const before = content();
    append(0, "INCR", "b");
    log.flush();
    log.tick();
    expect([content(), log.pending]).toEqual([before, true]);
    await written.promise;
    expect(content()).toBe(before + command("INCR", "b"));
    // The second is on its way before the first is told.
    expect(events).toEqual(["begun at true", "begun at true", "over 1", "over 2"]);
    expect([log.synced, log.pending]).toEqual([log.appended, false]);
  });

  test("under always: a fast disk is waited for, and a slow one no longer", async () => {
    open();
    config.assign("appendfsync", ["always"]);
    const waited = (): boolean => {
      append(0, "INCR", "a");
      log.flush();
      return !log.isSyncing;
    };
    const over = async (): Promise<void> => {
      while (log.isSyncing) await turn();
    };
    // How fast it is, the first flush tells.
    expect(waited()).toBe(false);
    await over();
    expect([waited(), log.pending, log.synced]).toEqual([true, false, log.appended]);
    slowDisk();
    expect(waited()).toBe(true);
    expect([waited(), log.pending]).toEqual([false, true]);
    await over();
    expect([log.synced, log.pending]).toEqual([log.appended, false]);
  });

  test("under always: with nothing to write, nobody is told before the flush is over", async () => {
    open();
    config.assign("appendfsync", ["always"]);
    append(0, "INCR", "a");
    log.flush();
    const written = Promise.withResolvers<void>();
    log.onWritten = () => written.resolve();
    for (const force of [false, true]) {
      log.flush(force);
      expect([log.isSyncing, log.pending]).toEqual([true, true]);
    }
    // A file that is left afterwards is on the disk before the next one is.
    expect(log.synced).toBe(log.appended);
    await written.promise;
  });

  test("under always: a file that is left meanwhile, and the end of the process", async () => {
    open();
    slowDisk();
    config.assign("appendfsync", ["always"]);
    const over: number[] = [];
    let count = 0;
    log.onCommitting = () => [++count];
    log.onCommitted = (commit) => over.push(commit[0] as number);
    append(0, "INCR", "a");
    log.flush();
    log.use(openForAppending(join(folder, "next"), true), 0);
    append(0, "INCR", "b");
    log.flush();
    expect([over, log.pending]).toEqual([[], true]);
    log.finish();
    expect(over).toEqual([1, 2]);
    expect(log.pending).toBe(false);
    while (log.isSyncing) await turn();
    expect(over).toEqual([1, 2]);
  });

  test("from everysec to always: what was postponed is written when the flush is over, and flushed", async () => {
    await beginSync();
    expect(log.isSyncing).toBe(true);
    config.assign("appendfsync", ["always"]);
    const written = Promise.withResolvers<void>();
    append(0, "INCR", "b");
    log.flush();
    log.onWritten = () => written.resolve();
    await written.promise;
    expect(content()).toContain(command("INCR", "b"));
    expect(log.synced).toBe(log.appended);
  });

  test("a write waits for one that is slow, for two seconds", async () => {
    open();
    append(0, "INCR", "a");
    await turn();
    const before = content();
    clock.advance(1000);
    log.tick();
    expect(log.isSyncing).toBe(true);
    let stalls = 0;
    log.onStalled = () => stalls++;
    append(0, "INCR", "b");
    log.flush();
    expect([stalls, log.pending, log.isStalled, content()]).toEqual([1, true, true, before]);
    clock.advance(1999);
    log.tick();
    expect(content()).toBe(before);
    clock.advance(1);
    log.tick();
    expect(content()).toBe(before + command("INCR", "b"));
    expect([log.delayedFsyncs, log.pending, log.isStalled]).toEqual([1, false, false]);
    expect(messages.join()).toContain("Asynchronous AOF fsync is taking too long (disk is busy?)");
  });

  test("what was postponed is written as soon as the flush is over", async () => {
    await beginSync();
    const written = Promise.withResolvers<void>();
    append(0, "INCR", "b");
    log.flush();
    log.onWritten = () => written.resolve();
    await written.promise;
    expect(content()).toContain(command("INCR", "b"));
    expect(log.delayedFsyncs).toBe(0);
  });
});

describe("what cannot be written", () => {
  test("stays, and is written when it can be", async () => {
    log.use(openForAppending("/dev/full", false), 0);
    let failures = 0;
    log.onFailed = () => failures++;
    append(0, "SET", "a", "1");
    await turn();
    expect([failures, log.pending, failing, log.bufferedBytes > 0]).toEqual([1, true, [true], true]);
    expect(messages).toEqual(["Error writing to the AOF file: No space left on device"]);
    clock.advance(1000);
    log.retry();
    expect([failures, messages.length]).toEqual([2, 1]);
    log.use(openForAppending(path(), true), 0);
    log.retry();
    expect([log.pending, failing.at(-1), log.writeError]).toEqual([false, false, null]);
    expect(messages.at(-1)).toBe("AOF write error looks solved, Redis can write again.");
    expect(content()).toContain(command("SET", "a", "1"));
  });

  test("ends the process under always", async () => {
    config.assign("appendfsync", ["always"]);
    log.use(openForAppending("/dev/full", false), 0);
    append(0, "SET", "a", "1");
    await turn();
    expect(exits).toBe(1);
    expect(messages.at(-1)).toBe(
      "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    );
  });
});
