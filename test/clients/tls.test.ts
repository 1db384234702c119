/** The usual clients over TLS: Bun's own, ioredis and node-redis, each with a certificate, and with none. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { CertificateAuthority, requireOpenssl } from "../support/certificates";
import { freePort, startRedbun, type TestServer } from "../support/server";

const hasOpenssl = requireOpenssl();
const LARGE = "x".repeat(3_000_000);

interface Pem {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

let ca: CertificateAuthority;
let server: TestServer;
let port: number;
let pem: Pem;

beforeAll(async () => {
  if (!hasOpenssl) return;
  ca = await CertificateAuthority.create();
  const [own, member] = [await ca.issue("server"), await ca.issue("client")];
  const read = (path: string): Promise<string> => Bun.file(path).text();
  pem = { ca: await read(ca.cert), cert: await read(member.cert), key: await read(member.key) };
  port = freePort();
  const files = ["--tls-cert-file", own.cert, "--tls-key-file", own.key, "--tls-ca-cert-file", ca.cert];
  server = await startRedbun({ args: ["--tls-port", String(port), ...files], port: 0, ready: /tls$/ });
});
afterAll(async () => {
  await server?.stop();
  await ca?.[Symbol.asyncDispose]();
});

/** What a program does with a client, whichever it is. */
interface Commands {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
  close(): unknown;
}

async function bun(tls: Partial<Pem>): Promise<Commands> {
  const client = new RedisClient(`rediss://127.0.0.1:${port}`, { tls, autoReconnect: false, maxRetries: 0 });
  await client.connect();
  return client;
}

async function ioredis(tls: Partial<Pem>): Promise<Commands> {
  const client = new Redis({ port, host: "127.0.0.1", tls, retryStrategy: null, lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return Object.assign(client, { close: () => client.disconnect() }) as unknown as Commands;
}

async function nodeRedis(tls: Partial<Pem>): Promise<Commands> {
  const client = createClient({ socket: { port, host: "127.0.0.1", tls: true, ...tls, reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  return client as unknown as Commands;
}

for (const [name, connect] of Object.entries({ bun, ioredis, nodeRedis })) {
  describe.if(hasOpenssl)(name, () => {
    test("is served with a certificate: a large value, and many requests at once", async () => {
      const client = await connect(pem);
      try {
        await client.set("large", LARGE);
        expect(await client.get("large")).toBe(LARGE);
        await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`k${i}`, `v${i}`)));
        const values = await Promise.all(Array.from({ length: 500 }, (_, i) => client.get(`k${i}`)));
        expect(values.every((value, i) => value === `v${i}`)).toBe(true);
      } finally {
        await client.close();
      }
    });

    test("is not served without one", async () => {
      const attempt = connect({ ca: pem.ca }).then(async (client) => {
        try {
          return await client.get("k1");
        } finally {
          await client.close();
        }
      });
      await expect(attempt).rejects.toThrow();
    });
  });
}
