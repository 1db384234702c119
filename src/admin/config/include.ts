/**
 * The files that `include` names. A name with *, ? or [ is a pattern as the shell's and glob(3)'s: it matches no "/",
 * and no leading "." unless the pattern has one there; matches come sorted, and none at all is no error.
 */

import { readdirSync } from "node:fs";

/** Whether Redis takes `name` as a pattern. */
export function isFilePattern(name: string): boolean {
  return /[*?[]/.test(name);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** A bracket expression that starts at `open`: its regular expression and the index after it; null if it never closes. */
function bracket(segment: string, open: number): [string, number] | null {
  const negated = segment[open + 1] === "!" || segment[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  // A "]" that comes first is one of the characters.
  const close = segment.indexOf("]", first + 1);
  if (close < 0) return null;
  const body = segment.slice(first, close).replace(/[\\^[\]]/g, "\\$&");
  return [`[${negated ? "^" : ""}${body}]`, close + 1];
}

/** One part of a path between slashes, as a regular expression. */
function segmentPattern(segment: string): RegExp {
  let source = segment.startsWith(".") ? "" : "(?!\\.)";
  let at = 0;
  while (at < segment.length) {
    const c = segment[at];
    const group = c === "[" ? bracket(segment, at) : null;
    if (group !== null) {
      source += group[0];
      at = group[1];
      continue;
    }
    if (c === "*") source += ".*";
    else if (c === "?") source += ".";
    else if (c === "\\" && at + 1 < segment.length) source += escapeRegExp(segment[++at]);
    else source += escapeRegExp(c);
    at++;
  }
  return new RegExp(`^${source}$`, "su");
}

/** Entries of a folder, none if it cannot be read: glob(3) passes over such a folder too. */
function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The existing paths that match `pattern`, written like it; a relative one starts at the folder `base`. */
export function expandFilePattern(pattern: string, base: string): string[] {
  const absolute = pattern.startsWith("/");
  let paths = [absolute ? "/" : ""];
  for (const segment of pattern.split("/").filter((part) => part !== "")) {
    const expression = segmentPattern(segment);
    const next: string[] = [];
    for (const path of paths) {
      const folder = path === "" ? base : absolute ? path : `${base}/${path}`;
      if (segment === "." || segment === "..") next.push(`${path}${segment}/`);
      else for (const name of listFolder(folder)) if (expression.test(name)) next.push(`${path}${name}/`);
    }
    paths = next;
  }
  const found = paths.map((path) => path.slice(0, -1));
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
