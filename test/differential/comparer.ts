/**
 * How two replies are compared. A comparer returns undefined when they agree, and a short reason when they do not.
 * `exact` is the rule; every other one is for replies that may differ between two correct servers.
 */

import { isNull, type Reply, show } from "../support/reply";

export type Comparer = (ours: Reply, theirs: Reply) => string | undefined;

/** Same type and same content. */
export const exact: Comparer = (ours, theirs) => (show(ours) === show(theirs) ? undefined : "differs");

/** Elements of the outermost array, set or map in any order. */
export const sorted: Comparer = (ours, theirs) =>
  show(sort(ours, false)) === show(sort(theirs, false)) ? undefined : "differs in any order";

/** Elements of arrays, sets and maps at every depth in any order: SCAN's reply. */
export const sortedDeep: Comparer = (ours, theirs) =>
  show(sort(ours, true)) === show(sort(theirs, true)) ? undefined : "differs in any order";

/** Numbers (doubles, or bulk strings that hold one) equal but for the last digits; everything else exactly. */
export const rounded: Comparer = (ours, theirs) => compareDeep(ours, theirs, closeNumbers);

/** Errors agree in their first word (`ERR`, `WRONGTYPE`); everything else exactly. */
export const errorPrefix: Comparer = (ours, theirs) => {
  if (ours.type !== "error" || theirs.type !== "error") return exact(ours, theirs);
  return ours.value.split(" ")[0] === theirs.value.split(" ")[0] ? undefined : "has another error code";
};

/** The RESP type agrees, and for arrays and maps nothing more. */
export const sameType: Comparer = (ours, theirs) => (ours.type === theirs.type ? undefined : "has another type");

/** Types agree at every depth, and so do lengths and the names of maps; the values may differ: CLIENT INFO, TIME. */
export const sameShape: Comparer = (ours, theirs) =>
  compareDeep(ours, theirs, (a, b) => a.type === b.type || (isNull(a) && isNull(b)));

/** Anything goes; what matters is that both answered, and what the next commands say. */
export const ignored: Comparer = () => undefined;

/** Neither is an error. */
export const succeeded: Comparer = (ours, theirs) =>
  ours.type === "error" || theirs.type === "error" ? "is an error" : undefined;

/** Integers (or strings that hold one) at most `tolerance` apart: TTLs that were set relative to now. */
export function within(tolerance: number): Comparer {
  return (ours, theirs) => {
    const a = asNumber(ours);
    const b = asNumber(theirs);
    if (ours.type !== theirs.type || a === undefined || b === undefined) return exact(ours, theirs);
    // -1 and -2 are answers of their own (no expiry, no key): they are not "close" to a time.
    if (a < 0 || b < 0) return exact(ours, theirs);
    return Math.abs(a - b) <= tolerance ? undefined : `differs by more than ${tolerance}`;
  };
}

/**
 * Integers at most `tolerance` apart where `isTime` says so of the place that they are at: names of maps (in RESP2, every
 * other element) and indexes from the outermost aggregate down. Negative ones, and everything else, exactly.
 */
export function timesWithin(tolerance: number, isTime: (path: readonly string[]) => boolean): Comparer {
  const compare = (ours: Reply, theirs: Reply, path: readonly string[]): string | undefined => {
    if ("items" in ours && "items" in theirs && ours.items.length === theirs.items.length) {
      const name = (i: number): string => {
        const before = i % 2 === 1 ? ours.items[i - 1] : undefined;
        return before?.type === "bulk" && ours.items[0].type === "bulk" ? String(before.value) : String(i);
      };
      for (const [i, item] of ours.items.entries()) {
        const reason = compare(item, theirs.items[i], [...path, name(i)]);
        if (reason !== undefined) return reason;
      }
      return undefined;
    }
    if (ours.type === "map" && theirs.type === "map" && ours.entries.length === theirs.entries.length) {
      for (const [i, [name, value]] of ours.entries.entries()) {
        const [theirName, theirValue] = theirs.entries[i];
        const reason = exact(name, theirName) ?? compare(value, theirValue, [...path, show(name).replaceAll('"', "")]);
        if (reason !== undefined) return reason;
      }
      return undefined;
    }
    const reason = isTime(path) ? within(tolerance)(ours, theirs) : exact(ours, theirs);
    return reason === undefined ? undefined : `${reason} at ${path.join(".")}`;
  };
  return (ours, theirs) => compare(ours, theirs, []);
}

/** Both are strings or errors that match the pattern, or the same otherwise. */
export function matching(pattern: RegExp): Comparer {
  return (ours, theirs) => {
    if (ours.type !== theirs.type || !("value" in ours) || !("value" in theirs)) return exact(ours, theirs);
    if (!pattern.test(String(ours.value))) return `does not match ${pattern}`;
    return pattern.test(String(theirs.value)) ? undefined : `Redis's does not match ${pattern}`;
  };
}

function sort(reply: Reply, deep: boolean): Reply {
  const inner = (item: Reply): Reply => (deep ? sort(item, true) : item);
  if (reply.type === "array" || reply.type === "set" || reply.type === "push") {
    return { ...reply, items: reply.items.map(inner).sort(byText) };
  }
  if (reply.type === "map") {
    const entries = reply.entries.map(([key, value]) => [inner(key), inner(value)] as const);
    return { ...reply, entries: entries.sort(([a], [b]) => byText(a, b)) };
  }
  return reply;
}

function byText(a: Reply, b: Reply): number {
  const left = show(a);
  const right = show(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function asNumber(reply: Reply): number | undefined {
  if (reply.type !== "integer" && reply.type !== "bulk" && reply.type !== "double") return undefined;
  const value = String(reply.value);
  if (value.trim() === "") return undefined;
  const number = Number(value.replace(/^([+-]?)inf$/, "$1Infinity"));
  return Number.isNaN(number) ? undefined : number;
}

function closeNumbers(ours: Reply, theirs: Reply): boolean {
  const a = asNumber(ours);
  const b = asNumber(theirs);
  if (ours.type !== theirs.type || a === undefined || b === undefined) return show(ours) === show(theirs);
  if (a === b) return true;
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function compareDeep(ours: Reply, theirs: Reply, leaf: (a: Reply, b: Reply) => boolean): string | undefined {
  if ("items" in ours && "items" in theirs && ours.type === theirs.type) {
    if (ours.items.length !== theirs.items.length) return "has another length";
    const wrong = ours.items.findIndex((item, i) => compareDeep(item, theirs.items[i], leaf) !== undefined);
    return wrong < 0 ? undefined : `differs at element ${wrong}`;
  }
  if (ours.type === "map" && theirs.type === "map") {
    if (ours.entries.length !== theirs.entries.length) return "has another length";
    for (let i = 0; i < ours.entries.length; i++) {
      if (show(ours.entries[i][0]) !== show(theirs.entries[i][0])) return `has another name at entry ${i}`;
      if (compareDeep(ours.entries[i][1], theirs.entries[i][1], leaf) !== undefined) return `differs at entry ${i}`;
    }
    return undefined;
  }
  return leaf(ours, theirs) ? undefined : "differs";
}
