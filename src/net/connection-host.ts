/** What connections share, and whom they tell what they cannot decide. */

import type { ServerStats } from "../admin/server-stats";
import type { Dispatcher } from "../command/dispatcher";
import type { ReplyWriter } from "../resp/reply-writer";
import type { RequestParser } from "../resp/request-parser";
import type { Client } from "../session/client";
import type { Connection } from "./connection";

export interface ConnectionHost {
  readonly parser: RequestParser;
  readonly dispatcher: Dispatcher;
  readonly reply: ReplyWriter;
  readonly stats: ServerStats;
  /** client-query-buffer-limit, bytes. */
  readonly queryBufferLimit: number;
  /** Whose commands are being run. */
  serving: Client | null;
  /** Reads the clocks before a run of commands; returns µs of the monotonic clock. */
  startBatch(): number;
  /** Writes the error reply to a malformed request; the connection ends after it. */
  protocolError(client: Client, reason: string): void;
  queryBufferExceeded(connection: Connection): void;
  /** Bytes were queued that the peer has not taken: checks the output buffer limits. */
  outputGrew(connection: Connection): void;
}
