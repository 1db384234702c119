/**
 * A process of its own that sends PING about every half millisecond and measures each answer: what another client
 * feels while a server is busy. `bun probe.ts PORT`; ends at the end of its standard input and prints one JSON object.
 *
 * Latencies are in milliseconds. On a machine with few processors they hold the waiting for a processor, too: compare
 * them with those of the other servers in the same run.
 */

import { RespClient } from "../../test/support/resp-client";

export interface ProbeResult {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const PAUSE_MS = 0.5;

async function probe(port: number): Promise<ProbeResult> {
  const client = await RespClient.connect({ port });
  const latencies: number[] = [];
  let ended = false;
  const end = Bun.stdin.text().then(() => {
    ended = true;
  });
  await client.call("PING");
  console.log("ready");
  while (!ended) {
    const sent = performance.now();
    await client.call("PING");
    latencies.push(performance.now() - sent);
    await Bun.sleep(PAUSE_MS);
  }
  await end;
  await client.close();
  latencies.sort((a, b) => a - b);
  const at = (fraction: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * fraction))];
  return { count: latencies.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/** Probes the server on this port while `work` runs. */
export async function probeDuring(port: number, work: () => Promise<void>): Promise<ProbeResult> {
  const child = Bun.spawn([process.execPath, import.meta.path, String(port)], { stdin: "pipe", stdout: "pipe" });
  const reader = child.stdout.getReader();
  let output = "";
  const decoder = new TextDecoder();
  while (!output.includes("ready\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the probe ended early: ${output}`);
    output += decoder.decode(value, { stream: true });
  }
  try {
    await work();
  } finally {
    child.stdin.end();
  }
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    output += decoder.decode(value, { stream: true });
  }
  return JSON.parse(output.slice(output.indexOf("ready\n") + "ready\n".length));
}

if (import.meta.main) console.log(JSON.stringify(await probe(Number(process.argv[2]))));
