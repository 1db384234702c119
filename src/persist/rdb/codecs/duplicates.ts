/** Whether a listpack holds an element twice: what sanitize-dump-payload looks for. */

import type { Listpack } from "../../../memory/listpack";
import { latin1 } from "../../../util/bytes";

/** Whether two of the elements 0, `step`, 2 · `step` … (the fields of pairs) of the listpack that is open have one text. */
export function hasDuplicates(list: Listpack, step: number): boolean {
  const seen = new Set<string>();
  for (let p = list.first(); p !== 0; ) {
    list.read(p);
    const text = latin1(list.value, list.at, list.at + list.length);
    if (seen.has(text)) return true;
    seen.add(text);
    for (let i = 0; i < step && p !== 0; i++) p = list.next(p);
  }
  return false;
}
