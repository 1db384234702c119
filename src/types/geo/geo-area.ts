/**
 * What a geo search looks for: a circle or a box around a position, and the cells of the geohash grid that cover it.
 *
 * A search takes the cell that holds the center and its eight neighbours, of a size at which they cover the area, and
 * tests every member in their ranges of scores. The order of the cells is the order of an unsorted reply, so it is
 * Redis's, as is everything that decides how large they are. Near the poles, and for areas beyond a quarter of the world,
 * they do not always cover all of it; the members that are missing then are missing in Redis.
 */

import {
  angleOf,
  decodeScore,
  haversine,
  interleave,
  latitudeCell,
  latitudeDistance,
  latitudeOf,
  longitudeCell,
  longitudeOf,
  position,
  STEP_MAX,
  toRadians,
} from "./geohash";

/** Half of the side of the square that web maps show the world as, in metres. */
const MERCATOR_MAX = 20037726.37;

/** Above these latitudes, north and south, a cell is so narrow that the next coarser grid is taken, and one more. */
const NARROW_LATITUDE = 66;
const NARROWER_LATITUDE = 80;

/** The cell of the center and its neighbours in the order of the search: C, N, S, E, W, NE, NW, SE, SW. */
const EASTWARD = [0, 0, 0, 1, -1, 1, -1, 1, -1];
const NORTHWARD = [0, 1, -1, 0, 0, 1, 1, -1, -1];
const CELLS_MAX = 9;

/**
 * Distances by latitude alone are never above the great circle's but for rounding, which is far below this; so what is
 * farther is outside, and its longitude need not be looked at.
 */
const ROUNDING = 1 + 1e-9;

export class GeoArea {
  /** The center, in degrees. */
  longitude = 0;
  latitude = 0;
  /** Metres in a unit of the lengths below. */
  unit = 1;
  isBox = false;
  /** Of a circle. */
  radius = 0;
  /** Of a box. */
  width = 0;
  height = 0;

  /** The ranges of scores to search, in order: from[i], included, to to[i], excluded. */
  ranges = 0;
  readonly from = new Float64Array(CELLS_MAX);
  readonly to = new Float64Array(CELLS_MAX);

  /** Metres from the center to what `contains` was last asked about, if that was inside. */
  distance = 0;

  /** The center in radians. */
  private x = 0;
  private y = 0;
  private cosine = 1;
  /** In metres: of a circle, its radius; of a box, half its width and half its height. */
  private reach = 0;
  private reachEast = 0;
  private reachNorth = 0;

  /** The box in degrees around the area. */
  private west = 0;
  private east = 0;
  private south = 0;
  private north = 0;

  /** Makes ready for the search, once the fields above are set. */
  prepare(): void {
    this.x = toRadians(this.longitude);
    this.y = toRadians(this.latitude);
    this.cosine = Math.cos(this.y);
    this.reach = this.radius * this.unit;
    this.reachEast = (this.width * this.unit) / 2;
    this.reachNorth = (this.height * this.unit) / 2;
    this.setBounds();
    const step = this.coveringStep();
    this.setRanges(step);
  }

  /** Whether the position of a score is inside; if so, `distance` says how far, and `position` where. */
  contains(score: number): boolean {
    decodeScore(score);
    const y = toRadians(position.latitude);
    const northward = latitudeDistance(this.y, y);
    return this.isBox ? this.boxContains(y, northward) : this.circleContains(y, northward);
  }

  private circleContains(y: number, northward: number): boolean {
    if (northward > this.reach * ROUNDING) return false;
    this.distance = haversine(this.x, this.y, toRadians(position.longitude), y, this.cosine * Math.cos(y));
    return this.distance <= this.reach;
  }

