/**
 * A process of its own that sends PING about every half millisecond and measures each answer: what another client
 * feels while a server is busy. `bun probe.ts PORT PID`; ends at the end of its standard input and prints one JSON object.
 *
 * Latencies are in milliseconds. On a machine with few processors they hold the waiting for a processor, too: compare
 * them with those of the other servers in the same run. Linux counts for each thread how long it was ready to run, and did
 * not: `maxRunning` is the longest latency without what the probe and the server's main thread waited like that meanwhile.
 * Other threads that these wait for (the kernel's, for packets; the garbage collector's) may have waited, too.
 */

import { readFileSync } from "node:fs";
import { RespClient } from "../../test/support/resp-client";

export interface ProbeResult {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The longest one, without waiting for a processor. */
  readonly maxRunning: number;
}

/** What is probed. */
export interface Probed {
  readonly port: number;
  readonly pid: number;
}

const PAUSE_MS = 0.5;

async function probe({ port, pid }: Probed): Promise<ProbeResult> {
  const client = await RespClient.connect({ port });
  const latencies: number[] = [];
  let maxRunning = 0;
  let ended = false;
  const end = Bun.stdin.text().then(() => {
    ended = true;
  });
  await client.call("PING");
  console.log("ready");
  while (!ended) {
    const queued = queuedMillis(pid) + queuedMillis(process.pid);
    const sent = performance.now();
    await client.call("PING");
    const latency = performance.now() - sent;
    latencies.push(latency);
    if (latency > maxRunning) {
      maxRunning = Math.max(maxRunning, latency - (queuedMillis(pid) + queuedMillis(process.pid) - queued));
    }
    await Bun.sleep(PAUSE_MS);
  }
  await end;
  await client.close();
  latencies.sort((a, b) => a - b);
  const at = (fraction: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * fraction))];
  return { count: latencies.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1), maxRunning };
}

/** How long the main thread of a process has waited for a processor so far, ms; 0 where the system does not say. */
function queuedMillis(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** Probes a server while `work` runs. */
export async function probeDuring({ port, pid }: Probed, work: () => Promise<void>): Promise<ProbeResult> {
  const args = [String(port), String(pid)];
  const child = Bun.spawn([process.execPath, import.meta.path, ...args], { stdin: "pipe", stdout: "pipe" });
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

if (import.meta.main)
  console.log(JSON.stringify(await probe({ port: Number(process.argv[2]), pid: Number(process.argv[3]) })));
