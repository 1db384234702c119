/** Waiting for what comes about by itself: asked again and again, never for a time that should be enough. */

/** Above anything that a busy machine needs, below the limit of a test. */
const LIMIT_MS = 30_000;
const PAUSE_MS = 2;

/**
 * Resolves when the condition holds. Throws when it has not for LIMIT_MS.
 *
 * @param what what should have come about; a function where the message says what was seen last
 */
export async function eventually(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never: ${typeof what === "string" ? what : what()}`);
    await Bun.sleep(PAUSE_MS);
  }
}

/** What an action answers as soon as it does not throw; throws what it threw last after LIMIT_MS. */
export async function onceItSucceeds<T>(action: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      return await action();
    } catch (reason) {
      if (Date.now() > deadline) throw reason;
      await Bun.sleep(PAUSE_MS);
    }
  }
}
