/** Random input: bytes without sense, and valid requests with something wrong. */

import { parseCommand } from "../differential/command";
import { encode } from "../resp/parser-driver";
import type { Random } from "../support/random";
import { SEEDS, VERBATIM } from "./seeds";

const REQUESTS = SEEDS.map((line) => [...parseCommand(line).args]);
const UNCHANGED = VERBATIM.map((line) => [...parseCommand(line).args]);

/** Bytes that mean something to a parser. */
const SYNTAX = "*$\r\n\r\n:+-_%~0123456789\"'\\ \x00\xff";

type Make = (random: Random) => string;

type Makers = Readonly<Record<string, readonly [weight: number, make: Make]>>;

/** Well-formed requests, by weight. */
const REQUEST_MAKERS: Makers = {
  valid: [4, (random) => encode(request(random))],
  verbatim: [1, (random) => encode([...random.pick(UNCHANGED)])],
  inline: [2, (random) => `${random.pick(SEEDS)}${random.pick(["\r\n", "\n"])}`],
  arguments: [10, (random) => encode(changedArguments(random))],
};

/** What a parser may choke on. */
const BYTE_MAKERS: Makers = {
  valid: [3, (random) => encode(request(random))],
  inline: [2, (random) => `${changedBytes(random, random.pick(SEEDS))}\r\n`],
  bytes: [6, (random) => changedBytes(random, encode(request(random)))],
  length: [2, wrongLength],
  negative: [1, (random) => `${random.pick(["*1\r\n$", "*2\r\n$3\r\nGET\r\n$"])}-${random.integer(1, 9)}\r\n`],
  noise: [2, (random) => latin1(random.bytes(random.integer(1, 300)))],
  syntax: [3, (random) => random.string(random.integer(1, 60), SYNTAX)],
  long: [0.3, longLine],
};

/**
 * The next piece of input, latin1. Damaged bytes soon end a connection with a protocol error, so others send requests
 * that are well-formed and wrong in their arguments alone.
 */
export function payload(random: Random, wellFormed: boolean): string {
  const makers = wellFormed ? REQUEST_MAKERS : BYTE_MAKERS;
  const weights = Object.fromEntries(Object.entries(makers).map(([name, [weight]]) => [name, weight]));
  return makers[random.weighted(weights)][1](random);
}

function request(random: Random): string[] {
  return [...random.pick(REQUESTS)];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const REPLACEMENTS: readonly Make[] = [
  () => "",
  (random) => random.edgeInteger(),
  (random) => random.pick(["nan", "inf", "-inf", "1e400", "0x10", "1.7976931348623157e308", "-0", "+1", " 1", "1 "]),
  (random) => latin1(random.bytes(random.integer(1, 40))),
  (random) => "x".repeat(random.pick([63, 64, 65, 1000, 20_000, 70_000])),
  (random) => random.pick(REQUESTS)[0],
  (random) => random.pick(random.pick(REQUESTS)),
  (random) => random.pick(["*", "[", "[a-", "\\", "?*?*?*?*", "k", "l", "n", "missing"]),
];

function changedArguments(random: Random): string[] {
  const args = request(random);
  for (let changes = random.integer(1, 3); changes > 0; changes--) changeArgument(random, args);
  return args;
}

function changeArgument(random: Random, args: string[]): void {
  const at = random.integer(0, args.length - 1);
  switch (random.integer(0, 5)) {
    case 0:
      // A request of no argument at all is a case of its own.
      args.splice(at, 1);
      if (args.length === 0) args.push("");
      break;
    case 1:
      args.splice(at, 0, args[at]);
      break;
    case 2:
      args.push(random.pick(random.pick(REQUESTS)));
      break;
    case 3:
      args[at] = random.chance(0.5) ? args[at].toLowerCase() : `${args[at]}${args[at]}`;
      break;
    default:
      // The name mostly stays, or every request would be one of an unknown command.
      args[random.chance(0.05) ? 0 : Math.max(1, at)] = random.pick(REPLACEMENTS)(random);
  }
}

function changedBytes(random: Random, input: string): string {
  let text = input;
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, text.length);
    const some = random.chance(0.5) ? random.string(random.integer(1, 4), SYNTAX) : latin1(random.bytes(1));
    const removed = random.pick([0, 0, 1, 1, random.integer(0, 8)]);
    text = text.slice(0, at) + (random.chance(0.7) ? some : "") + text.slice(at + removed);
  }
  return text;
}

function wrongLength(random: Random): string {
  const length = random.chance(0.5) ? random.edgeInteger() : String(random.integer(-3, 2_000_000));
  const header = random.pick(["*", "*1\r\n$", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$"]);
  return `${header}${length}\r\n${latin1(random.bytes(random.integer(0, 2000)))}`;
}

function longLine(random: Random): string {
  return random.pick(["", "*", "*1\r\n$"]) + random.string(3, SYNTAX) + "7".repeat(random.integer(60_000, 200_000));
}
