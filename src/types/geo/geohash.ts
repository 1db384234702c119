/**
 * Geohashes, as sorted sets keep positions: a cell of a grid of 2^26 by 2^26 over the world, its two numbers interleaved
 * into 52 bits, which a double holds exactly.
 *
 *   bit of the hash     51 50 49 48  ...  3  2  1  0
 *   longitude's cell    25    24     ...  1     0         odd bits
 *   latitude's cell        25    24  ...     1     0      even bits
 *
 * A prefix of 2 * step bits is a cell of a coarser grid of 2^step by 2^step, and all hashes in it are one range of scores.
 * The grid covers latitudes up to 85.05112878 degrees (EPSG:3857, the square of web maps), not 90 as geohash.org's, so
 * the text of a geohash (`writeGeohash`) is computed anew from the position.
 *
 * A cell is held as its two numbers. A position exactly on the upper edge of the world is in cell 2^step, one beyond the
 * last: then a hash has 53 or 54 bits. Arithmetic follows Redis operation by operation, so that every digit is the same.
 */

import { bytesOf } from "../../util/bytes";

/** Bits of either number: cells are at most 60 cm wide and 29 cm high. */
export const STEP_MAX = 26;

export const LATITUDE_MAX = 85.05112878;
export const LATITUDE_MIN = -85.05112878;
export const LONGITUDE_MAX = 180;
export const LONGITUDE_MIN = -180;

/** Bits of either number in the lower and, but for the upper edge, in the upper part of a hash. */
const HALF = 13;
const HALF_MASK = 2 ** HALF - 1;
/** Hashes are taken apart between their 26 lower bits and the rest: both are small integers. */
const PART = 2 ** STEP_MAX;

/** A position, where functions here leave one. */
export const position = { longitude: 0, latitude: 0 };

/** The number of the cell of width 1 / 2^step in which `value` lies, between `min` and `max`. */
function cellOf(value: number, min: number, max: number, step: number): number {
  return Math.trunc(((value - min) / (max - min)) * 2 ** step);
}

export function longitudeCell(longitude: number, step: number): number {
  return cellOf(longitude, LONGITUDE_MIN, LONGITUDE_MAX, step);
}

export function latitudeCell(latitude: number, step: number): number {
  return cellOf(latitude, LATITUDE_MIN, LATITUDE_MAX, step);
}

/** The western edge of a cell, in degrees; that of `cell + 1` is its eastern edge. */
export function longitudeOf(cell: number, step: number): number {
  return LONGITUDE_MIN + (cell / 2 ** step) * (LONGITUDE_MAX - LONGITUDE_MIN);
}

/** The southern edge of a cell, in degrees. */
export function latitudeOf(cell: number, step: number): number {
  return LATITUDE_MIN + (cell / 2 ** step) * (LATITUDE_MAX - LATITUDE_MIN);
}

/** Moves the lower 16 bits of `n` to the even positions. */
function spread(n: number): number {
  n = (n | (n << 8)) & 0x00ff00ff;
  n = (n | (n << 4)) & 0x0f0f0f0f;
  n = (n | (n << 2)) & 0x33333333;
  return (n | (n << 1)) & 0x55555555;
}

/** The bits of `n` at even positions, moved together: the inverse of `spread`. */
function gather(n: number): number {
  n &= 0x55555555;
  n = (n | (n >>> 1)) & 0x33333333;
  n = (n | (n >>> 2)) & 0x0f0f0f0f;
  n = (n | (n >>> 4)) & 0x00ff00ff;
  return (n | (n >>> 8)) & 0x0000ffff;
}

/**
 * The hash of the cell of the finest grid, plus `more`. Cells are at most 2^26, `more` at most 2^52; beyond 2^53 the
 * result is the nearest double to the hash, as a score would be.
 */
export function interleave(longitude: number, latitude: number, more = 0): number {
  const low = spread(latitude & HALF_MASK) | (spread(longitude & HALF_MASK) << 1);
  const high = spread(latitude >>> HALF) | (spread(longitude >>> HALF) << 1);
  return high * PART + (low + more);
}

/** The score of a position within the limits of the grid. */
export function scoreOf(longitude: number, latitude: number): number {
  return interleave(longitudeCell(longitude, STEP_MAX), latitudeCell(latitude, STEP_MAX));
}

