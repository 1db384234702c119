/**
 * LOLWUT's picture: an elementary cellular automaton (Wolfram's numbering), started from random cells and drawn with
 * half blocks, so that one line of text holds two generations. A few of the 256 rules are worth looking at for long;
 * one of them is chosen unless the caller names another.
 */

import type { Random } from "../util/random";
import { encodeUtf8 } from "../util/utf8";

const INTERESTING_RULES = [18, 22, 30, 45, 54, 60, 73, 90, 105, 110, 126, 150];
/** By the two cells above each other: none, upper, lower, both. */
const BLOCKS = [" ", "\u2580", "\u2584", "\u2588"];

export const LOLWUT_COLUMNS = 66;
export const LOLWUT_ROWS = 16;

/** A rule to draw. */
export function anyRule(random: Random): number {
  return INTERESTING_RULES[random.below(INTERESTING_RULES.length)];
}

/** The picture of rule 0 to 255, `rows` lines of `columns` cells, as UTF-8 in a latin1 string. */
export function drawAutomaton(rule: number, columns: number, rows: number, random: Random): string {
  let cells = Uint8Array.from({ length: columns }, () => random.below(2));
  let text = "";
  for (let row = 0; row < rows; row++) {
    const lower = nextGeneration(cells, rule);
    for (let i = 0; i < columns; i++) text += BLOCKS[cells[i] | (lower[i] << 1)];
    text += "\n";
    cells = nextGeneration(lower, rule);
  }
  return encodeUtf8(text);
}

/** Every cell becomes the bit of the rule that its neighbours and itself number; the ends adjoin. */
function nextGeneration(cells: Uint8Array<ArrayBuffer>, rule: number): Uint8Array<ArrayBuffer> {
  const count = cells.length;
  return cells.map((cell, i) => {
    const neighbourhood = (cells[(i + count - 1) % count] << 2) | (cell << 1) | cells[(i + 1) % count];
    return (rule >>> neighbourhood) & 1;
  });
}
