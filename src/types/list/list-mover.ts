/** Lists, for defragmentation: a listpack, or a chain of nodes that is walked from bookmark to bookmark. */

import { ENCODING_LISTPACK } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { MoveCursor, Relocator, ValueMover } from "../../db/relocator";
import { QuicklistNodes } from "../../memory/quicklist-nodes";

export class ListMover implements ValueMover {
  private readonly nodes: QuicklistNodes;

  constructor(private readonly keyspace: Keyspace) {
    this.nodes = new QuicklistNodes(keyspace.heap);
  }

  blocks(entry: number): number {
    const { entries } = this.keyspace;
    if (entries.encoding(entry) === ENCODING_LISTPACK) return 1;
    return 1 + 2 * this.nodes.length(entries.valueWord(entry, 0));
  }

  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean {
    const { entries, heap } = this.keyspace;
    let root = entries.valueWord(entry, 0);
    if (entries.encoding(entry) === ENCODING_LISTPACK) {
      heap.bookmark = 0;
      entries.setValueWord(entry, 0, relocator.move(root));
      return true;
    }
    const begins = cursor.phase === 0;
    if (begins) {
      root = relocator.move(root);
      entries.setValueWord(entry, 0, root);
      cursor.phase = 1;
      cursor.root = root;
    }
    // Another list has another root, and of one that was freed the bookmark has gone to the end.
    let node = begins ? this.nodes.head(root) : heap.bookmark;
    heap.bookmark = 0;
    if (root !== cursor.root) return true;
    while (node !== 0 && relocator.more()) node = this.nodes.moveNode(root, node, relocator.move);
    heap.bookmark = node;
    return node === 0;
  }
}
