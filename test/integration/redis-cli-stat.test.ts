/** redis-cli's own views of a server: --stat, which reads INFO, and what it prints for a person. */

import { expect, test } from "bun:test";
import { eventually } from "../support/eventually";
import { startRedbun } from "../support/server";

const hasTools = Bun.which("redis-cli") !== null && Bun.which("stdbuf") !== null;
if (!hasTools) console.warn("SKIPPED: redis-cli --stat: no redis-cli or no stdbuf on PATH");

test.if(hasTools)("redis-cli --stat shows keys, memory, clients, requests and connections", async () => {
  await using server = await startRedbun();
  await using client = await server.client();
  for (const command of ["SET a 1", "SET b 1", "SELECT 3", "SET c 1"]) await client.call(...command.split(" "));
  await using waiting = await server.client();
  waiting.send("BLPOP nothing 0\r\n");
  await eventually("it waits", async () => (await client.text("INFO", "clients")).includes("blocked_clients:1\r\n"));
  const cli = Bun.spawn(["stdbuf", "-oL", "redis-cli", "-p", String(server.port), "--stat", "-i", "0.05"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    let output = "";
    for await (const chunk of cli.stdout) {
      output += Buffer.from(chunk).toString();
      if (output.split("\n").length > 5) break;
    }
    const rows = output.split("\n").filter((line) => /^\d/.test(line));
    // keys, memory, clients, blocked, requests (and how many since the row before), connections.
    for (const row of rows) expect(row).toMatch(/^3 +\d+\.\d+[KM] +3 +1 +\d+ \(\+\d+\) +3 *$/);
    const requests = rows.map((row) => Number(/ (\d+) \(/.exec(row)?.[1]));
    expect(requests[1]).toBe(requests[0] + 1);
  } finally {
    cli.kill();
    await cli.exited;
  }
});
