/**
 * What a client that tracks (CLIENT TRACKING) has read: after every command that only reads, all keys of its request,
 * whether they exist or not, and whether it failed or not.
 */

import type { Request } from "../resp/request";
import type { Client } from "../session/client";
import type { Tracking } from "../session/tracking";
import { type Command, PUBSUB, READONLY } from "./command-spec";
import { findKeys, KeyList } from "./key-extraction";

/** A command of such a client has run; `nested`: as a part of another one. */
export function trackCommand(
  tracking: Tracking,
  client: Client,
  command: Command,
  request: Request,
  nested: boolean,
): void {
  const state = client.tracking;
  if (state === null) return;
  // Shard channels look like keys, and are none.
  if ((command.flags & (READONLY | PUBSUB)) === READONLY && state.remembers) {
    rememberKeys(tracking, client, command, request);
    tracking.limit();
  }
  // CLIENT CACHING concerns the next command, which may be a whole transaction.
  if (!nested && client.transaction === null && command.parent?.name !== "client") state.caching = false;
}

const keys = new KeyList();

function rememberKeys(tracking: Tracking, client: Client, command: Command, request: Request): void {
  const { buf, starts, ends } = request;
  findKeys(command, request, 0, keys);
  for (let i = 0; i < keys.count; i++) {
    const index = keys.indices[i];
    tracking.remember(client, buf, starts[index], ends[index]);
  }
}
