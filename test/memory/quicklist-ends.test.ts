/** What is pushed and popped quickly at the ends of quicklists, against the general way: the same bytes have to come of it. */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import type { ListGuard } from "../../src/memory/list-guard";
import { Quicklist } from "../../src/memory/quicklist";
import { latin1 } from "../../src/util/bytes";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

/** A list that is always a quicklist, and what is popped from it. */
class Side {
  readonly heap = new Heap();
  readonly list = new Quicklist(this.heap);
  /** Changes that were quickly done. */
  quick = 0;
  private popped = "";

  constructor(fill: number) {
    this.list.setFill(fill);
    this.list.createNodes();
  }

  readonly sink = {
    bulk: (source: Uint8Array, at: number, length: number): void => {
      this.popped = latin1(source, at, at + length);
    },
  };

  push(atTail: boolean, text: string, quickly: boolean): void {
    const { list } = this;
    const buf = Buffer.from(`<${text}>`, "latin1");
    const length = quickly ? list.pushQuickly(list.root, atTail, buf, 1, buf.length - 1) : 0;
    if (length > 0) {
      this.quick++;
      expect(length).toBe(list.length);
    } else {
      list.open(list.root, false);
      list.push(atTail, buf, 1, buf.length - 1);
    }
  }

  pop(atTail: boolean, quickly: boolean): string {
    const { list } = this;
    if (quickly && list.popQuickly(list.root, atTail, this.sink)) {
      this.quick++;
      return this.popped;
    }
    list.open(list.root, false);
    list.seekEnd(atTail);
    const { value, at, length } = list.read();
    const text = latin1(value, at, at + length);
    list.removeHere();
    return text;
  }

  /** All blocks, and what is allocated. */
  state(): unknown {
    const blocks: string[] = [];
    this.list.eachBlock((bytes, at, length, isPlain) => blocks.push(`${isPlain} ${latin1(bytes, at, at + length)}`));
    return { blocks, length: this.list.length, nodes: this.list.nodeCount, used: this.heap.usedBytes };
  }
}

function randomText(random: Random): string {
  const kind = random.integer(0, 9);
  if (kind === 0) return random.edgeInteger();
  if (kind === 1) return random.string(random.integer(0, 3), "a1-");
  if (kind === 2) return random.string(random.pick([62, 63, 64, 65, 126, 127, 300]), "xy");
  if (kind === 3) return random.chance(0.1) ? random.string(random.pick([4090, 8192, 8193]), "z") : "";
  return `member:${random.integer(0, 50)}`;
}

describe("random changes at both ends", () => {
  test.each([-1, -2, 1, 2, 3, 10, 128])("fill %i", (fill) => {
    const quick = new Side(fill);
    const general = new Side(fill);
    // The list grows and shrinks in turns, so that nodes fill and empty at both ends.
    let growing = true;
    let atTail = true;
    runOperations({
      seed: 8,
      steps: 30_000,
      checkEvery: 200,
      check: () => expect(quick.state()).toEqual(general.state()),
      operations: {
        turn: [
          0.01,
          (random) => {
            growing = quick.list.length < 3000 && random.chance(0.6);
            atTail = random.chance(0.5);
            return undefined;
          },
        ],
        change: [
          1,
          (random) => {
            const end = random.chance(0.95) ? atTail : !atTail;
            if (quick.list.length === 0 || random.chance(growing ? 0.9 : 0.1)) {
              const text = randomText(random);
              quick.push(end, text, true);
              general.push(end, text, false);
              return `push ${end} ${text}`;
            }
            expect(quick.pop(end, true)).toBe(general.pop(end, false));
            return `pop ${end}`;
          },
        ],
      },
    });
    // Nodes of up to three elements are mostly full or about to be empty.
    if (fill < 0 || fill > 3) expect(quick.quick).toBeGreaterThan(10_000);
    expect(general.quick).toBe(0);
  });
});

describe("what is left to the general way", () => {
  const SHORT = "short";

  function pushed(texts: readonly string[], fill = 2): Side {
    const side = new Side(fill);
    for (const text of texts) side.push(true, text, false);
    return side;
  }

  test.each([
    ["an integer", "12"],
    ["a long text", "x".repeat(64)],
  ])("%s", (_, text) => {
    const side = pushed([SHORT, SHORT, text], 128);
    side.push(true, text, true);
    side.push(false, text, true);
    expect(side.quick).toBe(0);
  });

  test.each([true, false])("popping an integer or a long text, at the tail: %p", (atTail) => {
    for (const text of ["12", "-4000", "70000", "9".repeat(18), "x".repeat(64), "x".repeat(200)]) {
      const side = pushed([text, text, SHORT, SHORT, text, text], 3);
      expect(side.list.nodeCount).toBe(2);
      expect(side.pop(atTail, true)).toBe(text);
      expect(side.quick).toBe(0);
    }
  });

  test("an empty list, a full node, and the last element of a node", () => {
    const side = new Side(2);
    side.push(true, SHORT, true);
    side.push(true, SHORT, false);
    side.push(true, SHORT, true);
    expect([side.quick, side.list.nodeCount]).toEqual([0, 2]);
    expect(side.pop(true, true)).toBe(SHORT);
    expect(side.quick).toBe(0);
  });

  test("popping from one node, which may become a listpack", () => {
    const side = pushed([SHORT, SHORT, SHORT], 128);
    side.pop(true, true);
    expect(side.quick).toBe(0);
  });

  test("a list while a guard listens", () => {
    const side = pushed(
      Array.from({ length: 300 }, () => SHORT),
      128,
    );
    const heard: number[] = [];
    const guard: ListGuard = {
      changing: (node) => heard.push(node),
      replacing: () => false,
      added: () => {},
      removed: () => false,
      dissolved: () => {},
    };
    side.heap.listGuards = new Map([[side.list.root, guard]]);
    side.push(true, SHORT, true);
    side.pop(false, true);
    expect([side.quick, heard.length]).toEqual([0, 2]);
    side.heap.listGuards = null;
    side.push(true, SHORT, true);
    side.pop(false, true);
    expect([side.quick, heard.length]).toEqual([2, 2]);
  });
});
