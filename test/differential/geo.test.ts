/** The geo commands beside real Redis: every option and error, both encodings, and random searches to the last digit. */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential, rounded, type StepLike } from "./harness";

/** Members in both hemispheres, close together and far apart, two of them at one place, and at the edges of the grid. */
const PLACES: readonly (readonly [number, number, string])[] = [
  [13.361389, 38.115556, "Palermo"],
  [15.087269, 37.502669, "Catania"],
  [12.758489, 38.788135, "edge1"],
  [17.24151, 38.788135, "edge2"],
  [-73.9454966, 40.747533, "lic market"],
  [-73.9733487, 40.7648057, "central park"],
  [-73.9903085, 40.7362513, "union square"],
  [-74.0131604, 40.7126674, "wtc"],
  [-73.9375699, 40.7498929, "4545"],
  [2.352222, 48.856613, "Paris"],
  [2.352222, 48.856613, "Lutetia"],
  [-0.127758, 51.507351, "London"],
  [151.209296, -33.86882, "Sydney"],
  [18.423218, -33.918861, "Cape Town"],
  [-68.3, -54.8, "Ushuaia"],
  [15.63, 78.22, "Longyearbyen"],
  [179.5, 36, "east of it"],
  [-179.5, 36, "west of it"],
  [180, 0, "the line"],
  [-180, 0, "the line again"],
  [0, 0, "zero"],
  [180, 85.05112878, "north east"],
  [-180, 85.05112878, "north west"],
  [180, -85.05112878, "south east"],
  [-180, -85.05112878, "south west"],
  [45, 85, "far north"],
  [-135, 85.05, "far north on the other side"],
];

const geoadd = (key: string, places = PLACES): StepLike =>
  cmd("GEOADD", key, ...places.flatMap(([x, y, member]) => [String(x), String(y), member]));

/** Centers, then areas, that searches of all places are made of. */
const CENTERS = [
  "15 37",
  "-73.97 40.75",
  "2.35 48.85",
  "179 36",
  "-179.9 0.5",
  "0 0",
  "30 84",
  "-100 -84.9",
  "150 -30",
];
const AREAS = [
  "BYRADIUS 0 m",
  "BYRADIUS 200 km",
  "BYRADIUS 1000 mi",
  "BYRADIUS 30000000 FT",
  "BYRADIUS 20000 km",
  "BYRADIUS 100000 km",
  "BYRADIUS inf m",
  "BYBOX 400 400 km",
  "BYBOX 0 0 m",
  "BYBOX 3000 2 km",
  "BYBOX 2 3000 Mi",
  "BYBOX 12345678 9876543 m",
  "BYBOX 40000 40000 km",
  "BYBOX inf 1 km",
];

function everySearch(extras: string): string[] {
  return CENTERS.flatMap((center) => AREAS.map((area) => `GEOSEARCH g FROMLONLAT ${center} ${area} ${extras}`));
}

