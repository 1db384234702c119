/**
 * Assertions: only for redbun's own bugs. What a client or a file can cause is an error reply or a log line, never an
 * assertion.
 */

/** Thrown when an invariant of redbun's own code does not hold. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws AssertionError unless `condition` holds. Hot paths pass a constant message, so nothing is allocated. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks code that cannot be reached; the argument makes the compiler check that every case was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
