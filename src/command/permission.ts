/**
 * What the ACL says of a request. Asked only for users that are restricted at all (`client.user.unrestricted`), so that
 * everybody else pays one comparison. A check allocates nothing unless something is denied.
 *
 * A request is allowed if one selector of the user allows all of it: the command, every key, every channel. If none
 * does, the reason of the selector that came furthest is the one that is told: the command, then a key, then a channel,
 * and of those the one that stands last.
 */

import type { AclLogContext, AclReason } from "../admin/acl/acl-log";
import type { Selector } from "../admin/acl/selector";
import type { User } from "../admin/acl/user";
import { commandDenied, deniedInExec, NO_CHANNEL_PERMISSION, NO_KEY_PERMISSION } from "../resp/errors";
import type { Request } from "../resp/request";
import type { Client } from "../session/client";
import { latin1 } from "../util/bytes";
import { type Command, NO_AUTH } from "./command-spec";
import { findKeys, KeyList } from "./key-extraction";
import type { ServerContext } from "./server-context";

export const ALLOWED = 0;
export const DENIED_COMMAND = 1;
export const DENIED_KEY = 2;
export const DENIED_CHANNEL = 3;

/** What ACL LOG calls it, by what check() answers. */
const REASONS: Readonly<Record<number, AclReason>> = {
  [DENIED_COMMAND]: "command",
  [DENIED_KEY]: "key",
  [DENIED_CHANNEL]: "channel",
};

const keys = new KeyList();
/** Whether `keys` are those of the request that is being checked. */
let keysKnown = false;
/** The argument that the last check of a selector, and of a user, has found to be denied. */
let selectorDeniedAt = 0;
let deniedAt = 0;

/** What is denied to a user of a request whose name stands at argument `from`; argumentDenied() says where. */
export function check(user: User, command: Command, request: Request, from = 0): number {
  if (user.unrestricted) return ALLOWED;
  let denied = DENIED_COMMAND;
  deniedAt = from;
  keysKnown = false;
  const { selectors } = user;
  for (let i = 0; i < selectors.length; i++) {
    const result = checkSelector(selectors[i], command, request, from);
    if (result === ALLOWED) return ALLOWED;
    if (result > denied || (result === denied && selectorDeniedAt > deniedAt)) {
      denied = result;
      deniedAt = selectorDeniedAt;
    }
  }
  return denied;
}

/** The argument (the key, the channel) that the last check has refused. */
export function argumentDenied(): number {
  return deniedAt;
}

function checkSelector(selector: Selector, command: Command, request: Request, from: number): number {
  selectorDeniedAt = from;
  if (!mayRun(selector, command, request, from)) return DENIED_COMMAND;
  if (!selector.allKeys && command.keys.length > 0 && !mayUseKeys(selector, command, request, from)) return DENIED_KEY;
  if (!selector.allChannels && command.channels !== null && !mayUseChannels(selector, command, request, from)) {
    return DENIED_CHANNEL;
  }
  return ALLOWED;
}

function mayRun(selector: Selector, command: Command, request: Request, from: number): boolean {
  if (selector.allows(command.id) || (command.flags & NO_AUTH) !== 0) return true;
  if (!selector.hasFirstArguments || request.argc - from < 2) return false;
  return selector.allowsFirstArgument(
    command.id,
    latin1(request.buf, request.starts[from + 1], request.ends[from + 1]),
  );
}

function mayUseKeys(selector: Selector, command: Command, request: Request, from: number): boolean {
  if (!keysKnown) findKeys(command, request, from, keys);
  keysKnown = true;
  const { buf, starts, ends } = request;
  const { indices, uses, count } = keys;
  for (let i = 0; i < count; i++) {
    const at = indices[i];
    if (selector.allowsKey(buf, starts[at], ends[at], uses[i].access)) continue;
    selectorDeniedAt = at;
    return false;
  }
  return true;
}

function mayUseChannels(selector: Selector, command: Command, request: Request, from: number): boolean {
  const { channels } = command;
  if (channels === null) return true;
  const { buf, starts, ends, argc } = request;
  const end = channels.many ? argc : from + channels.first + 1;
  for (let i = from + channels.first; i < end; i++) {
    if (selector.allowsChannel(buf, starts[i], ends[i], channels.patterns)) continue;
    selectorDeniedAt = i;
    return false;
  }
  return true;
}

/**
 * Whether a user may run a request, and may besides use all keys that there are in this way (KEY_READ or KEY_WRITE): for
 * commands that find keys only while they run.
 */
export function mayUseAllKeys(user: User, command: Command, request: Request, access: number): boolean {
  if (user.unrestricted) return true;
  keysKnown = false;
  return user.selectors.some(
    (selector) => selector.allowsAllKeys(access) && checkSelector(selector, command, request, 0) === ALLOWED,
  );
}

// --- what clients are told -------------------------------------------------------------------------------------------

/** The error of a request that the ACL denies to its client, or null; what is denied is noted in ACL LOG. */
export function aclRefusal(server: ServerContext, client: Client, command: Command, request: Request): string | null {
  const denied = check(client.user, command, request);
  if (denied === ALLOWED) return null;
  note(server, client, command, request, denied);
  return errorOf(denied, client.user, command);
}

/** As aclRefusal, for a command that is being run by EXEC: it was allowed when it was queued. */
export function aclRefusalInExec(
  server: ServerContext,
  client: Client,
  command: Command,
  request: Request,
): string | null {
  const denied = check(client.user, command, request);
  if (denied === ALLOWED) return null;
  note(server, client, command, request, denied);
  return deniedInExec(reasonInExec(denied));
}

function note(server: ServerContext, client: Client, command: Command, request: Request, denied: number): void {
  const isCommand = denied === DENIED_COMMAND;
  const object = isCommand ? command.fullName : latin1(request.buf, request.starts[deniedAt], request.ends[deniedAt]);
  const username = client.user.name;
  server.acl.deny(client, request, { reason: REASONS[denied], context: contextOf(client), object, username });
}

/** Where a client's requests are denied. */
export function contextOf(client: Client): AclLogContext {
  return client.transaction === null ? "toplevel" : "multi";
}

function errorOf(denied: number, user: User, command: Command): string {
  if (denied === DENIED_KEY) return NO_KEY_PERMISSION;
  if (denied === DENIED_CHANNEL) return NO_CHANNEL_PERMISSION;
  return `NOPERM ${commandDenied(user.name, command.fullName)}`;
}

/** Why EXEC does not run a command that could be queued. */
function reasonInExec(denied: number): string {
  if (denied === DENIED_COMMAND) return "no permission to execute the command or subcommand";
  if (denied === DENIED_KEY) return "no permission to touch the specified keys";
  return "no permission to access one of the channels used as arguments";
}
