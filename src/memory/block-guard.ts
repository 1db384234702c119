/** Who has to hear of changes of a block before they happen. A snapshot is one, of the block of a long string. */

/** Neither of these throws. */
export interface BlockGuard {
  /** Bytes [from, to) of the block are about to be changed. */
  changing(from: number, to: number): void;
  /** Nobody else needs the block any more: the guard takes it over. */
  released(): void;
}
