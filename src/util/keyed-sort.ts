/**
 * Sorting numbers together with what belongs to each: `keys[i]` and `values[i]` move as one. No key is NaN.
 *
 * There are two sorts because Redis has two, and equal keys come out as theirs do: a whole result is sorted by the C
 * library's qsort, a stable merge sort in glibc, and the beginning of one by a quicksort that leaves alone what will not
 * be shown. That one is not stable, so it is followed step by step: the "Engineering a Sort Function" of Bentley and
 * McIlroy (1993), which splits off elements equal to the pivot, cut short to a range.
 */

/** Runs of this length are sorted by insertion, and then merged. */
const RUN = 16;

/** Below this an array is sorted by insertion; above the other two the pivot is a median of three, and of nine. */
const INSERTION_MAX = 7;
const MEDIAN_OF_THREE = 7;
const MEDIAN_OF_NINE = 40;

/** Sorts the first `count` pairs by ascending key; equal keys keep their order. */
export function stableSort(keys: Float64Array, values: Uint32Array, count: number): void {
  for (let from = 0; from < count; from += RUN) insertionSort(keys, values, from, Math.min(from + RUN, count));
  if (count <= RUN) return;
  let fromKeys = keys;
  let fromValues = values;
  let toKeys: Float64Array = new Float64Array(count);
  let toValues: Uint32Array = new Uint32Array(count);
  for (let width = RUN; width < count; width *= 2) {
    for (let from = 0; from < count; from += 2 * width) {
      const middle = Math.min(from + width, count);
      merge(fromKeys, fromValues, from, middle, Math.min(middle + width, count), toKeys, toValues);
    }
    [fromKeys, toKeys] = [toKeys, fromKeys];
    [fromValues, toValues] = [toValues, fromValues];
  }
  if (fromKeys === keys) return;
  keys.set(fromKeys.subarray(0, count));
  values.set(fromValues.subarray(0, count));
}

/** Merges the sorted runs [from, middle) and [middle, end) into the same places of the other arrays. */
function merge(
  keys: Float64Array,
  values: Uint32Array,
  from: number,
  middle: number,
  end: number,
  toKeys: Float64Array,
  toValues: Uint32Array,
): void {
  let left = from;
  let right = middle;
  for (let to = from; to < end; to++) {
    const next = left < middle && (right >= end || keys[left] <= keys[right]) ? left++ : right++;
    toKeys[to] = keys[next];
    toValues[to] = values[next];
  }
}

function insertionSort(keys: Float64Array, values: Uint32Array, from: number, end: number): void {
  for (let i = from + 1; i < end; i++) {
    const key = keys[i];
    const value = values[i];
    let at = i;
    for (; at > from && keys[at - 1] > key; at--) {
      keys[at] = keys[at - 1];
      values[at] = values[at - 1];
    }
    keys[at] = key;
    values[at] = value;
  }
}

/** Sorts the first `count` pairs as far as it takes for the first `wanted` of them to be right. */
export function partialSort(keys: Float64Array, values: Uint32Array, count: number, wanted: number): void {
  partialRange(keys, values, 0, count, wanted);
}

/** Ranges beyond `wanted` are left alone. Two parts of a range are independent: recursion takes the smaller one. */
function partialRange(keys: Float64Array, values: Uint32Array, from: number, end: number, wanted: number): void {
  while (from < wanted) {
    if (end - from < INSERTION_MAX) {
      insertionSort(keys, values, from, end);
      return;
    }
    partition(keys, values, from, end);
    const { lessEnd, moreStart } = parts;
    if (lessEnd - from < end - moreStart) {
      partialRange(keys, values, from, lessEnd, wanted);
      from = moreStart;
    } else {
      partialRange(keys, values, moreStart, end, wanted);
      end = lessEnd;
    }
  }
}

/** What partition() left: less than the pivot up to `lessEnd`, more from `moreStart` on, and its equals between. */
const parts = { lessEnd: 0, moreStart: 0 };

function partition(keys: Float64Array, values: Uint32Array, from: number, end: number): void {
  swap(keys, values, from, pivot(keys, from, end - from));
  const key = keys[from];
  // On the way [from, equalLow) and (equalHigh, end) are equal, [equalLow, low) is less and (high, equalHigh] more.
  let equalLow = from + 1;
  let low = equalLow;
  let high = end - 1;
  let equalHigh = high;
  for (;;) {
    for (; low <= high && keys[low] <= key; low++) {
      if (keys[low] === key) swap(keys, values, equalLow++, low);
    }
    for (; low <= high && keys[high] >= key; high--) {
      if (keys[high] === key) swap(keys, values, high, equalHigh--);
    }
    if (low > high) break;
    swap(keys, values, low++, high--);
  }
  swapRanges(keys, values, from, low, Math.min(equalLow - from, low - equalLow));
  swapRanges(keys, values, low, end, Math.min(equalHigh - high, end - equalHigh - 1));
  parts.lessEnd = from + low - equalLow;
  parts.moreStart = end - (equalHigh - high);
}

/** Where the pivot of `count` elements is. */
function pivot(keys: Float64Array, from: number, count: number): number {
  const middle = from + (count >> 1);
  if (count <= MEDIAN_OF_THREE) return middle;
  const last = from + count - 1;
  if (count <= MEDIAN_OF_NINE) return median(keys, from, middle, last);
  const eighth = count >> 3;
  return median(
    keys,
    median(keys, from, from + eighth, from + 2 * eighth),
    median(keys, middle - eighth, middle, middle + eighth),
    median(keys, last - 2 * eighth, last - eighth, last),
  );
}

function median(keys: Float64Array, a: number, b: number, c: number): number {
  if (keys[a] < keys[b]) return keys[b] < keys[c] ? b : keys[a] < keys[c] ? c : a;
  return keys[b] > keys[c] ? b : keys[a] < keys[c] ? a : c;
}

function swap(keys: Float64Array, values: Uint32Array, a: number, b: number): void {
  const key = keys[a];
  keys[a] = keys[b];
  keys[b] = key;
  const value = values[a];
  values[a] = values[b];
  values[b] = value;
}

/** Swaps the first `count` pairs from `from` on with the last `count` before `end`. */
function swapRanges(keys: Float64Array, values: Uint32Array, from: number, end: number, count: number): void {
  for (let i = 0; i < count; i++) swap(keys, values, from + i, end - count + i);
}
