/** TLS: who is let in and who is not, what is negotiated, certificates that change, and large data both ways. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { TLSOptions } from "bun";
import { CertificateAuthority, type CertificateFiles, requireOpenssl } from "../support/certificates";
import { eventually } from "../support/eventually";
import { RawConnection } from "../support/raw-connection";
import { show, text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, requireRedis, runRedbun, startRedbun, type TestServer } from "../support/server";

const MEGABYTE = 1024 * 1024;
const hasOpenssl = requireOpenssl();
const hasRedis = requireRedis();

let ca: CertificateAuthority;
let stranger: CertificateAuthority;
let own: CertificateFiles;
let other: CertificateFiles;
let member: CertificateFiles;
let unknown: CertificateFiles;

beforeAll(async () => {
  if (!hasOpenssl) return;
  [ca, stranger] = await Promise.all([CertificateAuthority.create(), CertificateAuthority.create("Stranger")]);
  own = await ca.issue("server");
  other = await ca.issue("replacement");
  member = await ca.issue("client");
  unknown = await stranger.issue("unknown");
});

afterAll(async () => {
  await ca?.[Symbol.asyncDispose]();
  await stranger?.[Symbol.asyncDispose]();
});

function tlsArgs(port: number, files = own): string[] {
  const paths = ["--tls-cert-file", files.cert, "--tls-key-file", files.key, "--tls-ca-cert-file", ca.cert];
  return ["--tls-port", String(port), ...paths];
}

interface TlsServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly port: number;
  set(...pairs: string[]): Promise<string>;
}

/** A server with both ports; commands to it go through the one without TLS. */
async function startTls(more: readonly string[] = []): Promise<TlsServer> {
  const port = freePort();
  const server = await startRedbun({ args: [...tlsArgs(port), ...more] });
  await server.waitForLog("Ready to accept connections tls");
  return {
    server,
    port,
    set: async (...pairs) => {
      await using client = await server.client();
      return text(await client.call("CONFIG", "SET", ...pairs));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function tlsOptions(files: CertificateFiles | null = member): Promise<TLSOptions> {
  const identity =
    files === null ? {} : { cert: await Bun.file(files.cert).text(), key: await Bun.file(files.key).text() };
  return { ca: await Bun.file(ca.cert).text(), ...identity };
}

async function tlsClient(port: number, files: CertificateFiles | null = member): Promise<RespClient> {
  return await RespClient.connect({ port, tls: await tlsOptions(files) });
}

async function connectedClients(client: RespClient): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(text(await client.call("INFO", "clients")))?.[1]);
}

/** Whether a client with this certificate is served. In TLS 1.3 it learns of a refusal after its own handshake. */
async function isServed(port: number, files: CertificateFiles | null): Promise<boolean> {
  try {
    await using client = await tlsClient(port, files);
    return text(await client.call("PING")) === "PONG";
  } catch {
    return false;
  }
}

/** What `openssl s_client` tells of a connection: "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384". */
async function negotiated(port: number, ...args: string[]): Promise<string> {
  const identity = ["-cert", member.cert, "-key", member.key, "-CAfile", ca.cert];
  const child = Bun.spawn(["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...identity, ...args], {
    // Its end makes openssl go once the reply has come, and with it the tickets that come before.
    stdin: Buffer.from("PING\r\nQUIT\r\n"),
    stdout: "pipe",
    stderr: "ignore",
  });
  const output = await child.stdout.text();
  await child.exited;
  const subject = /^subject=.*?CN ?= ?(\S+)/m.exec(output)?.[1] ?? "";
  return `${/^(?:New|Reused), .*$/m.exec(output)?.[0] ?? "none"} ${subject}`.trim();
}

async function redisCli(port: number, files: CertificateFiles | null, ...command: string[]): Promise<string> {
  const identity = files === null ? [] : ["--cert", files.cert, "--key", files.key];
  const args = ["-p", String(port), "--tls", "--cacert", ca.cert, ...identity, ...command];
  const child = Bun.spawn(["redis-cli", ...args], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return (stdout + stderr).trim();
}

const CANNOT_CONFIGURE = /Unable to update TLS configuration\. Check server logs\./;

describe.if(hasOpenssl)("a TLS port", () => {
  test("serves beside the plain one, and INFO and CLIENT LIST tell of both", async () => {
    await using tls = await startTls();
    await using client = await tlsClient(tls.port);
    expect(text(await client.call("SET", "k", "v"))).toBe("OK");
    await using plain = await tls.server.client();
    expect(text(await plain.call("GET", "k"))).toBe("v");
    const info = await tls.server.info("server");
    expect(info.get("listener0")).toBe(`name=tcp,bind=*,bind=-::*,port=${tls.server.port}`);
    expect(info.get("listener1")).toBe(`name=tls,bind=*,bind=-::*,port=${tls.port}`);
    expect(text(await client.call("CLIENT", "INFO"))).toContain(` laddr=127.0.0.1:${tls.port} fd=`);
  });

  test("may be the only one", async () => {
    const port = freePort();
    await using server = await startRedbun({ args: tlsArgs(port), port: 0, ready: /tls$/ });
    await using client = await tlsClient(port);
    expect(text(await client.call("INFO", "server"))).toContain(`tcp_port:${port}\r\n`);
    expect(server.lines.join("\n")).not.toContain("connections tcp");
  });

  test("is opened, moved and closed by CONFIG SET, and changes places with the plain one", async () => {
    const [first, second] = [freePort(), freePort()];
    await using server = await startRedbun();
    await using client = await server.client();
    expect(text(await client.call("CONFIG", "SET", "tls-port", first))).toMatch(CANNOT_CONFIGURE);
    const files = ["tls-cert-file", own.cert, "tls-key-file", own.key, "tls-ca-cert-file", ca.cert];
    expect(text(await client.call("CONFIG", "SET", "tls-port", first, ...files))).toBe("OK");
    expect(await isServed(first, member)).toBe(true);
    expect(text(await client.call("CONFIG", "SET", "tls-port", second))).toBe("OK");
    expect([await isServed(first, member), await isServed(second, member)]).toEqual([false, true]);
    expect(text(await client.call("CONFIG", "SET", "tls-port", 0, "port", second))).toBe("OK");
    await using plain = await RespClient.connect({ port: second });
    expect(text(await plain.call("PING"))).toBe("PONG");
    expect(text(await client.call("CONFIG", "SET", "port", 0, "tls-port", second))).toBe("OK");
    expect(await isServed(second, member)).toBe(true);
  });

  test("answers a command line client, and redbun's own", async () => {
    await using tls = await startTls();
    expect(await redisCli(tls.port, member, "PING")).toBe("PONG");
    const cli = (...args: string[]) => runRedbun(["cli", "-p", String(tls.port), "--tls", ...args, "PING"]);
    const identity = ["--cert", member.cert, "--key", member.key];
    expect(await cli(...identity, "--cacert", ca.cert)).toMatchObject({ code: 0, stdout: "PONG\n" });
    expect(await cli(...identity, "--insecure")).toMatchObject({ code: 0, stdout: "PONG\n" });
    expect(await cli(...identity, "--cacertdir", await ca.hashedFolder())).toMatchObject({ code: 0, stdout: "PONG\n" });
    const untrusted = await cli(...identity, "--cacert", stranger.cert);
    expect(untrusted).toMatchObject({ code: 1, stdout: "" });
    expect(untrusted.stderr).toContain("Could not connect to Redis at 127.0.0.1:");
    expect(await cli("--cacert", ca.cert)).toMatchObject({ code: 1, stdout: "" });
  });

  test("is what the health check of a container asks, where there is no other", async () => {
    const port = freePort();
    const env = {
      REDBUN_PORT: "0",
      REDBUN_TLS_PORT: String(port),
      REDBUN_TLS_CERT_FILE: own.cert,
      REDBUN_TLS_KEY_FILE: own.key,
      REDBUN_TLS_CA_CERT_FILE: ca.cert,
    };
    await using _server = await startRedbun({ env, port: 0, ready: /tls$/ });
    expect(await runRedbun(["cli", "PING"], { env })).toMatchObject({ code: 0, stdout: "PONG\n" });
  });
});

describe.if(hasOpenssl)("tls-auth-clients", () => {
  test("asks for a certificate, for none, or for a right one if any", async () => {
    await using tls = await startTls();
    const served = async (): Promise<boolean[]> => [
      await isServed(tls.port, member),
      await isServed(tls.port, null),
      await isServed(tls.port, unknown),
    ];
    expect(await served()).toEqual([true, false, false]);
    expect(await tls.set("tls-auth-clients", "no")).toBe("OK");
    expect(await served()).toEqual([true, true, true]);
    expect(await tls.set("tls-auth-clients", "optional")).toBe("OK");
    expect(await served()).toEqual([true, true, false]);
    await tls.server.waitForLog(
      /Error accepting a client connection: .* \(addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+\)/,
    );
    expect(await tls.set("tls-auth-clients", "yes")).toBe("OK");
    expect(await served()).toEqual([true, false, false]);
  });

  test("is not got round with a session from before", async () => {
    await using tls = await startTls(["--tls-auth-clients", "no"]);
    const session = join(ca.folder, "session.pem");
    const anonymous = async (...args: string[]): Promise<string> => {
      const child = Bun.spawn(["openssl", "s_client", "-connect", `127.0.0.1:${tls.port}`, "-ign_eof", ...args], {
        stdin: Buffer.from("PING\r\nQUIT\r\n"),
        stdout: "pipe",
        stderr: "ignore",
      });
      return await child.stdout.text();
    };
    expect(await anonymous("-sess_out", session)).toContain("+PONG");
    expect(await anonymous("-sess_in", session)).toContain("+PONG");
    expect(await tls.set("tls-auth-clients", "yes")).toBe("OK");
    expect(await anonymous("-sess_in", session)).not.toContain("+PONG");
  });

  test("needs authorities", async () => {
    await using tls = await startTls();
    expect(await tls.set("tls-ca-cert-file", "")).toMatch(CANNOT_CONFIGURE);
    await tls.server.waitForLog("Either tls-ca-cert-file or tls-ca-cert-dir must be specified");
    expect(await tls.set("tls-ca-cert-file", "", "tls-ca-cert-dir", await ca.hashedFolder())).toBe("OK");
    expect([await isServed(tls.port, member), await isServed(tls.port, unknown)]).toEqual([true, false]);
    expect(await tls.set("tls-ca-cert-dir", "", "tls-auth-clients", "no")).toBe("OK");
    // Without authorities nobody can be asked for a certificate: not those that the runtime trusts by default.
    expect(await tls.set("tls-auth-clients", "yes")).toMatch(CANNOT_CONFIGURE);
    expect(await isServed(tls.port, null)).toBe(true);
  });
});

describe.if(hasOpenssl)("what is negotiated", () => {
  test("follows tls-protocols", async () => {
    await using tls = await startTls();
    expect(await negotiated(tls.port)).toStartWith("New, TLSv1.3");
    expect(await negotiated(tls.port, "-tls1_2")).toStartWith("New, TLSv1.2");
    expect(await negotiated(tls.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")).toContain("(NONE)");
    expect(await tls.set("tls-protocols", "TLSv1.2")).toBe("OK");
    expect(await negotiated(tls.port, "-tls1_3")).toContain("(NONE)");
    expect(await negotiated(tls.port)).toStartWith("New, TLSv1.2");
    expect(await tls.set("tls-protocols", "tlsv1.3")).toBe("OK");
    expect(await negotiated(tls.port, "-tls1_2")).toContain("(NONE)");
    expect(await tls.set("tls-protocols", "TLSv1.2 TLSv9")).toMatch(CANNOT_CONFIGURE);
    // There is no way to leave out one in the middle.
    expect(await tls.set("tls-protocols", "TLSv1.1 TLSv1.3")).toMatch(CANNOT_CONFIGURE);
    expect(await negotiated(tls.port)).toStartWith("New, TLSv1.3");
  });

  const [AES128, AES256] = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"];

  test("follows tls-ciphers and tls-prefer-server-ciphers", async () => {
    await using tls = await startTls(["--tls-protocols", "TLSv1.2"]);
    expect(await tls.set("tls-ciphers", AES128)).toBe("OK");
    expect(await negotiated(tls.port, "-cipher", AES256)).toContain("(NONE)");
    expect(await negotiated(tls.port, "-cipher", `${AES256}:${AES128}`)).toContain(AES128);
    expect(await tls.set("tls-ciphers", `${AES128}:${AES256}`)).toBe("OK");
    expect(await negotiated(tls.port, "-cipher", `${AES256}:${AES128}`)).toContain(AES256);
    expect(await tls.set("tls-prefer-server-ciphers", "yes")).toBe("OK");
    expect(await negotiated(tls.port, "-cipher", `${AES256}:${AES128}`)).toContain(AES128);
    expect(await tls.set("tls-ciphers", "NOSUCH")).toMatch(CANNOT_CONFIGURE);
    await tls.server.waitForLog("Failed to configure ciphers: NOSUCH");
    // Suites of TLS 1.3 are no ciphers of TLS 1.2.
    expect(await tls.set("tls-ciphers", "TLS_AES_128_GCM_SHA256")).toMatch(CANNOT_CONFIGURE);
    expect(await negotiated(tls.port, "-cipher", `${AES256}:${AES128}`)).toContain(AES128);
  });

  test("cannot follow a choice of TLS 1.3's cipher suites, and says so", async () => {
    await using tls = await startTls();
    expect(await tls.set("tls-ciphersuites", "TLS_AES_128_GCM_SHA256")).toMatch(CANNOT_CONFIGURE);
    await tls.server.waitForLog("Failed to configure ciphersuites: TLS_AES_128_GCM_SHA256: ");
    const all = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
    expect(await tls.set("tls-ciphersuites", all)).toBe("OK");
  });

  test("is what it was in a session that goes on, unless tls-session-caching is off", async () => {
    await using tls = await startTls(["--tls-protocols", "TLSv1.2"]);
    const session = join(ca.folder, "resumed.pem");
    expect(await negotiated(tls.port, "-sess_out", session)).toStartWith("New");
    expect(await negotiated(tls.port, "-sess_in", session)).toStartWith("Reused");
    expect(await tls.set("tls-session-caching", "no")).toBe("OK");
    expect(await negotiated(tls.port, "-sess_out", session)).toStartWith("New");
    expect(await negotiated(tls.port, "-sess_in", session)).toStartWith("New");
  });
});

describe.if(hasOpenssl)("certificates", () => {
  test("are read again by CONFIG SET of the same names, and nobody loses a connection", async () => {
    const cert = join(ca.folder, "current.crt");
    const key = join(ca.folder, "current.key");
    const install = async (files: CertificateFiles): Promise<void> => {
      await copyFile(files.cert, cert);
      await copyFile(files.key, key);
    };
    await install(own);
    await using tls = await startTls(["--tls-cert-file", cert, "--tls-key-file", key]);
    await using before = await tlsClient(tls.port);
    expect(await negotiated(tls.port)).toEndWith("server");
    await install(other);
    expect(await negotiated(tls.port)).toEndWith("server");
    expect(await tls.set("tls-cert-file", cert)).toBe("OK");
    expect(await negotiated(tls.port)).toEndWith("replacement");
    expect(text(await before.call("PING"))).toBe("PONG");
  });

  test("may change while clients connect: all of them are served, and nothing stays open", async () => {
    await using tls = await startTls();
    const options = await tlsOptions();
    const descriptors = (): number => readdirSync(`/proc/${tls.server.pid}/fd`).length;
    const isLinux = process.platform === "linux";
    const before = isLinux ? descriptors() : 0;
    let changing = true;
    const changes = (async () => {
      for (let i = 0; i < 20; i++) {
        const files = i % 2 === 0 ? other : own;
        expect(await tls.set("tls-cert-file", files.cert, "tls-key-file", files.key)).toBe("OK");
      }
      changing = false;
    })();
    let served = 0;
    while (changing) {
      await using client = await RespClient.connect({ port: tls.port, tls: options });
      expect(text(await client.call("PING"))).toBe("PONG");
      served++;
    }
    await changes;
    expect(served).toBeGreaterThan(0);
    await using last = await tls.server.client();
    await eventually("one client is left", async () => (await connectedClients(last)) === 1);
    if (isLinux) expect(descriptors()).toBeLessThanOrEqual(before + 1);
  });

  test("that are wrong are refused, and the server goes on with those that it had", async () => {
    await using tls = await startTls();
    const refusals: [string[], string][] = [
      [
        ["tls-cert-file", "/nonexistent"],
        "Failed to load certificate: /nonexistent: error:80000002:system library::No such",
      ],
      [["tls-cert-file", own.key], "Failed to load certificate: "],
      [["tls-key-file", own.cert], "Failed to load private key: "],
      [["tls-key-file", other.key], "Failed to load private key: "],
      [["tls-ca-cert-file", own.key], "Failed to configure CA certificate(s) file/directory: "],
      [["tls-dh-params-file", own.key], "failed to read DH params."],
      [["tls-cert-file", ""], "No tls-cert-file configured!"],
    ];
    for (const [pairs, line] of refusals) {
      expect(await tls.set(...pairs)).toMatch(CANNOT_CONFIGURE);
      await tls.server.waitForLog(line);
      expect(await isServed(tls.port, member)).toBe(true);
    }
  });

  test("may have a key with a password", async () => {
    await using tls = await startTls();
    const encrypted = await ca.encrypt(own.key, "1234");
    expect(await tls.set("tls-key-file", encrypted)).toMatch(CANNOT_CONFIGURE);
    expect(await tls.set("tls-key-file-pass", "12345", "tls-key-file", encrypted)).toMatch(CANNOT_CONFIGURE);
    expect(await tls.set("tls-key-file-pass", "1234", "tls-key-file", encrypted)).toBe("OK");
    expect(await isServed(tls.port, member)).toBe(true);
  });

  test.if(hasRedis)("that are missing stop the start, in Redis's words", async () => {
    const lines = async (command: readonly string[], args: readonly string[]): Promise<[number, string[]]> => {
      const all = [...command, "--port", "0", "--tls-port", String(freePort()), "--save", "", ...args];
      const child = Bun.spawn(all, { stdout: "pipe", stderr: "pipe" });
      const output = await child.stdout.text();
      const texts = output.split("\n").map((line) => line.replace(/^\S+ .*? [#*] /, ""));
      return [await child.exited, texts.filter((line) => /fail|tls|certificate/i.test(line))];
    };
    const files = ["--tls-cert-file", own.cert, "--tls-key-file", own.key];
    for (const args of [
      [],
      ["--tls-cert-file", own.cert],
      files,
      [...files, "--tls-ca-cert-file", "/nonexistent"],
      [...files, "--tls-ca-cert-file", own.key],
      ["--tls-key-file", own.key, "--tls-auth-clients", "no", "--tls-cert-file", "/nonexistent"],
      ["--tls-key-file", own.key, "--tls-auth-clients", "no", "--tls-cert-file", own.key],
      [...files, "--tls-auth-clients", "no", "--tls-protocols", "SSLv3"],
      [...files, "--tls-auth-clients", "no", "--tls-ciphers", "NOSUCH"],
      [...files, "--tls-auth-clients", "no", "--tls-dh-params-file", "/nonexistent"],
      [...files, "--tls-auth-clients", "no", "--tls-dh-params-file", own.cert],
    ]) {
      const ours = await lines([process.execPath, join(import.meta.dir, "../../src/main.ts")], args);
      expect(ours).toEqual(await lines(["redis-server"], args));
      expect(ours[0]).toBe(1);
    }
  });
});

describe.if(hasOpenssl)("data", () => {
  test("of any size goes both ways, also to a client that reads slowly", async () => {
    await using tls = await startTls(["--client-output-buffer-limit", "normal 0 0 0"]);
    const value = Buffer.alloc(24 * MEGABYTE);
    for (let i = 0; i < value.length; i += 4) value.writeUInt32LE((i * 2654435761) >>> 0, i);
    await using client = await tlsClient(tls.port);
    expect(text(await client.call("SET", "large", value))).toBe("OK");
    const socket = connect({ port: tls.port, host: "127.0.0.1", ...((await tlsOptions()) as object) });
    const chunks: Buffer[] = [];
    let size = 0;
    const header = Buffer.from(`$${value.length}\r\n`);
    const replies = 3;
    const expected = replies * (header.length + value.length + 2);
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= expected) return resolve();
        // The server's socket fills up again and again.
        socket.pause();
        setImmediate(() => socket.resume());
      });
      socket.write("GET large\r\n".repeat(replies));
    });
    socket.destroy();
    const received = Buffer.concat(chunks);
    expect(received.length).toBe(expected);
    const one = Buffer.concat([header, value, Buffer.from("\r\n")]);
    for (let i = 0; i < replies; i++) {
      expect(received.subarray(i * one.length, (i + 1) * one.length).equals(one)).toBe(true);
    }
  });

  test("of many small replies arrives in order, whatever is pushed between them", async () => {
    await using tls = await startTls();
    await using client = await RespClient.connect({ port: tls.port, tls: await tlsOptions(), protocol: 3 });
    await using publisher = await tls.server.client();
    client.send("SUBSCRIBE c\r\n");
    await client.nextPush();
    const count = 20_000;
    const messages = (async () => {
      for (let i = 0; i < 200; i++) await publisher.call("PUBLISH", "c", `m${i}`);
    })();
    const replies = await client.pipeline(Array.from({ length: count }, (_, i) => ["ECHO", `reply ${i}`]));
    expect(replies.every((reply, i) => text(reply) === `reply ${i}`)).toBe(true);
    await messages;
    for (let i = 0; i < 200; i++) {
      expect(await client.nextPush()).toMatchObject({ items: [{}, {}, { value: `m${i}` }] });
    }
  });

  test("that nobody reads ends the connection at the output limit", async () => {
    await using tls = await startTls(["--client-output-buffer-limit", "normal 4mb 0 0"]);
    await using setter = await tls.server.client();
    await setter.call("SET", "large", Buffer.alloc(MEGABYTE, "x"));
    const socket = connect({ port: tls.port, host: "127.0.0.1", ...((await tlsOptions()) as object) });
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("secureConnect", () => {
      socket.pause();
      socket.write("GET large\r\n".repeat(64));
    });
    await tls.server.waitForLog("scheduled to be closed ASAP for overcoming of output buffer limits.");
    socket.resume();
    await closed;
    expect((await tls.server.info("stats")).get("client_output_buffer_limit_disconnections")).toBe("1");
  });

  test("that is no command is answered before the end", async () => {
    await using tls = await startTls();
    await using client = await tlsClient(tls.port);
    client.send("*1\r\n$x\r\n");
    expect(text(await client.readReply())).toContain("Protocol error");
    await client.closed;
    await using quitter = await tlsClient(tls.port);
    expect(text(await quitter.call("QUIT"))).toBe("OK");
    await quitter.closed;
  });
});

describe.if(hasOpenssl)("MIGRATE with tls-cluster", () => {
  test("brings its own certificate, and looks at the other's", async () => {
    await using target = await startTls();
    const identity = ["--tls-client-cert-file", member.cert, "--tls-client-key-file", member.key];
    await using source = await startTls(["--tls-cluster", "yes", ...identity]);
    await using client = await source.server.client();
    await using there = await target.server.client();
    await client.call("MSET", "a", "1", "b", "2", "c", "3");
    const migrate = ["MIGRATE", "127.0.0.1", target.port] as const;
    expect(text(await client.call(...migrate, "a", 0, 5000))).toBe("OK");
    expect(text(await there.call("GET", "a"))).toBe("1");

    await client.call("MULTI");
    await client.call(...migrate, "b", 0, 5000);
    expect(show(await client.call("EXEC"))).toBe('[+"OK"]');
    expect(text(await there.call("GET", "b"))).toBe("2");

    const failed = /^IOERR error or timeout/;
    expect(text(await client.call("MIGRATE", "127.0.0.1", target.server.port, "c", 0, 5000))).toMatch(failed);
    expect(await source.set("tls-cluster", "no")).toBe("OK");
    await target.set("tls-cert-file", unknown.cert, "tls-key-file", unknown.key);
    expect(await source.set("tls-cluster", "yes")).toBe("OK");
    await client.call("MULTI");
    await client.call(...migrate, "c", 0, 5000);
    expect(show(await client.call("EXEC"))).toMatch(/^\[-"IOERR error or timeout/);
    expect(text(await client.call("GET", "c"))).toBe("3");
  });
});

describe.if(hasOpenssl)("who does not get through the handshake", () => {
  test("a client without TLS, and one with TLS at the plain port, harm nobody", async () => {
    await using tls = await startTls();
    const plain = await RawConnection.connect(tls.port);
    plain.send("PING\r\n");
    await plain.untilClosed();
    expect(plain.received).not.toContain("PONG");
    await tls.server.waitForLog("Error accepting a client connection: ");
    await using client = await tls.server.client();
    const lost = connect({ port: tls.server.port, host: "127.0.0.1" });
    lost.on("error", () => {});
    await eventually("it is a client", async () => text(await client.call("CLIENT", "LIST")).includes("cmd=NULL"));
    lost.destroy();
    await eventually("one client is left", async () => (await connectedClients(client)) === 1);
    expect(await isServed(tls.port, member)).toBe(true);
  });

  test("counts as a client, and is ended as one that is idle", async () => {
    await using tls = await startTls();
    await using client = await tls.server.client();
    await using silent = await RawConnection.connect(tls.port);
    await eventually("both are clients", async () => (await connectedClients(client)) === 2);
    expect(text(await client.call("INFO", "stats"))).toContain("total_connections_received:1\r\n");
    expect(await tls.set("timeout", "1")).toBe("OK");
    await silent.untilClosed();
  });

  test("is not more than maxclients lets in", async () => {
    await using tls = await startTls(["--maxclients", "2"]);
    await using _first = await tls.server.client();
    await using _second = await tlsClient(tls.port);
    expect(await isServed(tls.port, member)).toBe(false);
    expect(text(await _first.call("INFO", "stats"))).toContain("rejected_connections:1\r\n");
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((address) => address.family === "IPv4" && !address.internal)?.address;

  test.if(outside !== undefined)("is told of protected mode after it", async () => {
    await using tls = await startTls();
    await using client = await RespClient.connect({
      host: outside as string,
      port: tls.port,
      tls: { ...(await tlsOptions()), serverName: "localhost" },
    });
    expect(text(await client.readReply())).toStartWith("DENIED Redis is running in protected mode");
    await client.closed;
  });
});
