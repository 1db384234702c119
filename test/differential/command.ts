/**
 * Commands as tests write them: a line of text split by Redis's quoting rules, or `cmd(...)` where an argument is
 * binary or computed.
 */

import { type Argument, toBytes } from "../support/resp-client";

/** A command with its arguments as bytes in latin1 strings. */
export interface Command {
  readonly args: readonly string[];
}

/** A command from arguments of any kind: `cmd("SET", "k", new Uint8Array([0, 255]))`. */
export function cmd(...args: Argument[]): Command {
  return { args: args.map((argument) => Buffer.from(toBytes(argument)).toString("latin1")) };
}

/**
 * Splits a line into arguments as redis-cli does: spaces separate; "double quotes" know \n \r \t \b \a \\ \" \xHH;
 * 'single quotes' know \' alone. Throws on unbalanced quotes, which are a mistake in the test.
 */
export function parseCommand(line: string): Command {
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === " ") at++;
    if (at >= line.length) break;
    let value = "";
    while (at < line.length && line[at] !== " ") {
      if (line[at] === '"') [value, at] = doubleQuoted(line, at + 1, value);
      else if (line[at] === "'") [value, at] = singleQuoted(line, at + 1, value);
      else value += line[at++];
    }
    args.push(value);
  }
  if (args.length === 0) throw new Error("an empty command");
  return { args };
}

/** The line that gives this command, as a person would type it into redis-cli. */
export function showCommand(command: Command): string {
  return command.args
    .map((argument) => {
      if (/^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(argument)) return argument;
      return `"${argument.replace(/["\\]|[^\x20-\x7e]/g, escaped)}"`;
    })
    .join(" ");
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function doubleQuoted(line: string, start: number, before: string): [string, number] {
  let value = before;
  let at = start;
  for (; at < line.length && line[at] !== '"'; at++) {
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 4));
    if (hex !== null) {
      value += String.fromCharCode(Number.parseInt(hex[1], 16));
      at += 3;
    } else if (line[at] === "\\") {
      at++;
      value += ESCAPES[line[at]] ?? line[at];
    } else {
      value += line[at];
    }
  }
  return [value, closed(line, at)];
}

function singleQuoted(line: string, start: number, before: string): [string, number] {
  let value = before;
  let at = start;
  for (; at < line.length && line[at] !== "'"; at++) {
    if (line[at] === "\\" && line[at + 1] === "'") at++;
    value += line[at];
  }
  return [value, closed(line, at)];
}

function closed(line: string, quote: number): number {
  if (quote >= line.length) throw new Error(`unbalanced quotes: ${line}`);
  if (quote + 1 < line.length && line[quote + 1] !== " ") throw new Error(`text after a closing quote: ${line}`);
  return quote + 1;
}