/** What holds for either encoding. */
const COMMANDS: Case[] = [
  {
    name: "GEOADD",
    commands: [
      "GEOADD k 13.361389 38.115556 Palermo",
      "GEOADD k 13.361389 38.115556 Palermo",
      "GEOADD k CH 13.361389 38.1 Palermo",
      "GEOADD k NX 1 1 Palermo 2 2 other",
      "GEOADD k xx ch 1 1 Palermo 3 3 new",
      "GEOADD k NX CH 5 5 Palermo 6 6 newer 7 7 newest",
      "GEOADD missing XX 1 1 a",
      "EXISTS missing",
      "GEOADD k NX XX 1 1 a",
      "GEOADD k XX NX 1 1 a",
      "GEOADD k GT 1 1 a",
      "GEOADD k INCR 1 1 a",
      "GEOADD k CH CH CH",
      "GEOADD k NX CH",
      "GEOADD k 1 1",
      "GEOADD k 1 1 a 2",
      "GEOADD k 1 1 a 2 2",
      "GEOADD k",
      "GEOADD k 1 2 a x 2 b",
      "GEOADD k 1 2 a 1 y b",
      "GEOADD k 180.1 0 a",
      "GEOADD k -180.000001 0 a",
      "GEOADD k 0 85.06 a",
      "GEOADD k 0 -85.051129 a",
      "GEOADD k 1 1 fine 181.0078125 -1e22 wrong",
      "GEOADD k 1e300 0 a",
      "GEOADD k inf -inf a",
      "GEOADD k nan 0 a",
      "GEOADD k 0x10 1e1 hexadecimal",
      "GEOADD k -0 -0 minus",
      "ZRANGE k 0 -1 WITHSCORES",
      "SET s v",
      "GEOADD s 1 1 a",
      "GEOADD s 200 1 a",
      "TYPE k",
      "OBJECT ENCODING k",
    ],
  },
  {
    name: "what is kept and read back",
    commands: [
      geoadd("g"),
      "ZRANGE g 0 -1 WITHSCORES",
      ...PLACES.flatMap(([, , member]) => [cmd("GEOPOS", "g", member), cmd("GEOHASH", "g", member)]),
      "GEOPOS g",
      "GEOHASH g",
      "GEOPOS g Paris nobody London",
      "GEOHASH g Paris nobody London",
      "GEOPOS missing a b",
      "GEOHASH missing a b",
      "GEOPOS missing",
      "GEOHASH",
      "GEOPOS",
      "SET s v",
      "GEOPOS s a",
      "GEOHASH s a",
      "GEOPOS s",
    ],
  },
  {
    name: "scores that are no positions",
    commands: [
      "-1",
      "-1.5",
      "1.5",
      "inf",
      "-inf",
      "1e18",
      "1e19",
      "2e19",
      "-9e18",
      "-1e19",
      "9007199254740993",
    ].flatMap((score) => [
      `ZADD z ${score} x 3479099956230698 Palermo`,
      "GEOPOS z x",
      "GEOHASH z x",
      "GEODIST z x Palermo",
      "GEOSEARCH z FROMMEMBER x BYRADIUS 100 km WITHHASH WITHDIST WITHCOORD",
      "GEOSEARCH z FROMMEMBER Palermo BYRADIUS 30000 km WITHHASH WITHDIST WITHCOORD ASC",
    ]),
  },
  {
    name: "GEODIST",
    commands: [
      geoadd("g"),
      ...PLACES.flatMap(([, , a], i) =>
        PLACES.slice(i, i + 4).map(([, , b], j) => cmd("GEODIST", "g", a, b, ["m", "KM", "Ft", "mi"][j])),
      ),
      "GEODIST g Paris London",
      "GEODIST g Paris Paris",
      "GEODIST g Paris nobody",
      "GEODIST g nobody Paris km",
      "GEODIST missing a b",
      "GEODIST missing a b yd",
      "GEODIST g Paris London yd",
      "GEODIST g Paris London km x",
      "GEODIST g Paris",
      "SET s v",
      "GEODIST s a b",
      "GEODIST s a b yd",
    ],
  },
  {
    name: "every search, unsorted",
    commands: [geoadd("g"), ...everySearch("WITHDIST WITHHASH WITHCOORD")],
  },
  {
    name: "every search, in order",
    commands: [geoadd("g"), ...everySearch("ASC"), ...everySearch("WITHDIST DESC"), ...everySearch("COUNT 5")],
    protocols: [2],
  },
  {
    name: "every search, a few of the nearest, the farthest, or any",
    commands: [
      geoadd("g"),
      ...everySearch("DESC COUNT 3 WITHHASH"),
      ...everySearch("COUNT 4 ANY WITHCOORD"),
      ...everySearch("ANY ASC COUNT 6"),
    ],
    protocols: [2],
  },
  {
    name: "around every member",
    commands: [
      geoadd("g"),
      ...PLACES.flatMap(([, , member]) => [
        cmd("GEOSEARCH", "g", "FROMMEMBER", member, "BYRADIUS", "5000", "km", "WITHDIST"),
        cmd("GEOSEARCH", "g", "BYBOX", "3000", "5000", "mi", "FROMMEMBER", member, "ASC", "WITHDIST"),
        cmd("GEORADIUSBYMEMBER", "g", member, "1000", "km", "WITHCOORD", "WITHHASH"),
        cmd("GEORADIUSBYMEMBER_RO", "g", member, "10000000", "ft", "DESC", "COUNT", "2"),
      ]),
    ],
  },
  {
    name: "options of GEOSEARCH",
    commands: [
      geoadd("g"),
      "geosearch g fromlonlat 15 37 byradius 200 km withdist withcoord withhash asc",
      "GEOSEARCH g WITHHASH FROMLONLAT 15 37 DESC BYBOX 400 400 km WITHHASH",
      "GEOSEARCH g FROMLONLAT 15 37 FROMLONLAT 2 48 BYRADIUS 1 km BYRADIUS 200 km",
      "GEOSEARCH g FROMMEMBER Palermo FROMMEMBER Paris BYRADIUS 1 km ASC DESC ASC",
      "GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 200 km",
      "GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 200 km",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 km",
      "GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 200 km",
      "GEOSEARCH g FROMLONLAT 15 37 ASC DESC WITHDIST",
      "geosearch g BYRADIUS 200 km ASC DESC WITHDIST",
      "GEOSEARCH g ASC DESC WITHDIST WITHHASH WITHCOORD",
      "GEOSEARCH g FROMMEMBER nobody BYRADIUS 200 km",
      "GEOSEARCH g FROMMEMBER nobody NONSENSE 200 km",
      "GEOSEARCH g FROMMEMBER Palermo BYRADIUS x km",
      "GEOSEARCH g FROMMEMBER Palermo BYRADIUS -1 km",
      "GEOSEARCH g FROMMEMBER Palermo BYRADIUS nan km",
      "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 yd",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX x 1 km",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 y km",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX x y km",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 -1 km",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX -1 1 yd",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 1 yd",
      "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1",
      "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 1",
      "GEOSEARCH g BYRADIUS 1 km ASC FROMMEMBER",
      "GEOSEARCH g BYRADIUS 1 km ASC FROMLONLAT 1",
      "GEOSEARCH g FROMLONLAT x 1 BYRADIUS 1 km",
      "GEOSEARCH g FROMLONLAT 1 x BYRADIUS 1 km",
      "GEOSEARCH g FROMLONLAT 181 1 BYRADIUS 1 km",
      "GEOSEARCH g FROMLONLAT 1 86.5 BYRADIUS 1 km",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT -1",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT x",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1.5",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 9223372036854775807",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 9223372036854775808",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 COUNT 2",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY COUNT 1",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km STORE d",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km nonsense",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS",
      "GEOSEARCH missing FROMLONLAT 15 37 BYRADIUS 200 km",
      "GEOSEARCH missing FROMMEMBER nobody BYRADIUS 200 km WITHDIST",
      "GEOSEARCH missing FROMMEMBER nobody BYRADIUS x km",
      "GEOSEARCH missing FROMLONLAT 200 1 BYRADIUS 1 km",
      "GEOSEARCH missing FROMMEMBER nobody ASC ASC ASC",
      "SET s v",
      "GEOSEARCH s FROMLONLAT x y nonsense 1 2",
      "GEOSEARCH s FROMMEMBER a BYRADIUS 200 km",
    ],
  },
  {
    name: "GEOSEARCHSTORE",
    commands: [
      geoadd("g"),
      "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km",
      "ZRANGE d 0 -1 WITHSCORES",
      "OBJECT ENCODING d",
      "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEOSEARCHSTORE d g FROMLONLAT -74 40 BYRADIUS 3000 mi STOREDIST ASC COUNT 2",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEOSEARCHSTORE d g FROMLONLAT -74 40 BYRADIUS 1e9 ft DESC COUNT 3",
      "ZRANGE d 0 -1 WITHSCORES",
      "GEOSEARCHSTORE d g FROMLONLAT -74 40 BYRADIUS 1e9 ft COUNT 3 ANY STOREDIST",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "EXPIRE d 1000",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km",
      "TTL d",
      "GEOSEARCHSTORE d g FROMLONLAT 100 10 BYRADIUS 1 m",
      "EXISTS d",
      "GEOSEARCHSTORE d g FROMLONLAT 100 10 BYRADIUS 1 m",
      "SET d v",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km",
      "TYPE d",
      "GEOSEARCHSTORE d missing FROMMEMBER Paris BYRADIUS 500 km",
      "EXISTS d",
      "GEOSEARCHSTORE d missing FROMMEMBER Paris BYRADIUS 500 km",
      "GEOSEARCHSTORE g g FROMMEMBER Paris BYRADIUS 2000 km STOREDIST",
      rounded("ZRANGE g 0 -1 WITHSCORES"),
      geoadd("g"),
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km WITHDIST",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km WITHHASH",
      "GEOSEARCHSTORE d missing FROMMEMBER Paris BYRADIUS 500 km WITHCOORD",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km STORE e",
      "GEOSEARCHSTORE d g FROMMEMBER nobody BYRADIUS 500 km",
      "geosearchstore d g BYRADIUS 500 km ASC ASC",
      "GEOSEARCHSTORE d g FROMMEMBER Paris ASC ASC ASC",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS 500 km ANY",
      "GEOSEARCHSTORE d g FROMMEMBER Paris BYRADIUS",
      "SET s v",
      "GEOSEARCHSTORE d s FROMMEMBER Paris BYRADIUS 500 km",
    ],
  },
  {
    name: "GEORADIUS and GEORADIUSBYMEMBER",
    commands: [
      geoadd("g"),
      "GEORADIUS g 15 37 200 km",
      "GEORADIUS g 15 37 200 KM withdist WITHCOORD WITHHASH DESC",
      "GEORADIUS g 15 37 200 km COUNT 1",
      "GEORADIUS g 15 37 20000 km COUNT 3 ANY",
      "GEORADIUS_RO g 15 37 200 km WITHDIST ASC",
      "GEORADIUS g 15 37 200 km STORE d",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEORADIUS g 15 37 200 km STOREDIST d",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEORADIUS g 15 37 2000 mi STOREDIST d STORE e COUNT 4",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "ZRANGE e 0 -1 WITHSCORES",
      "GEORADIUS g 15 37 2000 mi STORE e STOREDIST d DESC COUNT 2",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEORADIUSBYMEMBER g Paris 2000 km STORE d",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEORADIUSBYMEMBER g Paris 2000 km STOREDIST d",
      rounded("ZRANGE d 0 -1 WITHSCORES"),
      "GEORADIUSBYMEMBER_RO g Paris 2000 km WITHDIST",
      "GEORADIUS g 100 10 1 m STORE d",
      "EXISTS d",
      "SET d v",
      "GEORADIUSBYMEMBER missing Paris 1 m STORE d",
      "EXISTS d",
      "GEORADIUS missing 1 1 1 m STORE d",
      "GEORADIUS g 15 37 200 km STORE",
      "GEORADIUS g 15 37 200 km STOREDIST",
      "GEORADIUS_RO g 15 37 200 km STORE d",
      "GEORADIUSBYMEMBER_RO g Paris 200 km STOREDIST d",
      "GEORADIUS g 15 37 200 km STORE d WITHDIST",
      "GEORADIUSBYMEMBER g Paris 200 km WITHHASH STOREDIST d",
      "GEORADIUS g 15 37 200 km STORE d WITHCOORD ANY",
      "GEORADIUS g 15 37 200 km FROMMEMBER Paris",
      "GEORADIUS g 15 37 200 km BYRADIUS 1 km",
      "GEORADIUS g 15 37 200 km ANY",
      "GEORADIUS g 15 37 200 km COUNT",
      "GEORADIUS g 15 37 200 km COUNT -5",
      "GEORADIUS g 15 37 200 yd",
      "GEORADIUS g 15 37 x km",
      "GEORADIUS g 15 37 -2 km",
      "GEORADIUS g x 37 200 km",
      "GEORADIUS g 15 y 200 km",
      "GEORADIUS g 200 100 200 km",
      "GEORADIUS g 15 37 200",
      "GEORADIUS missing 200 100 1 km",
      "GEORADIUS missing 1 1 x km",
      "GEORADIUSBYMEMBER g nobody 1 km",
      "GEORADIUSBYMEMBER g nobody x yd",
      "GEORADIUSBYMEMBER g Paris x yd",
      "GEORADIUSBYMEMBER g Paris 1 yd",
      "GEORADIUSBYMEMBER g Paris 1",
      "GEORADIUSBYMEMBER missing nobody x yd",
      "GEORADIUSBYMEMBER missing nobody x yd nonsense",
      "GEORADIUSBYMEMBER missing nobody x yd ANY",
      "GEORADIUSBYMEMBER_RO missing nobody x yd COUNT 0",
      "SET s v",
      "GEORADIUS s x y z",
      "GEORADIUS s x y z u",
      "GEORADIUSBYMEMBER s x y z",
      "GEORADIUS_RO s 1 1 1 km",
    ],
  },
  {
    name: "members of every kind",
    commands: [
      cmd("GEOADD", "g", "1", "1", "", "1.1", "1", "12", "1.2", "1", "-7", "1.3", "1", "x".repeat(64)),
      cmd("GEOADD", "g", "1.4", "1", "\x00\xff", "1.5", "1", "9223372036854775807"),
      "GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 100 km ASC WITHDIST",
      "GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 100 km DESC COUNT 4",
      "GEOSEARCH g FROMMEMBER -7 BYRADIUS 100 km COUNT 4 ANY",
      cmd("GEOSEARCH", "g", "FROMMEMBER", "", "BYRADIUS", "100", "km"),
      cmd("GEOADD", "g", "1.6", "1", "y".repeat(65)),
      "OBJECT ENCODING g",
      "GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 100 km ASC WITHDIST",
      "GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 100 km COUNT 3",
      "OBJECT ENCODING d",
      "GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 100 km",
      "OBJECT ENCODING d",
      "ZRANGE d 0 -1 WITHSCORES",
    ],
  },
  {
    // Redis 7.0 prints 17 digits of a score, later ones only as many as it takes: these have to be the same.
    name: "distances as scores, digit by digit",
    commands: [
      geoadd("g"),
      ...CENTERS.flatMap((center) => [
        `GEOSEARCHSTORE d g FROMLONLAT ${center} BYRADIUS 30000 km STOREDIST`,
        "ZRANGE d 0 -1 WITHSCORES",
        `GEOSEARCHSTORE d g FROMLONLAT ${center} BYBOX 9000 9000 mi STOREDIST`,
        "ZRANGE d 0 -1 WITHSCORES",
      ]),
    ],
    oracle: "redis8",
  },
  {
    name: "keys of a request",
    commands: [
      "COMMAND GETKEYS GEOADD k 1 1 a",
      "COMMAND GETKEYS GEOSEARCHSTORE d s FROMMEMBER a BYRADIUS 1 m",
      "COMMAND GETKEYS GEORADIUS k 1 1 1 m",
      "COMMAND GETKEYS GEORADIUS k 1 1 1 m STORE d",
      "COMMAND GETKEYS GEORADIUS k 1 1 1 m storedist d",
      "COMMAND GETKEYS GEORADIUS k 1 1 1 m COUNT 1 STORE d STOREDIST e",
      "COMMAND GETKEYS GEORADIUS k 1 1 1 m STORE",
      "COMMAND GETKEYS GEORADIUSBYMEMBER k m 1 m",
      "COMMAND GETKEYS GEORADIUSBYMEMBER k m 1 m STORE d STORE e",
      "COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER k m 1 m STOREDIST d",
      "COMMAND GETKEYSANDFLAGS GEORADIUS k 1 1 1 m",
      "COMMAND GETKEYSANDFLAGS GEORADIUS k 1 1 1 m STORE a STOREDIST b",
    ],
  },
];

