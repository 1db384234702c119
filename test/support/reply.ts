/**
 * What a server answered, with the RESP type kept: tests compare types exactly (`:1` is not `$1`, `*-1` is not `$-1`).
 *
 * Bytes are latin1 strings: one character a byte, so a reply compares and prints without losing anything.
 * Integers are bigint, doubles keep the text that was on the wire.
 */

/** One reply, by its RESP type. Types that exist in RESP3 alone are marked. */
export type Reply =
  | { readonly type: "simple"; readonly value: string }
  | { readonly type: "error"; readonly value: string }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "bulk"; readonly value: string }
  /** `$-1` */
  | { readonly type: "null-bulk" }
  /** `*-1` */
  | { readonly type: "null-array" }
  | { readonly type: "array"; readonly items: readonly Reply[] }
  /** RESP3 `_` */
  | { readonly type: "null" }
  /** RESP3 `!`: an error as a bulk string */
  | { readonly type: "bulk-error"; readonly value: string }
  /** RESP3 `%` */
  | { readonly type: "map"; readonly entries: readonly (readonly [Reply, Reply])[] }
  /** RESP3 `~` */
  | { readonly type: "set"; readonly items: readonly Reply[] }
  /** RESP3 `,`: the text as sent */
  | { readonly type: "double"; readonly value: string }
  /** RESP3 `#` */
  | { readonly type: "boolean"; readonly value: boolean }
  /** RESP3 `(`: the text as sent */
  | { readonly type: "big-number"; readonly value: string }
  /** RESP3 `=`: three letters of format, then the text */
  | { readonly type: "verbatim"; readonly format: string; readonly value: string }
  /** RESP3 `>` */
  | { readonly type: "push"; readonly items: readonly Reply[] }
  /** RESP3 `|` and the reply that it describes */
  | {
      readonly type: "attribute";
      readonly entries: readonly (readonly [Reply, Reply])[];
      readonly reply: Reply;
    };

export const simple = (value: string): Reply => ({ type: "simple", value });
export const error = (value: string): Reply => ({ type: "error", value });
export const integer = (value: number | bigint): Reply => ({ type: "integer", value: BigInt(value) });
export const bulk = (value: string): Reply => ({ type: "bulk", value });
export const array = (...items: Reply[]): Reply => ({ type: "array", items });
export const set = (...items: Reply[]): Reply => ({ type: "set", items });
export const map = (...entries: [Reply, Reply][]): Reply => ({ type: "map", entries });
export const double = (value: string): Reply => ({ type: "double", value });
export const NULL: Reply = { type: "null" };
export const NULL_BULK: Reply = { type: "null-bulk" };
export const NULL_ARRAY: Reply = { type: "null-array" };
export const OK: Reply = simple("OK");

/** The text of a string-like reply (simple, bulk, error, verbatim, double, integer); throws for any other. */
export function text(reply: Reply): string {
  switch (reply.type) {
    case "simple":
    case "bulk":
    case "error":
    case "bulk-error":
    case "verbatim":
    case "double":
    case "big-number":
      return reply.value;
    case "integer":
      return reply.value.toString();
    default:
      throw new TypeError(`not a string: ${show(reply)}`);
  }
}

/** The elements of an array, set or push; throws for any other reply. */
export function items(reply: Reply): readonly Reply[] {
  if (reply.type === "array" || reply.type === "set" || reply.type === "push") return reply.items;
  throw new TypeError(`not an array: ${show(reply)}`);
}

/** Key and value pairs of a map, or of the flat array that RESP2 sends in its place. */
export function pairs(reply: Reply): readonly (readonly [Reply, Reply])[] {
  if (reply.type === "map") return reply.entries;
  const flat = items(reply);
  const result: [Reply, Reply][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) result.push([flat[i], flat[i + 1]]);
  return result;
}

/** True for `$-1`, `*-1` and `_`. */
export function isNull(reply: Reply): boolean {
  return reply.type === "null" || reply.type === "null-bulk" || reply.type === "null-array";
}

/**
 * One line that shows the reply with its type. Two replies are equal exactly when this text is equal, which is what
 * the differential tests compare.
 */
export function show(reply: Reply): string {
  switch (reply.type) {
    case "simple":
      return `+${quote(reply.value)}`;
    case "error":
      return `-${quote(reply.value)}`;
    case "bulk-error":
      return `!${quote(reply.value)}`;
    case "integer":
      return `:${reply.value}`;
    case "bulk":
      return quote(reply.value);
    case "null-bulk":
      return "(null bulk)";
    case "null-array":
      return "(null array)";
    case "null":
      return "(null)";
    case "array":
      return `[${reply.items.map(show).join(", ")}]`;
    case "set":
      return `set[${reply.items.map(show).join(", ")}]`;
    case "push":
      return `push[${reply.items.map(show).join(", ")}]`;
    case "map":
      return `{${showEntries(reply.entries)}}`;
    case "double":
      return `,${reply.value}`;
    case "boolean":
      return `#${reply.value ? "t" : "f"}`;
    case "big-number":
      return `(${reply.value}`;
    case "verbatim":
      return `=${reply.format}:${quote(reply.value)}`;
    case "attribute":
      return `|{${showEntries(reply.entries)}}${show(reply.reply)}`;
  }
}

/** Structural equality of replies, types included. */
export function equal(a: Reply, b: Reply): boolean {
  return show(a) === show(b);
}

function showEntries(entries: readonly (readonly [Reply, Reply])[]): string {
  return entries.map(([key, value]) => `${show(key)}: ${show(value)}`).join(", ");
}

function quote(value: string): string {
  // JSON leaves 0x7f and above as they are; a byte outside printable ASCII is shown as \xNN so that it can be seen.
  return JSON.stringify(value).replace(
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
