/** Decimal fractions of a fixed length, as C's printf("%.2f") writes them. */

/**
 * `value` with exactly `digits` digits after the point (0 to 99), rounded from its exact binary value as printf does: a
 * tie goes to the even digit, where Number.prototype.toFixed goes away from zero. |value| is below 1e21.
 */
export function formatFixed(value: number, digits: number): string {
  // The exact value ends in a 5 right behind the last digit only if it is an odd multiple of 2^-(digits + 1).
  const scaled = value * 2 ** (digits + 1);
  if (Math.abs(scaled % 2) !== 1) {
    return Object.is(value, -0) ? `-${(0).toFixed(digits)}` : value.toFixed(digits);
  }
  const exact = value.toFixed(digits + 1);
  const truncated = exact.slice(0, digits === 0 ? -2 : -1);
  return (truncated.charCodeAt(truncated.length - 1) & 1) === 0 ? truncated : value.toFixed(digits);
}
