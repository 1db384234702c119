/** A client as CLIENT LIST, CLIENT INFO and the log show it: one line of fields, in the order of Redis 7.2. */

import type { ServerContext } from "../command/server-context";
import type { Client } from "./client";

/**
 * The line, without a line break. `argumentBytes` is what the arguments of the command that it is running take; 0 for
 * any other client. A blocked one keeps its arguments.
 */
export function describeClient(server: ServerContext, client: Client, argumentBytes = 0): string {
  const now = server.clock.monotonic();
  const seconds = (since: number): number => Math.max(0, Math.floor((now - since) / 1_000_000));
  const { transport } = client;
  const { address } = transport;
  return [
    `id=${client.id}`,
    `addr=${address}`,
    `laddr=${transport.localAddress}`,
    `fd=${transport.fd}`,
    `name=${client.name}`,
    `age=${seconds(client.createdAt)}`,
    `idle=${seconds(client.lastInteraction)}`,
    `flags=${flagLetters(client, address)}`,
    `db=${client.database}`,
    `sub=${client.subscriptions?.channels.size ?? 0}`,
    `psub=${client.subscriptions?.patterns.size ?? 0}`,
    `ssub=${client.subscriptions?.shardChannels.size ?? 0}`,
    `multi=${client.transaction?.count ?? -1}`,
    `qbuf=${transport.inputBytes}`,
    `qbuf-free=${transport.inputFree}`,
    `argv-mem=${argumentBytes + client.waitingBytes}`,
    `multi-mem=${client.transactionBytes}`,
    // Replies are written to one buffer that all clients share: none has a static one of its own.
    "rbs=0",
    "rbp=0",
    `obl=${transport.replyBytes}`,
    `oll=${transport.outputChunks}`,
    `omem=${transport.outputBytes}`,
    `tot-mem=${client.memoryBytes + argumentBytes}`,
    `events=${transport.outputBytes > 0 ? "rw" : "r"}`,
    `cmd=${client.lastCommand === "" ? "NULL" : client.lastCommand}`,
    `user=${client.user.name}`,
    `redir=${client.tracking?.redirect ?? -1}`,
    `resp=${client.protocol}`,
    `lib-name=${client.libraryName}`,
    `lib-ver=${client.libraryVersion}`,
  ].join(" ");
}

/** Letters of what is special about a client, in Redis's order; N is nothing. */
function flagLetters(client: Client, address: string): string {
  let letters = "";
  if (client.monitors) letters += "O";
  if (client.subscriptions !== null) letters += "P";
  if (client.transaction !== null) letters += "x";
  if (client.paused || client.blocked) letters += "b";
  if (client.tracking !== null) letters += "t";
  if (client.tracking?.redirectIsBroken) letters += "R";
  if (client.tracking?.broadcast) letters += "B";
  if (client.isDirty) letters += "d";
  if (client.closing) letters += "c";
  // A unix socket's address is its path with ":0"; no TCP peer has port 0.
  if (address.endsWith(":0")) letters += "U";
  if (client.noEvict) letters += "e";
  if (client.noTouch) letters += "T";
  return letters === "" ? "N" : letters;
}
