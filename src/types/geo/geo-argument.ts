/** Arguments of geo commands, and how positions and distances are written in replies. */

import type { Call } from "../../command/call";
import {
  BOX_NEGATIVE,
  HEIGHT_NOT_NUMERIC,
  invalidPosition,
  RADIUS_NEGATIVE,
  RADIUS_NOT_NUMERIC,
  UNIT_UNSUPPORTED,
  WIDTH_NOT_NUMERIC,
} from "../../resp/errors";
import { formatFixed } from "../../util/fixed";
import { writeNumber } from "../../util/integers";
import type { GeoArea } from "./geo-area";
import { LATITUDE_MAX, LATITUDE_MIN, LONGITUDE_MAX, LONGITUDE_MIN, position } from "./geohash";

/** Sets `position` to the longitude and latitude at arguments i and i + 1. Fails outside of the grid. */
export function positionArgument(c: Call, i: number): void {
  const longitude = c.double(i);
  const latitude = c.double(i + 1);
  if (c.failed) return;
  const isInside =
    longitude >= LONGITUDE_MIN && longitude <= LONGITUDE_MAX && latitude >= LATITUDE_MIN && latitude <= LATITUDE_MAX;
  if (!isInside) c.fail(invalidPosition(longitude, latitude));
  position.longitude = longitude;
  position.latitude = latitude;
}

/** Metres in the unit at argument i. */
export function unitArgument(c: Call, i: number): number {
  if (c.is(i, "m")) return 1;
  if (c.is(i, "km")) return 1000;
  if (c.is(i, "ft")) return 0.3048;
  if (c.is(i, "mi")) return 1609.34;
  c.fail(UNIT_UNSUPPORTED);
  return 1;
}

/** Reads a circle: the radius at argument i and its unit. */
export function circleArguments(c: Call, i: number, area: GeoArea): void {
  const radius = c.double(i, RADIUS_NOT_NUMERIC);
  if (radius < 0) c.fail(RADIUS_NEGATIVE);
  area.isBox = false;
  area.radius = radius;
  area.unit = unitArgument(c, i + 1);
}

/** Reads a box: width and height from argument i on, and their unit. */
export function boxArguments(c: Call, i: number, area: GeoArea): void {
  const width = c.double(i, WIDTH_NOT_NUMERIC);
  const height = c.double(i + 1, HEIGHT_NOT_NUMERIC);
  if (width < 0 || height < 0) c.fail(BOX_NEGATIVE);
  area.isBox = true;
  area.width = width;
  area.height = height;
  area.unit = unitArgument(c, i + 2);
}

const DECIMALS = 4;
const ZERO = 0x30;
const POINT = 0x2e;
const digits = Buffer.alloc(32);

/** A distance as a bulk string with four decimals, a tie rounded to even. */
export function replyDistance(c: Call, distance: number): void {
  const scaled = distance * 10 ** DECIMALS;
  const floor = Math.floor(scaled);
  const isUp = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
  let length = writeNumber(isUp ? floor + 1 : floor, digits, 0);
  if (length <= DECIMALS) {
    const missing = DECIMALS + 1 - length;
    digits.copyWithin(missing, 0, length);
    digits.fill(ZERO, 0, missing);
    length += missing;
  }
  digits.copyWithin(length - DECIMALS + 1, length - DECIMALS, length);
  digits[length - DECIMALS] = POINT;
  c.reply.bulk(digits, 0, length + 1);
}

/** Longitude and latitude of `position` as an array of two doubles, in all their decimals. */
export function replyPosition(c: Call): void {
  c.reply.array(2);
  c.reply.decimal(shortened(position.longitude));
  c.reply.decimal(shortened(position.latitude));
}

/** Redis makes a long double of the coordinate, and prints 17 decimals of that without the zeros at their end. */
function shortened(degrees: number): string {
  const text = formatFixed(degrees, 17);
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  return text.slice(0, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
}
