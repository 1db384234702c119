/** Who has to hear of changes of a quicklist before they happen, or while they do. A snapshot is one. */

/** None of these changes the list, and none throws. */
export interface ListGuard {
  /** The listpack of a node is about to be changed. */
  changing(node: number): void;
  /** A plain node is about to get another block. True: the guard takes over the one that it has. */
  replacing(node: number): boolean;
  /** A node has been added. */
  added(node: number): void;
  /** A node has been taken out; `next` is the one that followed (0: none). True: the guard takes it over, with its block. */
  removed(node: number, next: number): boolean;
  /** The list is a quicklist no more: its root is about to be freed, and there are no nodes. */
  dissolved(): void;
}