/** Sets `position` to the middle of a score's cell. Any double is a score; none is NaN. */
export function decodeScore(score: number): void {
  if (score >= 0 && score < PART * PART) {
    const high = Math.floor(score / PART);
    const low = Math.floor(score - high * PART);
    middle((gather(high >>> 1) << HALF) | gather(low >>> 1), (gather(high) << HALF) | gather(low));
  } else {
    decodeOther(score);
  }
}

/**
 * A score that no position gives, or one on the edge of the world: all 64 bits of the integer that a C compiler for
 * x86-64 makes of the double count, and half of them are the number of a cell.
 */
function decodeOther(score: number): void {
  let bits = 0n;
  if (score >= -(2 ** 63) && score < 2 ** 64) bits = BigInt.asUintN(64, BigInt(Math.trunc(score)));
  else if (score < 0) bits = 2n ** 63n;
  const high = Number(bits >> 32n) | 0;
  const low = Number(bits & 0xffffffffn) | 0;
  middle(((gather(high >>> 1) << 16) | gather(low >>> 1)) >>> 0, ((gather(high) << 16) | gather(low)) >>> 0);
}

/** Sets `position` to the middle of a cell of the finest grid, or to the limit of the world if that is nearer. */
function middle(longitude: number, latitude: number): void {
  const west = longitudeOf(longitude, STEP_MAX);
  const east = longitudeOf((longitude + 1) >>> 0, STEP_MAX);
  const south = latitudeOf(latitude, STEP_MAX);
  const north = latitudeOf((latitude + 1) >>> 0, STEP_MAX);
  position.longitude = Math.max(LONGITUDE_MIN, Math.min(LONGITUDE_MAX, (west + east) / 2));
  position.latitude = Math.max(LATITUDE_MIN, Math.min(LATITUDE_MAX, (south + north) / 2));
}

/** Characters of a geohash as text. */
export const GEOHASH_LENGTH = 11;
const ALPHABET = bytesOf("0123456789bcdefghjkmnpqrstuvwxyz");

/**
 * Writes the geohash that geohash.org defines, over latitudes up to 90 degrees: GEOHASH_LENGTH characters. 52 bits are
 * ten of them and two bits; the eleventh is always "0".
 */
export function writeGeohash(longitude: number, latitude: number, out: Uint8Array): void {
  const x = cellOf(longitude, -180, 180, STEP_MAX);
  const y = cellOf(latitude, -90, 90, STEP_MAX);
  const low = spread(y & HALF_MASK) | (spread(x & HALF_MASK) << 1);
  const high = spread(y >>> HALF) | (spread(x >>> HALF) << 1);
  for (let i = 0; i < 5; i++) out[i] = ALPHABET[(high >>> (21 - 5 * i)) & 31];
  out[5] = ALPHABET[((high & 1) << 4) | (low >>> 22)];
  for (let i = 6; i < 10; i++) out[i] = ALPHABET[(low >>> (47 - 5 * i)) & 31];
  out[10] = ALPHABET[0];
}

/** The radius of the Earth in metres (the quadratic mean of WGS 84's axes). */
const EARTH_RADIUS = 6372797.560856;
const RADIANS = Math.PI / 180;

export function toRadians(degrees: number): number {
  return degrees * RADIANS;
}

/** The angle in degrees that a distance in metres is on a great circle, or on a smaller one by the cosine of its latitude. */
export function angleOf(metres: number, cosine = 1): number {
  return metres / EARTH_RADIUS / cosine / RADIANS;
}

/** Metres between two latitudes in radians. */
export function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS * Math.abs(b - a);
}

/**
 * Metres between two positions in radians, along the great circle (haversine formula). `cosines` is the product of the
 * cosines of the two latitudes.
 */
export function haversine(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
  cosines: number,
): number {
  const v = Math.sin((longitude2 - longitude1) / 2);
  if (v === 0) return latitudeDistance(latitude1, latitude2);
  const u = Math.sin((latitude2 - latitude1) / 2);
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(u * u + cosines * v * v));
}

/** Metres between two positions in degrees. */
export function distance(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  const y1 = toRadians(latitude1);
  const y2 = toRadians(latitude2);
  return haversine(toRadians(longitude1), y1, toRadians(longitude2), y2, Math.cos(y1) * Math.cos(y2));
}
