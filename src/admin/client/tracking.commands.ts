/** CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR. */

import type { Call } from "../../command/call";
import { type CommandDefinition, type Handler, LOADING, NOSCRIPT, STALE } from "../../command/command-spec";
import * as errors from "../../resp/errors";
import type { ClientTracking, TrackingOptions } from "../../session/tracking";
import { anyInteger } from "../arguments";

/** CLIENT TRACKING (ON | OFF) [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP] */
function tracking(c: Call): void {
  const options = parseOptions(c);
  const isOn = c.is(2, "on");
  if (!isOn && !c.is(2, "off")) c.syntaxError();
  if (!c.failed && isOn) checkOptions(c, options);
  if (c.failed) return;
  if (isOn) c.server.tracking.enable(c.client, options);
  else c.server.tracking.disable(c.client);
  c.reply.ok();
}

function parseOptions(c: Call): TrackingOptions {
  const prefixes: string[] = [];
  const options = { redirect: 0, broadcast: false, optIn: false, optOut: false, noLoop: false, prefixes };
  for (let i = 3; i < c.argc && !c.failed; i++) {
    const hasMore = i + 1 < c.argc;
    if (c.is(i, "redirect") && hasMore) options.redirect = redirectTarget(c, ++i, options.redirect);
    else if (c.is(i, "prefix") && hasMore) prefixes.push(c.text(++i));
    else if (c.is(i, "bcast")) options.broadcast = true;
    else if (c.is(i, "optin")) options.optIn = true;
    else if (c.is(i, "optout")) options.optOut = true;
    else if (c.is(i, "noloop")) options.noLoop = true;
    else c.syntaxError();
  }
  return options;
}

function redirectTarget(c: Call, i: number, before: number): number {
  if (before !== 0) c.fail(errors.TRACKING_ONE_REDIRECT);
  const id = anyInteger(c, i);
  if (!c.server.clients.byId.has(id)) c.fail(errors.TRACKING_NO_REDIRECT);
  return id;
}

/** The options have to fit together, and to how the client tracks already. */
function checkOptions(c: Call, options: TrackingOptions): void {
  const { broadcast, optIn, optOut, prefixes } = options;
  const now = c.client.tracking;
  if (!broadcast && prefixes.length > 0) c.fail(errors.TRACKING_PREFIX_WITHOUT_BCAST);
  if (now !== null && now.broadcast !== broadcast) c.fail(errors.TRACKING_BCAST_SWITCH);
  if (broadcast && (optIn || optOut)) c.fail(errors.TRACKING_BCAST_OPT);
  if (optIn && optOut) c.fail(errors.TRACKING_OPTIN_OPTOUT);
  if ((optIn && now?.optOut) || (optOut && now?.optIn)) c.fail(errors.TRACKING_OPT_SWITCH);
  if (broadcast && !c.failed) checkPrefixes(c, prefixes, now);
}

/** No key may begin with two prefixes of one client. */
function checkPrefixes(c: Call, prefixes: readonly string[], now: ClientTracking | null): void {
  const known = [...(now?.prefixes.keys() ?? [])].sort();
  prefixes.forEach((prefix, i) => {
    const existing = known.find((other) => overlap(prefix, other));
    if (existing !== undefined) c.fail(errors.trackingOverlap(prefix, "an existing", existing));
    const provided = prefixes.slice(i + 1).find((other) => overlap(prefix, other));
    if (provided !== undefined) c.fail(errors.trackingOverlap(prefix, "another provided", provided));
  });
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/** CLIENT CACHING (YES | NO) */
function caching(c: Call): void {
  const state = c.client.tracking;
  if (state === null) c.fail(errors.CACHING_WITHOUT_TRACKING);
  else if (c.is(2, "yes") && !state.optIn) c.fail(errors.CACHING_YES_WITHOUT_OPTIN);
  else if (c.is(2, "no") && !state.optOut) c.fail(errors.CACHING_NO_WITHOUT_OPTOUT);
  else if (!c.is(2, "yes") && !c.is(2, "no")) c.syntaxError();
  if (state === null || c.failed) return;
  state.caching = true;
  c.reply.ok();
}

/** -1: the client does not track; 0: it gets the messages itself. */
function redirectOf(state: ClientTracking | null): number {
  return state?.redirect ?? -1;
}

function getRedir(c: Call): void {
  c.reply.integer(redirectOf(c.client.tracking));
}

function trackingInfo(c: Call): void {
  const { reply } = c;
  const state = c.client.tracking;
  const flags = state === null ? ["off"] : flagsOf(state);
  reply.map(3);
  reply.bulkText("flags");
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText("redirect");
  reply.integer(redirectOf(state));
  reply.bulkText("prefixes");
  const prefixes = [...(state?.prefixes.keys() ?? [])].sort();
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulkText(prefix);
}

function flagsOf(state: ClientTracking): string[] {
  const flags = ["on"];
  if (state.broadcast) flags.push("bcast");
  if (state.optIn) flags.push("optin");
  if (state.optIn && state.caching) flags.push("caching-yes");
  if (state.optOut) flags.push("optout");
  if (state.optOut && state.caching) flags.push("caching-no");
  if (state.noLoop) flags.push("noloop");
  if (state.redirectIsBroken) flags.push("broken_redirect");
  return flags;
}

const ANYTIME = NOSCRIPT | LOADING | STALE;

function subcommand(name: string, arity: number, handler: Handler): CommandDefinition {
  return { name, arity, flags: ANYTIME, categories: "connection", handler };
}

export const trackingSubcommands: readonly CommandDefinition[] = [
  subcommand("caching", 3, caching),
  subcommand("getredir", 2, getRedir),
  subcommand("tracking", -3, tracking),
  subcommand("trackinginfo", 2, trackingInfo),
];
