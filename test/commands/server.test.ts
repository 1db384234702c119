/** TIME, LOLWUT and SHUTDOWN in process. */

import { describe, expect, test } from "bun:test";
import { drawAutomaton } from "../../src/admin/lolwut";
import type { ShutdownOptions } from "../../src/command/server-context";
import { requestOf } from "../../src/resp/request";
import { SeededRandom } from "../../src/util/random";
import { InProcess } from "../support/in-process";
import { array, bulk, error, text } from "../support/reply";

test("TIME is the server's clock, in seconds and microseconds", () => {
  const redbun = new InProcess();
  redbun.clock.setWall(1_700_000_123_456.789);
  expect(redbun.run("TIME")).toEqual(array(bulk("1700000123"), bulk("456789")));
  redbun.clock.setWall(1_700_000_124_000.005);
  expect(redbun.run("TIME")).toEqual(array(bulk("1700000124"), bulk("5")));
});

describe("LOLWUT", () => {
  test("ends with the version, in the size asked for", () => {
    const redbun = new InProcess();
    const lines = text(redbun.run("LOLWUT VERSION 30 20 3")).split("\n");
    expect(lines.length).toBe(6);
    expect(lines[4]).toBe("Rule 30, drawn by redbun. Redis ver. 7.2.4");
    for (const line of lines.slice(0, 3)) expect(Buffer.from(line, "latin1").toString("utf8").length).toBe(20);
    expect(text(redbun.run("LOLWUT"))).toEndWith(" Redis ver. 7.2.4\n");
    expect(redbun.run("LOLWUT VERSION x").type).toBe("error");
    expect(redbun.run("LOLWUT 0").type).toBe("error");
  });

  test("draws the rule: 0 clears everything, 204 keeps it, 51 turns it over", () => {
    const draw = (rule: number): string => {
      return Buffer.from(drawAutomaton(rule, 40, 4, new SeededRandom(3)), "latin1").toString("utf8");
    };
    expect(draw(0).split("\n").slice(1)).toEqual([" ".repeat(40), " ".repeat(40), " ".repeat(40), ""]);
    expect(draw(204)).toMatch(/^(([ \u2588]+)\n)\1{3}$/);
    expect(draw(51)).toMatch(/^(([\u2580\u2584]+)\n)\1{3}$/);
  });
});

describe("SHUTDOWN", () => {
  /** The options that reach the server, or the error reply. */
  function ask(line: string): ShutdownOptions | string {
    const redbun = new InProcess();
    let asked: ShutdownOptions | string = "nothing";
    redbun.server.shutdown = (options) => {
      asked = options;
      return null;
    };
    const { dispatcher, gate } = redbun.server;
    dispatcher.execute(redbun.client, requestOf(line.split(" ")));
    if (gate.reply.length > 0) return gate.reply.buf.toString("latin1", 0, gate.reply.length);
    return asked;
  }

  test("options", () => {
    expect(ask("SHUTDOWN")).toEqual({ save: "default", now: false, force: false });
    expect(ask("SHUTDOWN nosave NOW")).toEqual({ save: "nosave", now: true, force: false });
    expect(ask("SHUTDOWN SAVE FORCE SAVE")).toEqual({ save: "save", now: false, force: true });
  });

  test("what does not go together", () => {
    for (const line of [
      "SAVE NOSAVE",
      "NOSAVE SAVE",
      "ABORT NOW",
      "FORCE ABORT",
      "SAVE ABORT",
      "NOSUCH",
      "NOW NOSUCH",
    ]) {
      expect([line, ask(`SHUTDOWN ${line}`)]).toEqual([line, "-ERR syntax error\r\n"]);
    }
  });

  test("a refusal is the reply", () => {
    const redbun = new InProcess();
    expect(redbun.run("SHUTDOWN ABORT")).toEqual(error("ERR No shutdown in progress."));
    redbun.server.shutdown = () => "ERR Errors trying to SHUTDOWN. Check logs.";
    expect(redbun.run("SHUTDOWN SAVE")).toEqual(error("ERR Errors trying to SHUTDOWN. Check logs."));
  });
});
