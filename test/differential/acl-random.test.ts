/**
 * ACL rules at random, and what a user may do with them: the same sequence for redbun and Redis 8.0 (users look as in
 * 7.2 there). Patterns and names are few, so that rules meet each other.
 */

import type { Random } from "../support/random";
import { randomDifferential, type StepLike } from "./harness";

const CATEGORIES = ["read", "write", "keyspace", "string", "list", "fast", "slow", "dangerous", "admin", "connection"];
const COMMANDS = [
  ...["get", "set", "mget", "mset", "getset", "append", "del", "exists", "copy", "rename", "lmove", "sort", "ttl"],
  ...["sunionstore", "zinterstore", "xread", "bitfield", "publish", "subscribe", "psubscribe", "select", "ping"],
  ...["config", "config|get", "config|set", "client", "client|list", "client|id", "memory|usage", "object|encoding"],
];
const PATTERNS = ["a", "a*", "*b", "[a-b]?", "\\*", "?", "c"];
const KEYS = ["a", "ab", "b", "c", "*", "ba"];

function rule(random: Random): string {
  switch (random.integer(0, 11)) {
    case 0:
      return random.pick(["+@all", "-@all", "allkeys", "resetkeys", "allchannels", "resetchannels", "reset"]);
    case 1:
      return random.pick(["on", "off", "nopass", "resetpass", ">p", ">q", "<p", "clearselectors"]);
    case 2:
    case 3:
      return `${random.pick(["+", "-"])}@${random.pick(CATEGORIES)}`;
    case 4:
    case 5:
      return `${random.pick(["~", "%R~", "%W~", "%RW~"])}${random.pick(PATTERNS)}`;
    case 6:
      return `&${random.pick(PATTERNS)}`;
    case 7:
      return `+${random.pick(["select|0", "select|1", "ping|x", "get|a", "config|nope", "config|get|x"])}`;
    default:
      return `${random.pick(["+", "+", "-"])}${random.pick(COMMANDS)}`;
  }
}

function rules(random: Random): string {
  const list: string[] = [];
  for (let i = random.integer(1, 4); i > 0; i--) {
    list.push(random.chance(0.15) ? `(${rule(random)} ${rule(random)} ${rule(random)})` : rule(random));
  }
  return list.join(" ");
}

/** A request that is right in its number of arguments. */
function request(random: Random): string {
  const key = (): string => random.pick(KEYS);
  const requests: readonly (() => string)[] = [
    () => `${random.pick(["get", "ttl", "ttl", "sort"])} ${key()}`,
    () => `set ${key()} v ${random.pick(["", "get", "nx"])}`,
    () => `${random.pick(["mget", "del", "exists", "subscribe", "psubscribe"])} ${key()} ${key()} ${key()}`,
    () => `mset ${key()} v ${key()} v`,
    () => `${random.pick(["copy", "rename", "publish", "getset", "append"])} ${key()} ${key()}`,
    () => `lmove ${key()} ${key()} left right`,
    () => `sort ${key()} store ${key()}`,
    () => `sunionstore ${key()} ${key()} ${key()}`,
    () => `zinterstore ${key()} ${random.pick(["2", "1", "x", "9"])} ${key()} ${key()}`,
    () => `xread streams ${key()} ${key()} 0 0`,
    () => `bitfield ${key()} ${random.pick(["get u8 0", "set u8 0 1", "overflow wrap get u8 0"])}`,
    () => `select ${random.integer(0, 2)}`,
    () => `ping ${random.pick(["x", "y"])}`,
    () => random.pick(["config get x", "config set x y", "client list", "client id", "config nope"]),
    () => `${random.pick(["memory usage", "object encoding"])} ${key()}`,
  ];
  return random.pick(requests)();
}

function step(random: Random): StepLike {
  const user = random.pick(["u", "v"]);
  if (random.chance(0.25)) return `ACL SETUSER ${user} ${rules(random)}`;
  if (random.chance(0.15)) return `ACL GETUSER ${user}`;
  if (random.chance(0.05)) return "ACL LIST";
  if (random.chance(0.01)) return `ACL DELUSER ${user}`;
  return `ACL DRYRUN ${user} ${request(random)}`;
}

randomDifferential("acl at random", { seed: 20261121, operations: 6000, oracle: "redis8", generate: step });
