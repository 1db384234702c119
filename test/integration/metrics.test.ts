/** The endpoint for Prometheus: where it is, who may ask, and that it tells what redis_exporter would tell. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { text } from "../support/reply";
import { freePort, PEERS, startRedbun, type TestServer, textMap } from "../support/server";

async function start(...args: string[]): Promise<{ server: TestServer; url: string; port: number }> {
  const port = freePort();
  const server = await startRedbun({ args: ["--metrics-port", String(port), ...args] });
  return { server, port, url: `http://127.0.0.1:${port}/metrics` };
}

describe("metrics-port", () => {
  test("serves /metrics and nothing else", async () => {
    const { server, url } = await start();
    await using _ = server;
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain("\n# TYPE redis_up gauge\nredis_up 1\n");
    expect((await fetch(`${url}?x=1`)).status).toBe(200);
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(405);
    for (const path of ["/", "/metrics/", "/metric", "/x/metrics"]) {
      expect([path, (await fetch(url.replace("/metrics", path))).status]).toEqual([path, 404]);
    }
  });

  test("is off by default, and is opened, moved and closed by CONFIG SET", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const [first, second] = [freePort(), freePort()];
    const status = async (port: number): Promise<number> =>
      await fetch(`http://127.0.0.1:${port}/metrics`, { keepalive: false }).then(
        (response) => response.status,
        () => 0,
      );
    const set = async (port: number): Promise<string> => text(await client.call("CONFIG", "SET", "metrics-port", port));
    expect(textMap(await client.call("CONFIG", "GET", "metrics-port")).get("metrics-port")).toBe("0");
    expect(await set(first)).toBe("OK");
    expect(await status(first)).toBe(200);
    expect(await set(second)).toBe("OK");
    expect([await status(first), await status(second)]).toEqual([0, 200]);
    expect(await set(server.port)).toContain("Unable to listen on this port. Check server logs.");
    expect(await status(second)).toBe(200);
    expect(await set(0)).toBe("OK");
    expect(await status(second)).toBe(0);
    expect(text(await client.call("PING"))).toBe("PONG");
  });

  test("that is taken stops the start", async () => {
    const { server, port } = await start();
    await using _ = server;
    await expect(startRedbun({ args: ["--metrics-port", String(port)], port: freePort() })).rejects.toThrow(
      `Failed listening on port ${port} (metrics), aborting.`,
    );
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((address) => address.family === "IPv4" && !address.internal)?.address;

  test.if(outside !== undefined)(
    "answers other machines only outside of protected mode, and listens as bind says",
    async () => {
      const { server, url, port } = await start();
      await using _ = server;
      await using client = await server.client();
      const elsewhere = `http://${outside}:${port}/metrics`;
      const refused = await fetch(elsewhere, { keepalive: false });
      expect([refused.status, (await refused.text()).slice(0, 7)]).toEqual([403, "-DENIED"]);
      expect((await fetch(url, { keepalive: false })).status).toBe(200);
      await client.call("CONFIG", "SET", "protected-mode", "no");
      expect((await fetch(elsewhere, { keepalive: false })).status).toBe(200);
      expect(text(await client.call("CONFIG", "SET", "bind", "127.0.0.1"))).toBe("OK");
      expect((await fetch(url, { keepalive: false })).status).toBe(200);
      await expect(fetch(elsewhere, { keepalive: false })).rejects.toThrow();
    },
  );
});

const exporter = join(PEERS, "bin/redis_exporter");
const hasExporter = existsSync(exporter);
if (!hasExporter) console.warn(`SKIPPED: metrics beside redis_exporter's: there is no ${exporter} (set REDBUN_PEERS)`);

/** Metrics of the exporter itself. */
const ABOUT_THE_EXPORTER = /^redis_(?:exporter_|target_scrape_|last_key_groups_)/;
/** What the question itself changes, or the time that goes by until the next one. */
const MOVING =
  /^redis_(?:cpu_|memory_used|mem_|allocator_|net_|start_time|uptime|commands_|connect|latency_percentiles|slowlog|last_slow|total_(?:reads|writes)|db_avg_ttl|client_recent)/;

/** Samples by name and labels, and the types by name. */
async function scrape(url: string): Promise<{ samples: Map<string, number>; types: Map<string, string> }> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of (await (await fetch(url, { keepalive: false })).text()).split("\n")) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type?.[1].startsWith("redis_")) types.set(type[1], type[2]);
    const sample = /^(redis_[^ {]+(?:\{.*\})?) (\S+)$/.exec(line);
    if (sample !== null && !ABOUT_THE_EXPORTER.test(line)) samples.set(sample[1], Number(sample[2]));
  }
  for (const name of types.keys()) if (ABOUT_THE_EXPORTER.test(name)) types.delete(name);
  return { samples, types };
}

describe.if(hasExporter)("beside redis_exporter, asking the same server", () => {
  test("there is each of its metrics, of the same type, with the same labels and values", async () => {
    const { server, url } = await start("--slowlog-log-slower-than", "1000000");
    await using _ = server;
    await using client = await server.client();
    for (const command of ["SET a 1", "SET b 1 EX 1000", "LPUSH a 1", "GET a", "GET m", "NOSUCH", "SUBSCRIBE c"]) {
      await client.call(...command.split(" "));
    }
    const port = freePort();
    const child = Bun.spawn(
      [exporter, "-redis.addr", `redis://127.0.0.1:${server.port}`, "-web.listen-address", `127.0.0.1:${port}`],
      { stdout: "ignore", stderr: "ignore" },
    );
    try {
      const theirUrl = `http://127.0.0.1:${port}/metrics`;
      const isReady = (): Promise<boolean> =>
        fetch(theirUrl).then(
          (response) => response.ok,
          () => false,
        );
      await eventually("the exporter answers", isReady);
      const theirs = await scrape(theirUrl);
      const ours = await scrape(url);
      expect(theirs.types.size).toBeGreaterThan(100);
      for (const [name, type] of theirs.types) expect([name, ours.types.get(name)]).toEqual([name, type]);
      for (const [name, value] of theirs.samples) {
        expect([name, ours.samples.has(name)]).toEqual([name, true]);
        if (!MOVING.test(name)) expect([name, ours.samples.get(name)]).toEqual([name, value]);
      }
    } finally {
      child.kill();
      await child.exited;
    }
  });
});
