/** Geohashes, areas and their cells: what real Redis keeps and replies for the same positions, and models. */

import { describe, expect, test } from "bun:test";
import { GeoArea } from "../../src/types/geo/geo-area";
import {
  decodeScore,
  distance,
  LATITUDE_MAX,
  LATITUDE_MIN,
  latitudeOf,
  longitudeOf,
  position,
  scoreOf,
  writeGeohash,
} from "../../src/types/geo/geohash";
import { formatFixed } from "../../src/util/fixed";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

const random = new Random(seedFromEnvironment(20260117));

/** A coordinate as GEOPOS prints it. */
const shown = (degrees: number): string => formatFixed(degrees, 17).replace(/\.?0+$/, "");

/** `position` as GEOHASH prints it. */
function geohashText(): string {
  const out = Buffer.alloc(11);
  writeGeohash(position.longitude, position.latitude, out);
  return out.toString("latin1");
}

/** Longitude, latitude; Redis's score, GEOPOS and GEOHASH. */
const POSITIONS: readonly (readonly [number, number, string, string, string, string])[] = [
  [13.361389, 38.115556, "3479099956230698", "13.36138933897018433", "38.11555639549629859", "sqc8b49rny0"],
  [15.087269, 37.502669, "3479447370796909", "15.08726745843887329", "37.50266842333162032", "sqdtr74hyu0"],
  [-5.6, 42.6, "2157242200379188", "-5.59999912977218628", "42.6000002789257266", "ezs42e44yx0"],
  [0, 0, "3377699720527872", "0.00000268220901489", "0.00000126736058093", "s0000000000"],
  [180, 85.05112878, "13510798882111488", "180", "85.0511287799999991", "bp05b5048p0"],
  [-180, -85.05112878, "0", "-179.99999731779098511", "-85.05112751263942528", "00bh0hbj200"],
  [180, -85.05112878, "9007199254740992", "180", "-85.05112751263942528", "00bh0hbj200"],
  [-180, 85.05112878, "4503599627370496", "-179.99999731779098511", "85.0511287799999991", "bp05b5048p0"],
  [180, 12.34561, "10150983690702868", "180", "12.34560907659455609", "840n0p2n2h0"],
  [-73.9454966, 40.747533, "1791875804419201", "-73.94549578428268433", "40.74753227099792952", "dr5rv3fe940"],
  [179.9999999, 85.0511287, "4503599627370495", "179.99999731779098511", "85.05112751263942528", "zzpgzgpfxz0"],
];

/** Scores that no position has, by ZADD: GEOPOS and GEOHASH. */
const SCORES: readonly (readonly [number, string, string, string])[] = [
  [-1, "180", "85.0511287799999991", "bp05b5048p0"],
  [-1.5, "180", "85.0511287799999991", "bp05b5048p0"],
  [1.5, "-179.99999731779098511", "-85.05112497791824921", "00bh0hbj210"],
  [Number.POSITIVE_INFINITY, "-179.99999731779098511", "-85.05112751263942528", "00bh0hbj200"],
  [Number.NEGATIVE_INFINITY, "180", "-85.05112751263942528", "00bh0hbj200"],
  [1e18, "180", "85.0511287799999991", "bp05b5048p0"],
  [1e19, "180", "85.0511287799999991", "bp05b5048p0"],
  [2e19, "-179.99999731779098511", "-85.05112751263942528", "00bh0hbj200"],
  [-9e18, "180", "85.0511287799999991", "bp05b5048p0"],
  [-1e19, "180", "-85.05112751263942528", "00bh0hbj200"],
  [2 ** 53, "180", "-85.05112751263942528", "00bh0hbj200"],
];

describe("scores and positions", () => {
  for (const [longitude, latitude, score, x, y, text] of POSITIONS) {
    test(`${longitude}, ${latitude}`, () => {
      expect(String(scoreOf(longitude, latitude))).toBe(score);
      decodeScore(Number(score));
      expect([shown(position.longitude), shown(position.latitude)]).toEqual([x, y]);
      expect(geohashText()).toBe(text);
    });
  }

  for (const [score, x, y, text] of SCORES) {
    test(`score ${score}`, () => {
      decodeScore(score);
      expect([shown(position.longitude), shown(position.latitude)]).toEqual([x, y]);
      expect(geohashText()).toBe(text);
    });
  }

  test("bits are interleaved, longitude above latitude", () => {
    for (let i = 0; i < 5000; i++) {
      const [x, y] = [random.integer(0, 2 ** 26 - 1), random.integer(0, 2 ** 26 - 1)];
      const bits = x.toString(2).padStart(26, "0");
      const hash = [...y.toString(2).padStart(26, "0")].map((bit, at) => bits[at] + bit).join("");
      decodeScore(Number.parseInt(hash, 2));
      // The middle of the cell, not its edge.
      const longitude = -180 + ((x + 0.5) / 2 ** 26) * 360;
      const latitude = LATITUDE_MIN + ((y + 0.5) / 2 ** 26) * (LATITUDE_MAX - LATITUDE_MIN);
      expect(Math.abs(position.longitude - longitude)).toBeLessThan(1e-12);
      expect(Math.abs(position.latitude - latitude)).toBeLessThan(1e-12);
      expect(scoreOf(position.longitude, position.latitude)).toBe(Number.parseInt(hash, 2));
    }
  });
});

