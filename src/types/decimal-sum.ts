/** The arithmetic of INCRBYFLOAT and HINCRBYFLOAT. */

import type { Call } from "../command/call";
import { INCREMENT_NOT_FINITE } from "../resp/errors";
import {
  addLongDouble,
  addShortDecimals,
  formatLongDouble,
  isFiniteLongDouble,
  parseLongDouble,
} from "../util/long-double";

/**
 * The sum of the number `value[at, end)` and argument i, as text. Fails with `notAFloat` if one of them is none, and if
 * their sum is not finite.
 */
export function sumOfDecimals(
  c: Call,
  value: Uint8Array,
  at: number,
  end: number,
  i: number,
  notAFloat: string,
): string {
  const { buf, starts, ends } = c;
  const short = addShortDecimals(value, at, end, buf, starts[i], ends[i]);
  if (short !== null) return short;
  const operand = parseLongDouble(value, at, end);
  const increment = parseLongDouble(buf, starts[i], ends[i]);
  if (operand === null || increment === null) {
    c.fail(notAFloat);
    return "";
  }
  const sum = addLongDouble(operand, increment);
  if (isFiniteLongDouble(sum)) return formatLongDouble(sum);
  c.fail(INCREMENT_NOT_FINITE);
  return "";
}