/** Positions with many equal distances: how ties are sorted shows. */
const ties: Case = {
  name: "equal distances",
  commands: [
    ...Array.from({ length: 30 }, (_, i) =>
      cmd(
        "GEOADD",
        "t",
        ...Array.from({ length: 20 }, (_, j) => [`0.${((i * 7 + j) % 6) + 1}`, "0", `${i}:${j}`]).flat(),
      ),
    ),
    ...[1, 5, 39, 40, 41, 100, 250, 400, 599, 600, 1000].flatMap((count) => [
      `GEOSEARCH t FROMLONLAT 0 0 BYRADIUS 100 km COUNT ${count}`,
      `GEOSEARCH t FROMLONLAT 0 0 BYRADIUS 100 km COUNT ${count} DESC`,
      `GEOSEARCH t FROMLONLAT 0 0 BYRADIUS 100 km COUNT ${count} ANY DESC`,
    ]),
    "GEOSEARCH t FROMLONLAT 0 0 BYRADIUS 100 km ASC",
    "GEOSEARCH t FROMLONLAT 0 0 BYRADIUS 100 km DESC",
  ],
  protocols: [2],
};

differential("geo, listpack", { cases: COMMANDS });
differential("geo, skiplist", { cases: [...COMMANDS, ties], args: ["--zset-max-listpack-entries", "0"] });

