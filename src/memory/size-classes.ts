/**
 * Size classes of the slab allocator.
 *
 * Blocks up to 128 bytes come in steps of 8; above that every doubling has 8 classes, so that a block wastes at most
 * one eighth of itself. Slabs are sized so that they hold at least eight blocks: 16 KiB up to 1 KiB blocks, 64 KiB up
 * to 4 KiB, 256 KiB up to 32 KiB. Anything larger is a span of whole pages.
 */

const GRANULE_SHIFT = 3;
export const PAGE_BYTES = 16 * 1024;
export const PAGE_GRANULES = PAGE_BYTES >>> GRANULE_SHIFT;
export const LARGEST_CLASS = 32 * 1024;

function buildSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 8; size <= 128; size += 8) sizes.push(size);
  for (let base = 128; base < LARGEST_CLASS; base *= 2) {
    for (let i = 1; i <= 8; i++) sizes.push(base + (base >>> 3) * i);
  }
  return sizes;
}

function slabPages(size: number): number {
  if (size <= 1024) return 1;
  return size <= 4096 ? 4 : 16;
}

const sizes = buildSizes();

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
export const classOfGranules = buildLookup();

function buildLookup(): Uint8Array {
  const lookup = new Uint8Array((LARGEST_CLASS >>> GRANULE_SHIFT) + 1);
  let index = 0;
  for (let granules = 1; granules < lookup.length; granules++) {
    if (granules << GRANULE_SHIFT > sizes[index]) index++;
    lookup[granules] = index;
  }
  return lookup;
}
