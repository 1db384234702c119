/** MIGRATE from the inside: what it propagates, and that it leaves nothing behind. */

import { expect, test } from "bun:test";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { OK, type Reply, text } from "../../support/reply";
import { startRedbun } from "../../support/server";

test("keys that have arrived are deleted here, and propagated as one DEL", async () => {
  await using target = await startRedbun();
  await using there = await target.client();
  const redbun = new InProcess();
  redbun.run("MSET a 1 b 2 c 3");
  redbun.run("RPUSH list x y z");
  const effects = redbun.recordEffects();
  await there.call("SET", "c", "busy");
  const events = redbun.recordEvents();
  const client = redbun.connect();
  const migrate = async (...args: (string | number)[]): Promise<Reply> => {
    client.send("MIGRATE", "127.0.0.1", target.port, ...args);
    for (;;) {
      const [reply] = client.received();
      if (reply !== undefined) return reply;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const refused = await migrate("", 0, 5000, "KEYS", "a", "missing", "list", "c");
  expect(text(refused)).toBe("ERR Target instance replied with error: BUSYKEY Target key name already exists.");
  expect(await migrate("b", 0, 5000, "COPY")).toEqual(OK);
  expect(effects).toEqual(["DEL a list"]);
  expect(events.map(({ event, key }) => `${event} ${key}`)).toEqual(["del a", "del list"]);
  expect(redbun.server.blocking.clients).toBe(0);
  const { keyspace } = redbun;
  expectNoLeak({ keyspace });
  redbun.server.stop();
});
