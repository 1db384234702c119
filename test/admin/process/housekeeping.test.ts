/** Who is idle for too long, by a clock that is moved by hand. */

import { describe, expect, test } from "bun:test";
import { closeIdleClients } from "../../../src/admin/process/housekeeping";
import { requestOf } from "../../../src/resp/request";
import { InProcess } from "../../support/in-process";

describe("timeout", () => {
  function closedAfter(redbun: InProcess, ms: number): number {
    let closed = 0;
    Object.defineProperty(redbun.client, "transport", {
      value: { ...redbun.client.transport, close: () => closed++ },
    });
    redbun.clock.advance(ms);
    closeIdleClients(redbun.server);
    return closed;
  }

  test("ends connections that were idle for longer", () => {
    expect(closedAfter(new InProcess({ timeout: "10" }), 10_000)).toBe(0);
    expect(closedAfter(new InProcess({ timeout: "10" }), 10_001)).toBe(1);
    expect(closedAfter(new InProcess({ timeout: "0" }), 10_001)).toBe(0);
  });

  test("but not of a client whose command CLIENT PAUSE holds back", () => {
    const redbun = new InProcess({ timeout: "10" });
    redbun.run("CLIENT PAUSE 60000");
    redbun.server.dispatcher.execute(redbun.client, requestOf(["PING"]));
    expect(closedAfter(redbun, 10_001)).toBe(0);
  });
});
