/** The steps of an orderly shutdown, with a server that is only what a shutdown needs of it. */

import { beforeEach, describe, expect, test } from "bun:test";
import type { User } from "../../../src/admin/acl/user";
import { createConfig } from "../../../src/admin/config/config";
import { Logger } from "../../../src/admin/process/logger";
import { Shutdown, type Stoppable } from "../../../src/admin/process/shutdown";
import type { ShutdownOptions } from "../../../src/command/server-context";
import { Client, ClientRegistry, type Transport } from "../../../src/session/client";
import { ManualClock } from "../../../src/util/clock";

const PLAIN: ShutdownOptions = { save: "default", now: false, force: false };

let steps: string[];
let clients: ClientRegistry;
let shutdown: Shutdown;
let exited: Promise<void>;
let saveFails = false;
let cronIsPaused = false;
/** Called when the server has gone back to accepting connections. */
let resumed = (): void => {};

beforeEach(() => {
  steps = [];
  saveFails = false;
  cronIsPaused = false;
  clients = new ClientRegistry();
  const log = new Logger(new ManualClock());
  log.level = 4;
  const { promise, resolve } = Promise.withResolvers<void>();
  exited = promise;
  const server: Stoppable = {
    config: createConfig(),
    log,
    clients,
    get cronIsPaused() {
      return cronIsPaused;
    },
    stopAccepting: () => steps.push("stop accepting"),
    resumeAccepting: () => {
      steps.push("resume accepting");
      setImmediate(() => resumed());
    },
    finishFiles: () => true,
    saveBeforeExit: (save) => {
      if (save === "save") steps.push("save");
      return !saveFails;
    },
    stop: () => steps.push("stop"),
  };
  shutdown = new Shutdown(server, {
    stopping: () => steps.push("stopping"),
    cleanUp: () => steps.push("clean up"),
    exit: () => {
      steps.push("exit");
      resolve();
    },
    fail: () => steps.push("fail"),
    crash: (reason) => steps.push(reason),
  });
});

interface FakeTransport {
  outputBytes: number;
  pushed: string;
  resumed: number;
}

function addClient(outputBytes = 0): { client: Client; transport: FakeTransport } {
  const transport = { outputBytes, pushed: "", resumed: 0 };
  const whole = Object.assign(transport, {
    push(bytes: Uint8Array) {
      transport.pushed += Buffer.from(bytes).toString("latin1");
    },
    resume() {
      transport.resumed++;
    },
  });
  const user = { name: "default" } as User;
  const client = new Client(clients.nextId(), whole as unknown as Transport, 0, user, true);
  clients.add(client);
  return { client, transport };
}

describe("a shutdown", () => {
  test("goes through its steps in order, after what is ready has been read", async () => {
    expect(shutdown.request(PLAIN)).toBeNull();
    expect(shutdown.active).toBe(true);
    expect(steps).toEqual(["stopping", "stop accepting"]);
    setImmediate(() => steps.push("a request that had arrived"));
    await exited;
    expect(steps).toEqual(["stopping", "stop accepting", "a request that had arrived", "clean up", "stop", "exit"]);
  });

  test("holds the client back that asked for it", async () => {
    const { client, transport } = addClient();
    shutdown.request(PLAIN, client);
    expect(client.blocked).toBe(true);
    await exited;
    expect(transport.pushed).toBe("");
  });

  test("waits for replies that are under way", async () => {
    const { transport } = addClient(100);
    shutdown.request(PLAIN);
    setTimeout(() => {
      steps.push("sent");
      transport.outputBytes = 0;
    }, 20);
    await exited;
    expect(steps.slice(2)).toEqual(["sent", "clean up", "stop", "exit"]);
  });

  test("that a signal asks for waits while cron is paused; one that a client asks for does not", async () => {
    cronIsPaused = true;
    shutdown.request({ ...PLAIN, now: true });
    // More turns than it takes where nothing is waited for.
    for (let turn = 0; turn < 10; turn++) await new Promise((done) => setImmediate(done));
    expect(shutdown.abort()).toBeNull();
    expect(steps).toEqual(["stopping", "stop accepting", "resume accepting"]);
    shutdown.request(PLAIN, addClient().client);
    await exited;
    expect(steps.at(-1)).toBe("exit");
  });

  test("does not wait for them with NOW", async () => {
    addClient(100);
    shutdown.request({ ...PLAIN, now: true });
    setTimeout(() => steps.push("sent"), 20);
    await exited;
    expect(steps).not.toContain("sent");
  });

  test("is not begun twice", async () => {
    shutdown.request(PLAIN);
    expect(shutdown.request(PLAIN)).toBe("ERR Errors trying to SHUTDOWN. Check logs.");
    await exited;
    expect(steps.filter((step) => step === "exit")).toHaveLength(1);
  });

  test("is aborted as long as it waits: the client that asked goes on with an error", async () => {
    addClient(100);
    const { client, transport } = addClient();
    shutdown.request(PLAIN, client);
    expect(shutdown.abort()).toBeNull();
    expect(shutdown.active).toBe(false);
    expect({ blocked: client.blocked, ...transport }).toMatchObject({
      blocked: false,
      pushed: "-ERR Errors trying to SHUTDOWN. Check logs.\r\n",
      resumed: 1,
    });
    expect(steps).toEqual(["stopping", "stop accepting", "resume accepting"]);
    // Nothing of it goes on: a new one runs through once.
    shutdown.request({ ...PLAIN, now: true });
    await exited;
    expect(steps.filter((step) => step === "exit")).toHaveLength(1);
  });

  test("cannot be aborted when there is none", () => {
    expect(shutdown.abort()).toBe("ERR No shutdown in progress.");
  });

  test("saves at the end, when what is ready has been run", async () => {
    shutdown.request({ ...PLAIN, save: "save" });
    await exited;
    expect(steps).toEqual(["stopping", "stop accepting", "save", "clean up", "stop", "exit"]);
  });

  test("goes back where saving fails, and the client that asked gets an error", async () => {
    saveFails = true;
    const { client, transport } = addClient();
    const { promise, resolve } = Promise.withResolvers<void>();
    resumed = resolve;
    shutdown.request({ ...PLAIN, save: "save" }, client);
    await promise;
    expect(steps).toEqual(["stopping", "stop accepting", "save", "resume accepting"]);
    expect(shutdown.active).toBe(false);
    expect(client.blocked).toBe(false);
    expect(transport.pushed).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  });

  test("with FORCE ends although saving fails", async () => {
    saveFails = true;
    shutdown.request({ ...PLAIN, save: "save", force: true });
    await exited;
    expect(steps).toEqual(["stopping", "stop accepting", "save", "clean up", "stop", "exit"]);
  });
});