// --- at random -----------------------------------------------------------------------------------------------------

const UNITS = ["m", "km", "ft", "mi"] as const;
const METRES = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };
const CLUSTERS = Array.from({ length: 5 }, (_, i) => [-150 + i * 70, -60 + i * 30]);

/** A position in the world, near others, or on the edge of the grid. */
function place(random: Random): [string, string] {
  switch (random.integer(0, 9)) {
    case 0:
      return [random.pick(["180", "-180", "0", "90"]), random.pick(["85.05112878", "-85.05112878", "0", "66", "-80"])];
    case 1:
    case 2:
    case 3:
      return [String(-180 + random.float() * 360), String(-85 + random.float() * 170)];
    case 4:
      return [String(random.integer(-179, 179)), String(random.integer(-85, 85))];
    default: {
      const [x, y] = random.pick(CLUSTERS);
      return [(x + random.float() * 4).toFixed(5), (y + random.float() * 4).toFixed(5)];
    }
  }
}

function area(random: Random): string[] {
  const unit = random.pick(UNITS);
  const metres = () => 10 ** (random.float() * random.pick([3, 5, 6, 7.6]));
  const length = () => (random.chance(0.5) ? String(metres() / METRES[unit]) : (metres() / METRES[unit]).toFixed(1));
  return random.chance(0.5) ? ["BYRADIUS", length(), unit] : ["BYBOX", length(), length(), unit];
}

