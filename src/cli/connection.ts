/** A client's connection: commands out, replies in. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Socket, SocketHandler, TLSOptions } from "bun";
import { type Reply, ReplyDecoder } from "../resp/reply-decoder";
import type { TlsOptions } from "./options";

const CRLF = Buffer.from("\r\n");

/** The bytes of a command, as an array of bulk strings. */
export function encodeCommand(args: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) parts.push(Buffer.from(`$${argument.length}\r\n`), argument, CRLF);
  return Buffer.concat(parts);
}

interface Address {
  readonly socket: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions;
}

function tlsSettings(tls: TlsOptions): TLSOptions {
  const text = (path: string): string => readFileSync(path, "latin1");
  const ca = tls.cacert === "" ? [] : [text(tls.cacert)];
  if (tls.cacertdir !== "") {
    for (const name of readdirSync(tls.cacertdir).sort()) {
      if (HASHED_NAME.test(name)) ca.push(text(join(tls.cacertdir, name)));
    }
  }
  return {
    // What is wrong with the server's certificate is judged at the end of the handshake.
    rejectUnauthorized: false,
    ...(ca.length === 0 ? {} : { ca }),
    ...(tls.cert === "" ? {} : { cert: text(tls.cert) }),
    ...(tls.key === "" ? {} : { key: text(tls.key) }),
    ...(tls.passphrase === "" ? {} : { passphrase: tls.passphrase }),
    ...(tls.sni === "" ? {} : { serverName: tls.sni }),
    ...(tls.ciphers === "" ? {} : { ciphers: tls.ciphers }),
  };
}

/** How certificates are named in a folder that TLS libraries look into. */
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;

function codeOf(error: Error | null): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

function isAboutNames(error: Error): boolean {
  return codeOf(error) === "ERR_TLS_CERT_ALTNAME_INVALID";
}

export class CliConnection {
  private readonly decoder = new ReplyDecoder();
  private socket: Socket<undefined> | null = null;
  private unsent = Buffer.alloc(0);
  private wake: () => void = () => {};
  private failure: Error | null = null;
  private onFailure: (reason: Error) => void = () => {};

  /** Connects to a unix socket, or to host and port, with or without TLS. Rejects with the system's error. */
  static async open(address: Address): Promise<CliConnection> {
    const connection = new CliConnection();
    const socket: SocketHandler<undefined> = {
      data: (_socket, chunk) => connection.received(chunk),
      drain: () => connection.send(),
      close: () => connection.fail(new Error("Server closed the connection")),
      error: (_socket, error) => connection.fail(error),
    };
    if (address.socket !== "") {
      connection.socket = await Bun.connect({ unix: address.socket, socket });
    } else if (!address.tls.enabled) {
      connection.socket = await Bun.connect({ hostname: address.host, port: address.port, socket });
    } else {
      connection.socket = await connection.openTls(address, socket);
    }
    return connection;
  }

  /** As redis-cli, checks who has signed the server's certificate, and not for which name it was made. */
  private openTls(address: Address, socket: SocketHandler<undefined>): Promise<Socket<undefined>> {
    const { tls } = address;
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      const handshake = (opened: Socket<undefined>, success: boolean, error: Error | null): void => {
        if (success && (error === null || tls.insecure || isAboutNames(error))) {
          this.onFailure = () => {};
          resolve(opened);
        } else {
          const reason = (error as NodeJS.ErrnoException | null)?.code === "EPROTO" ? error?.message : codeOf(error);
          reject(new Error(`SSL_connect failed: ${reason?.split("\n")[0]}`));
          opened.end();
        }
      };
      Bun.connect({
        hostname: address.host,
        port: address.port,
        tls: tlsSettings(tls),
        socket: { ...socket, handshake },
      }).catch(reject);
    });
  }

  private received(chunk: Buffer): void {
    this.decoder.push(chunk);
    this.wake();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake();
    this.onFailure(error);
  }

  private send(): void {
    const sent = Math.max(0, this.socket?.write(this.unsent) ?? 0);
    this.unsent = this.unsent.subarray(sent);
  }

  /** Sends a command; its reply is the next of `receive`. */
  request(args: readonly Uint8Array[]): void {
    const waits = this.unsent.length > 0;
    this.unsent = Buffer.concat([this.unsent, encodeCommand(args)]);
    if (!waits) this.send();
  }

  /** The next reply. Rejects when the connection ends before it. */
  async receive(): Promise<Reply> {
    for (;;) {
      const reply = this.decoder.next();
      if (reply !== null) return reply;
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  close(): void {
    this.socket?.end();
  }
}
