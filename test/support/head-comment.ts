/** A script's own head comment: what its --help prints, so that the options are described in one place. */

import { readFileSync } from "node:fs";

/** The comment that the file at `path` opens with, without what makes it one. */
export function headComment(path: string): string {
  const [, comment] = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path, "utf8")) ?? [];
  if (comment === undefined) throw new Error(`${path} opens with no comment`);
  return comment.replace(/^ \* ?/gm, "").trim();
}