function search(random: Random, key: string): StepLike {
  const center = random.chance(0.3) ? ["FROMMEMBER", member(random)] : ["FROMLONLAT", ...place(random)];
  const order = random.pick([[], [], ["ASC"], ["DESC"]]);
  const count = random.pick([[], [], ["COUNT", String(random.integer(1, 400))]]);
  const any = count.length > 0 && random.chance(0.3) ? ["ANY"] : [];
  const options = [...center, ...area(random), ...order, ...count, ...any];
  if (random.chance(0.25)) {
    const store = ["GEOSEARCHSTORE", `d:${key}`, key, ...options, ...random.pick([[], ["STOREDIST"]])];
    return cmd(store[0], ...store.slice(1));
  }
  const extras = ["WITHDIST", "WITHHASH", "WITHCOORD"].filter(() => random.chance(0.3));
  return cmd("GEOSEARCH", key, ...options, ...extras);
}

const member = (random: Random): string => String(random.integer(0, 2500));

for (const [encoding, key, entries] of [
  ["listpack", "small", 100_000],
  ["skiplist", "large", 128],
] as const) {
  randomDifferential(`geo at random, ${encoding}`, {
    seed: 20260119,
    operations: 2500,
    args: ["--zset-max-listpack-entries", String(entries)],
    generate: (random, index) => {
      // Members first, then searches between changes.
      const adds = index < 300 ? 0.9 : 0.15;
      if (random.chance(adds)) {
        const places = Array.from({ length: random.integer(1, 8) }, () => [...place(random), member(random)]);
        return cmd("GEOADD", key, ...random.pick([[], [], ["CH"], ["NX"], ["XX", "CH"]]), ...places.flat());
      }
      switch (random.integer(0, 9)) {
        case 0:
          return cmd("GEODIST", key, member(random), member(random), random.pick(UNITS));
        case 1:
          return cmd("GEOPOS", key, member(random), member(random));
        case 2:
          return cmd("GEOHASH", key, member(random), member(random));
        case 3:
          return cmd("ZREM", key, member(random), member(random));
        case 4:
          return rounded(cmd("ZRANGE", `d:${key}`, "0", "-1", "WITHSCORES"));
        default:
          return search(random, key);
      }
    },
    verify: [cmd("ZRANGE", key, "0", "-1", "WITHSCORES"), cmd("OBJECT", "ENCODING", key)],
  });
}