  /** A box reaches east and west along the latitude of the point asked about. */
  private boxContains(y: number, northward: number): boolean {
    if (northward > this.reachNorth) return false;
    const x = toRadians(position.longitude);
    const cosine = Math.cos(y);
    if (haversine(x, y, this.x, y, cosine * cosine) > this.reachEast) return false;
    this.distance = haversine(this.x, this.y, x, y, this.cosine * cosine);
    return true;
  }

  /** East and west are where the edge nearer to the pole ends, which is the longer one in degrees. */
  private setBounds(): void {
    const { longitude, latitude, unit } = this;
    const northward = angleOf(unit * (this.isBox ? this.height / 2 : this.radius));
    const eastward = unit * (this.isBox ? this.width / 2 : this.radius);
    const edge = latitude < 0 ? latitude - northward : latitude + northward;
    const angle = angleOf(eastward, Math.cos(toRadians(edge)));
    this.west = longitude - angle;
    this.east = longitude + angle;
    this.south = latitude - northward;
    this.north = latitude + northward;
  }

  /** The grid whose cells, nine of them, cover the area. */
  private coveringStep(): number {
    const { width, height } = this;
    const radius = this.isBox ? Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) : this.radius;
    const step = estimateStep(radius * this.unit, this.latitude);
    return step > 1 && !this.isCovered(step) ? step - 1 : step;
  }

  /** Whether the neighbours of the center's cell reach to the bounds. */
  private isCovered(step: number): boolean {
    const last = 2 ** step - 1;
    const x = longitudeCell(this.longitude, step);
    const y = latitudeCell(this.latitude, step);
    return !(
      latitudeOf(((y + 1) & last) + 1, step) < this.north ||
      latitudeOf((y - 1) & last, step) > this.south ||
      longitudeOf(((x + 1) & last) + 1, step) < this.east ||
      longitudeOf((x - 1) & last, step) > this.west
    );
  }

  /** Neighbours beyond the bounds are left out, but where the grid has two cells a side only. */
  private setRanges(step: number): void {
    const last = 2 ** step - 1;
    const x = longitudeCell(this.longitude, step);
    const y = latitudeCell(this.latitude, step);
    const all = step < 2;
    const southMost = !all && latitudeOf(y, step) < this.south ? 0 : -1;
    const northMost = !all && latitudeOf(y + 1, step) > this.north ? 0 : 1;
    const westMost = !all && longitudeOf(x, step) < this.west ? 0 : -1;
    const eastMost = !all && longitudeOf(x + 1, step) > this.east ? 0 : 1;
    this.ranges = 0;
    let previousX = -1;
    let previousY = -1;
    for (let i = 0; i < CELLS_MAX; i++) {
      const dx = EASTWARD[i];
      const dy = NORTHWARD[i];
      if (dx < westMost || dx > eastMost || dy < southMost || dy > northMost) continue;
      const cellX = dx === 0 ? x : (x + dx) & last;
      const cellY = dy === 0 ? y : (y + dy) & last;
      // On the other side of the world neighbours meet. Only adjoining ones are noticed, and not the center's cell.
      if (cellX === previousX && cellY === previousY) continue;
      this.addRange(cellX, cellY, step);
      if (i === 0) continue;
      previousX = cellX;
      previousY = cellY;
    }
  }

  private addRange(x: number, y: number, step: number): void {
    const scale = 2 ** (STEP_MAX - step);
    this.from[this.ranges] = interleave(x * scale, y * scale);
    this.to[this.ranges] = interleave(x * scale, y * scale, scale * scale);
    this.ranges++;
  }
}

/** The grid that is likely to do, from the radius in metres: the finest one for 0. */
function estimateStep(radius: number, latitude: number): number {
  if (radius === 0) return STEP_MAX;
  let step = -1;
  for (let reach = radius; reach < MERCATOR_MAX; reach *= 2) step++;
  if (Math.abs(latitude) > NARROW_LATITUDE) step--;
  if (Math.abs(latitude) > NARROWER_LATITUDE) step--;
  return Math.max(1, Math.min(STEP_MAX, step));
}
