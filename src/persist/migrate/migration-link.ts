/**
 * Connections to other servers that MIGRATE sends keys to. One that is not used any more is kept for ten seconds, with
 * the database that it has selected, as MIGRATE is mostly called many times in a row.
 *
 * An exchange is bytes that go out, and so many replies. Its limit is that of Redis: so long may the connection take, and
 * so long nothing may move.
 */

import type { Socket, TLSOptions } from "bun";
import type { TlsSettings } from "../../net/tls/tls-settings";
import { ReplyDecoder } from "../../resp/reply-decoder";

/** How long an idle connection is kept, ms, and how many there are at most. */
const KEPT_MS = 10_000;
const KEPT_MAX = 64;

/** Why there is no reply, or not all of them. */
export type LinkFailure = "connecting" | "writing" | "reading";

/** What matters of a reply: the text of the error that it is, or null. */
export type Outcome = string | null;

export interface ExchangeResult {
  /** Those that came. */
  readonly replies: readonly Outcome[];
  /** null: all of them did. */
  readonly failure: LinkFailure | null;
  readonly timedOut: boolean;
}

/** A connection that an exchange has for itself. */
export class MigrationLink {
  /** The database that is selected there; -1: not known. */
  database = -1;
  /** Called when the connection ends while nothing is exchanged. */
  onEnd: () => void = () => {};
  ended = false;
  private socket: Socket | null = null;
  private readonly decoder = new ReplyDecoder();
  private chunks: Uint8Array[] = [];
  private sent = 0;
  private replies: Outcome[] = [];
  private expected = 0;
  private limitMs = 0;
  private timer: Timer | null = null;
  private finished: ((result: ExchangeResult) => void) | null = null;

  /**
   * Connects, with TLS where there are settings for it. "writing": nobody listens there; "connecting": there is no such
   * host, it takes longer than `limitMs`, or one of the two does not trust the other.
   */
  static connect(
    host: string,
    port: number,
    limitMs: number,
    tls: TlsSettings | null,
  ): Promise<MigrationLink | LinkFailure> {
    const link = new MigrationLink();
    return new Promise((resolve) => {
      const give = (result: MigrationLink | LinkFailure): void => {
        clearTimeout(timer);
        if (result !== link) link.close();
        resolve(result);
      };
      // Redis does not see that a connection is refused before it writes.
      const fail = (error: unknown): void =>
        give((error as NodeJS.ErrnoException).code === "ECONNREFUSED" ? "writing" : "connecting");
      const timer = setTimeout(() => give("connecting"), limitMs);
      const lost = (): void => {
        link.end();
        give("connecting");
      };
      const handshake = (_: Socket, success: boolean, error: Error | null): void =>
        give(success && (error === null || isAboutNames(error)) ? link : "connecting");
      const socket = {
        ...(tls === null ? {} : { handshake }),
        data: (_: Socket, bytes: Buffer) => link.receive(bytes),
        drain: () => link.write(),
        close: () => lost(),
        error: () => lost(),
        connectError: (_: Socket, error: Error) => fail(error),
      };
      if (port < 0 || port > 65_535) give("connecting");
      else if (port === 0) give("writing");
      else {
        // Who has signed a certificate is judged at the end of the handshake, and not for which name it was made.
        const secured = tls === null ? {} : { tls: { ...tls, rejectUnauthorized: false } as unknown as TLSOptions };
        Bun.connect({ hostname: host, port, socket, ...secured }).then((connected) => {
          link.socket = connected;
          if (link.ended) connected.end();
          else connected.setNoDelay(true);
          if (tls === null) give(link);
        }, fail);
      }
    });
  }

  /** Sends, and waits for so many replies. Never rejects; after a failure the connection is of no use. */
  exchange(chunks: Uint8Array[], replies: number, limitMs: number): Promise<ExchangeResult> {
    this.chunks = chunks;
    this.sent = 0;
    this.replies = [];
    this.expected = replies;
    this.limitMs = limitMs;
    return new Promise((resolve) => {
      this.finished = resolve;
      if (this.ended) this.finish(false);
      else this.moved();
      this.write();
    });
  }

  /** Something has moved: the limit begins anew. */
  private moved(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.finish(true), this.limitMs);
  }

  private write(): void {
    const { chunks, socket } = this;
    while (chunks.length > 0 && socket !== null && !this.ended) {
      const chunk = chunks[0];
      const written = socket.write(chunk, this.sent, chunk.length - this.sent);
      if (written <= 0) return;
      this.moved();
      this.sent += written;
      if (this.sent < chunk.length) return;
      chunks.shift();
      this.sent = 0;
    }
  }

  private receive(bytes: Buffer): void {
    if (this.finished === null) {
      // Nobody has asked for anything.
      this.close();
      return;
    }
    this.moved();
    this.decoder.push(bytes);
    try {
      for (let reply = this.decoder.next(); reply !== null; reply = this.decoder.next()) {
        this.replies.push(reply.kind === "error" ? reply.bytes.toString("latin1") : null);
      }
    } catch {
      this.close();
      return;
    }
    if (this.replies.length >= this.expected) this.finish(false);
  }

  private end(): void {
    this.ended = true;
    this.finish(false);
    this.onEnd();
  }

  private finish(timedOut: boolean): void {
    const { finished, replies } = this;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (finished === null) return;
    this.finished = null;
    const complete = replies.length >= this.expected;
    finished({ replies, failure: complete ? null : this.chunks.length > 0 ? "writing" : "reading", timedOut });
  }

  close(): void {
    this.socket?.end();
    this.end();
  }
}

function isAboutNames(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_TLS_CERT_ALTNAME_INVALID";
}

/** The connections that are kept. */
export class MigrationLinks {
  /** Connections that are used now. */
  private used = 0;
  private readonly kept = new Map<string, { readonly link: MigrationLink; readonly timer: Timer }>();

  /** @param tls says what new connections are made with: null is no TLS */
  constructor(readonly tls: () => TlsSettings | null) {}

  /** Connections that there are. */
  get count(): number {
    return this.used + this.kept.size;
  }

  /** A connection of one's own: give() or drop() follows. Or why there is none. */
  async take(host: string, port: number, limitMs: number): Promise<MigrationLink | LinkFailure> {
    const kept = this.kept.get(`${host}:${port}`);
    if (kept !== undefined) {
      this.forget(`${host}:${port}`);
      this.used++;
      return kept.link;
    }
    const link = await MigrationLink.connect(host, port, limitMs, this.tls());
    if (link instanceof MigrationLink) this.used++;
    return link;
  }

  /** It is not needed any more: kept for a time, in the place of another one to the same server. */
  give(host: string, port: number, link: MigrationLink): void {
    const name = `${host}:${port}`;
    this.used--;
    this.discard(name);
    if (link.ended) return;
    if (this.kept.size >= KEPT_MAX) this.discard(this.kept.keys().next().value as string);
    const timer = setTimeout(() => this.discard(name), KEPT_MS);
    // A server that is embedded does not keep its program alive for this.
    timer.unref();
    link.onEnd = () => this.forget(name);
    this.kept.set(name, { link, timer });
  }

  /** It is of no use any more. */
  drop(link: MigrationLink): void {
    this.used--;
    link.close();
  }

  /** Ends all that are kept. */
  close(): void {
    for (const name of [...this.kept.keys()]) this.discard(name);
  }

  private discard(name: string): void {
    const kept = this.kept.get(name);
    this.forget(name);
    kept?.link.close();
  }

  private forget(name: string): void {
    const kept = this.kept.get(name);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    kept.link.onEnd = () => {};
    this.kept.delete(name);
  }
}