describe("distances", () => {
  /** Members of POSITIONS; GEODIST in metres and in feet. */
  const DISTANCES: readonly (readonly [number, number, string, string])[] = [
    [0, 1, "166274.1516", "545518.8700"],
    [0, 2, "1678521.5523", "5506960.4733"],
    [4, 5, "18919844.5891", "62072980.9353"],
    [3, 10, "10560811.6350", "34648332.1358"],
    [9, 2, "5521194.4487", "18114155.0155"],
    [7, 4, "0.0257", "0.0844"],
    [0, 0, "0.0000", "0.0000"],
  ];

  for (const [a, b, metres, feet] of DISTANCES) {
    test(`of ${metres} m`, () => {
      const [from, to] = [a, b].map((i) => {
        decodeScore(Number(POSITIONS[i][2]));
        return { ...position };
      });
      const between = distance(from.longitude, from.latitude, to.longitude, to.latitude);
      expect(between.toFixed(4)).toBe(metres);
      expect((between / 0.3048).toFixed(4)).toBe(feet);
    });
  }
});

/** An area in metres. */
function areaAt(longitude: number, latitude: number, size: { radius: number } | { width: number; height: number }) {
  const area = new GeoArea();
  Object.assign(area, { longitude, latitude, isBox: "width" in size, ...size });
  area.prepare();
  return area;
}

const isCovered = (area: GeoArea, score: number): boolean =>
  Array.from({ length: area.ranges }, (_, i) => score >= area.from[i] && score < area.to[i]).includes(true);

describe("areas", () => {
  test("a radius of nothing is one cell of the finest grid", () => {
    const area = areaAt(13.361389, 38.115556, { radius: 0 });
    expect(area.from[0]).toBe(3479099956230698);
    expect(area.to[0]).toBe(3479099956230699);
  });

  test("the whole world is four cells, each once, though neighbours meet on its other side", () => {
    const area = areaAt(10, 10, { radius: 3e7 });
    const quarter = 2 ** 50;
    expect(area.ranges).toBe(4);
    expect([...area.from.subarray(0, 4)]).toEqual([3 * quarter, 2 * quarter, quarter, 0]);
    expect([...area.to.subarray(0, 4)]).toEqual([4 * quarter, 3 * quarter, 2 * quarter, quarter]);
  });

  test("what is inside a circle is in its cells, and at most so far away", () => {
    let inside = 0;
    for (let i = 0; i < 300; i++) {
      const [longitude, latitude] = [random.float() * 300 - 150, random.float() * 120 - 60];
      const radius = 10 ** (random.float() * 5 + 1);
      const area = areaAt(longitude, latitude, { radius });
      for (let j = 0; j < 50; j++) {
        const reach = (radius / 111_000) * 1.2;
        const [x, y] = [longitude + (random.float() * 2 - 1) * 2 * reach, latitude + (random.float() * 2 - 1) * reach];
        const score = scoreOf(x, y);
        const contained = area.contains(score);
        const away = distance(longitude, latitude, position.longitude, position.latitude);
        expect(contained).toBe(away <= radius);
        if (!contained) continue;
        inside++;
        expect(area.distance).toBe(away);
        expect(isCovered(area, score)).toBe(true);
      }
    }
    expect(inside).toBeGreaterThan(3000);
  });

  test("a box is as wide as asked at every latitude inside", () => {
    let inside = 0;
    for (let i = 0; i < 300; i++) {
      const [longitude, latitude] = [random.float() * 300 - 150, random.float() * 120 - 60];
      const [width, height] = [10 ** (random.float() * 4 + 1.5), 10 ** (random.float() * 4 + 1.5)];
      const area = areaAt(longitude, latitude, { width, height });
      for (let j = 0; j < 50; j++) {
        const x = longitude + (random.float() * 2 - 1) * (width / 111_000) * 1.5;
        const y = latitude + (random.float() * 2 - 1) * (height / 111_000);
        const score = scoreOf(x, y);
        const contained = area.contains(score);
        const at = { ...position };
        const eastward = distance(longitude, at.latitude, at.longitude, at.latitude);
        const northward = distance(at.longitude, latitude, at.longitude, at.latitude);
        expect(contained).toBe(eastward <= width / 2 && northward <= height / 2);
        if (!contained) continue;
        inside++;
        expect(area.distance).toBe(distance(longitude, latitude, at.longitude, at.latitude));
        expect(isCovered(area, score)).toBe(true);
      }
    }
    expect(inside).toBeGreaterThan(3000);
  });

  test("cells that the area does not reach are left out", () => {
    // 100 m: cells of about 300 m by 144 m. In the middle of one, only those above and below are reached.
    const [x, y] = [longitudeOf(2 * 70_000 + 1, 18), latitudeOf(2 * 66_000 + 1, 18)];
    expect(areaAt(x, y, { radius: 100 }).ranges).toBe(3);
    // At a corner of four, those four.
    expect(areaAt(longitudeOf(70_000, 17), latitudeOf(66_000, 17), { radius: 100 }).ranges).toBe(4);
  });
});
