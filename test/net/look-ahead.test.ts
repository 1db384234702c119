/** The look-ahead guesses at the shape of commands; whatever it is given, it comes to an end. */

import { expect, test } from "bun:test";
import { LookAhead } from "../../src/net/look-ahead";
import { InProcess } from "../support/in-process";

test("a negative length does not lead back to a command that was scanned before", () => {
  const redbun = new InProcess();
  for (let i = 0; i < 20_000; i++) redbun.call("SET", `k${i}`, "v");
  // The second command's length leads 18 bytes back: to the first one.
  const input = Buffer.from("*1\r\n$8\r\nFLUSHALL\r\n*1\r\n$-1\r\nxxxxxxxxxxxxxxxxxxxxxxxx", "latin1");
  const lookAhead = new LookAhead();
  lookAhead.reset();
  lookAhead.advance(redbun.keyspace.databases[0], input, 0, input.length);
  expect(redbun.keyspace.hints.count).toBe(0);
});
