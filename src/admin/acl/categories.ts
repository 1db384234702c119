/** The categories of commands that ACL rules name, in the order in which Redis lists them. */

export const CATEGORIES: readonly string[] = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

/** The category of this name, which may be in any case. */
export function categoryNamed(name: string): string | undefined {
  const lower = name.toLowerCase();
  return CATEGORIES.includes(lower) ? lower : undefined;
}
