/** Documentation of the geo commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  type ArgumentDoc,
  block,
  double,
  type FamilyDocs,
  integer,
  key,
  multiple,
  oneof,
  optional,
  shownAs,
  since,
  string,
  token,
  withToken,
} from "./doc";

const ANY_HISTORY: readonly [string, string] = ["6.2.0", "Added the `ANY` option for `COUNT`."];
const UNIT_HISTORY: readonly [string, string] = ["7.0.0", "Added support for uppercase unit names."];

const RADIUS_COMPLEXITY =
  "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and " +
  "radius and M is the number of items inside the index.";
const SEARCH_COMPLEXITY =
  "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the " +
  "filter and M is the number of items inside the shape";

function unit(): ArgumentDoc {
  return oneof("unit", token("M"), token("KM"), token("FT"), token("MI"));
}

function order(): ArgumentDoc {
  return optional(oneof("order", token("ASC"), token("DESC")));
}

function count(any: ArgumentDoc): ArgumentDoc {
  return optional(block("count-block", withToken("COUNT", integer("count")), optional(any)));
}

function extras(): ArgumentDoc[] {
  return [optional(token("WITHCOORD")), optional(token("WITHDIST")), optional(token("WITHHASH"))];
}

/** The center of GEOSEARCH, and its area. */
function where(): ArgumentDoc[] {
  return [
    oneof(
      "from",
      withToken("FROMMEMBER", string("member")),
      withToken("FROMLONLAT", block("fromlonlat", double("longitude"), double("latitude"))),
    ),
    oneof(
      "by",
      block("circle", withToken("BYRADIUS", double("radius")), unit()),
      block("box", withToken("BYBOX", double("width")), double("height"), unit()),
    ),
  ];
}

function store(): ArgumentDoc {
  return optional(
    oneof(
      "store",
      withToken("STORE", shownAs("key", key("storekey", 1))),
      withToken("STOREDIST", shownAs("key", key("storedistkey", 2))),
    ),
  );
}

/** GEORADIUS and the like, all deprecated since 6.2.0. */
function radius(
  text: { readonly summary: string; readonly since: string; readonly replacedBy: string },
  center: readonly ArgumentDoc[],
  any: ArgumentDoc,
  stores: boolean,
): FamilyDocs[string] {
  return {
    ...text,
    complexity: RADIUS_COMPLEXITY,
    docFlags: ["deprecated"],
    deprecatedSince: "6.2.0",
    history: [ANY_HISTORY, UNIT_HISTORY],
    arguments: [
      key("key"),
      ...center,
      double("radius"),
      unit(),
      ...extras(),
      count(any),
      order(),
      ...(stores ? [store()] : []),
    ],
  };
}

/** The table; a function, because only COMMAND DOCS needs it. */
export function geoDocs(): FamilyDocs {
  const coordinates = [double("longitude"), double("latitude")];
  const member = [string("member")];
  const any = token("ANY");
  const laterAny = since("6.2.0", any);
  return {
    geoadd: {
      summary: "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
      since: "3.2.0",
      complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
      history: [["6.2.0", "Added the `CH`, `NX` and `XX` options."]],
      arguments: [
        key("key"),
        optional(since("6.2.0", oneof("condition", token("NX"), token("XX")))),
        optional(since("6.2.0", { ...token("CH"), name: "change" })),
        multiple(block("data", ...coordinates, ...member)),
      ],
    },
    geodist: {
      summary: "Returns the distance between two members of a geospatial index.",
      since: "3.2.0",
      complexity: "O(1)",
      arguments: [key("key"), string("member1"), string("member2"), optional(unit())],
    },
    geohash: {
      summary: "Returns members from a geospatial index as geohash strings.",
      since: "3.2.0",
      complexity: "O(1) for each member requested.",
      arguments: [key("key"), optional(multiple(string("member")))],
    },
    geopos: {
      summary: "Returns the longitude and latitude of members from a geospatial index.",
      since: "3.2.0",
      complexity: "O(1) for each member requested.",
      arguments: [key("key"), optional(multiple(string("member")))],
    },
    geosearch: {
      summary: "Queries a geospatial index for members inside an area of a box or a circle.",
      since: "6.2.0",
      complexity: SEARCH_COMPLEXITY,
      history: [UNIT_HISTORY],
      arguments: [key("key"), ...where(), order(), count(any), ...extras()],
    },
    geosearchstore: {
      summary:
        "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.",
      since: "6.2.0",
      complexity: SEARCH_COMPLEXITY,
      history: [UNIT_HISTORY],
      arguments: [key("destination"), key("source", 1), ...where(), order(), count(any), optional(token("STOREDIST"))],
    },
    georadius: radius(
      {
        summary:
          "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
        since: "3.2.0",
        replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
      },
      coordinates,
      laterAny,
      true,
    ),
    georadius_ro: radius(
      {
        summary: "Returns members from a geospatial index that are within a distance from a coordinate.",
        since: "3.2.10",
        replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
      },
      coordinates,
      laterAny,
      false,
    ),
    georadiusbymember: radius(
      {
        summary:
          "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
        since: "3.2.0",
        replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
      },
      member,
      any,
      true,
    ),
    georadiusbymember_ro: radius(
      {
        summary: "Returns members from a geospatial index that are within a distance from a member.",
        since: "3.2.10",
        replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
      },
      member,
      any,
      false,
    ),
  };
}
