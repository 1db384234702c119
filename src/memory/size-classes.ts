/**
 * Size classes of the slab allocator.
 *
 * Blocks up to 128 bytes come in steps of 8; above that every doubling has 8 classes, so that a block wastes at most
 * one eighth of itself. Slabs are sized so that they hold at least eight blocks: 16 KiB up to 1 KiB blocks, 64 KiB up
 * to 4 KiB, 256 KiB up to 32 KiB. Anything larger is a span of whole pages.
 *
 * Between 1 and 4 KiB there are *tight* classes, too, for blocks that will not grow: parts of a slab of 64 KiB that leave
 * nothing over, from 16 to 64 in it. They are so close to each other (16 bytes at 1 KiB) that what grows would move all
 * the time.
 */

const GRANULE_SHIFT = 3;
export const PAGE_BYTES = 16 * 1024;
export const PAGE_GRANULES = PAGE_BYTES >>> GRANULE_SHIFT;
export const LARGEST_CLASS = 32 * 1024;
/** Above this, and up to that, there are tight classes. */
export const TIGHT_MIN = 1024;
export const TIGHT_MAX = 4096;

/** The classes for all blocks, ascending. */
function buildSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 8; size <= 128; size += 8) sizes.push(size);
  for (let base = 128; base < LARGEST_CLASS; base *= 2) {
    for (let i = 1; i <= 8; i++) sizes.push(base + (base >>> 3) * i);
  }
  return sizes;
}

/** The tight classes, but for those that are among `usual`. */
function buildTightSizes(usual: readonly number[]): number[] {
  const tight: number[] = [];
  const slab = slabPages(TIGHT_MAX) * PAGE_BYTES;
  for (let blocks = slab / TIGHT_MIN - 1; blocks > slab / TIGHT_MAX; blocks--) {
    const size = Math.floor(slab / blocks / 8) * 8;
    if (!usual.includes(size)) tight.push(size);
  }
  return tight;
}

function slabPages(size: number): number {
  if (size <= 1024) return 1;
  return size <= 4096 ? 4 : 16;
}

/** Classes in the order of their numbers: the tight ones follow the others. */
const usualSizes = buildSizes();
const sizes = [...usualSizes, ...buildTightSizes(usualSizes)];

export const CLASS_COUNT = sizes.length;
/** Bytes of a block, by class. */
export const classSize = Uint32Array.from(sizes);
/** Granules of a block, by class. */
export const classGranules = Uint32Array.from(sizes, (size) => size >>> GRANULE_SHIFT);
/** Pages of a slab, by class. */
export const classPages = Uint8Array.from(sizes, slabPages);
/** Blocks in a slab, by class. */
export const classCapacity = Uint32Array.from(sizes, (size) => Math.floor((slabPages(size) * PAGE_BYTES) / size));
/** Class of a block of n granules, by n. */
export const classOfGranules = buildLookup(usualSizes);
/** The same for a block that will not grow. */
export const tightClassOfGranules = buildLookup(sizes);

/** The class of the smallest of these sizes that holds n granules, by n. */
function buildLookup(choice: readonly number[]): Uint8Array {
  const ascending = [...choice].sort((a, b) => a - b);
  const lookup = new Uint8Array((LARGEST_CLASS >>> GRANULE_SHIFT) + 1);
  let index = 0;
  for (let granules = 1; granules < lookup.length; granules++) {
    if (granules << GRANULE_SHIFT > ascending[index]) index++;
    lookup[granules] = sizes.indexOf(ascending[index]);
  }
  return lookup;
}
