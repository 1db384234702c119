/** Who has to hear of changes of a dict before they happen. */

/**
 * Hears of every change of a dict before it happens, and of lookups that a change of what the element refers to may
 * follow. A snapshot is one.
 */
export interface DictGuard {
  /** An element with this hash is about to be added, changed or removed. Must not change the dict, and throws nothing. */
  protect(hash: number): void;
  /** Elements with these hashes will be looked up soon: what protect() needs is loaded into the processor's cache. */
  warm?(hashes: Int32Array, count: number): void;
  /** All elements are about to be removed. */
  protectAll(): void;
  /** The owner has no use for the dict any more: the guard frees it when it needs it no longer. */
  keep(): void;
}
