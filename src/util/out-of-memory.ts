/** There is no memory for what a command needs, or no address for it: the command is refused, and the server goes on. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
}

/** Runs something that allocates outside of the heap; an array that is too large becomes an OutOfMemoryError. */
export function allocating<T>(allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    if (error instanceof RangeError) throw new OutOfMemoryError(error.message, { cause: error });
    throw error;
  }
}
