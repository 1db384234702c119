/** LATENCY DOCTOR: what the latency monitor has seen, and what may help. The first lines are Redis's. */

import type { ServerContext } from "../../command/server-context";
import type { LatencyEvent } from "./latency-monitor";

const DISABLED =
  "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use " +
  '"CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it. If we weren\'t in a deep space ' +
  "mission I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n";

const HEALTHY =
  "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit. I " +
  "honestly think you ought to sit down calmly, take a stress pill, and think things over.\n";

const OBSERVED =
  "Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?\n\n";

/** What may help against events of a kind. */
const ADVICE: Readonly<Record<string, (server: ServerContext) => string[]>> = {
  command: (server) => [
    ...slowLogAdvice(server),
    "SLOWLOG GET shows which commands took long, and with what arguments.",
    "Commands that read or write a whole large collection at once take as long as it is large: use the forms that " +
      "work on a part of it (SCAN, ranges, counts).",
  ],
  "fast-command": () => [
    "Commands of constant time were slow, so the process was kept from running: lower the load of the machine, look " +
      "for a noisy neighbour, and measure it alone with 'redis-cli --intrinsic-latency 100'.",
  ],
  "expire-cycle": ({ config }) => [
    `Many keys expire together. Spread their times, or let smaller steps follow each other faster: 'CONFIG SET hz ${Math.min(500, config.hz * 10)}'.`,
  ],
  "eviction-cycle": () => [EVICTION],
  "eviction-del": () => [EVICTION],
  "active-defrag-cycle": ({ config }) => [
    `Active defragmentation takes up to ${config.activeDefragCycleMax}% of the time: lower active-defrag-cycle-max.`,
  ],
  "aof-fsync-always": ({ config }) =>
    config.appendfsync === "always"
      ? ["appendfsync is always: each batch of writes waits for the disk. 'CONFIG SET appendfsync everysec' does not."]
      : [],
  "aof-write": () => [DISK],
  "aof-write-pending-fsync": () => [DISK, FASTER_DISK],
  "aof-write-active-child": () => [
    FASTER_DISK,
    "A snapshot or a rewrite was being written: where what a power cut loses may be more, 'CONFIG SET " +
      "no-appendfsync-on-rewrite yes' leaves out fsync meanwhile.",
  ],
  "aof-write-alone": () => [DISK, FASTER_DISK],
  "aof-fstat": () => [DISK],
  "aof-rename": () => [DISK],
};

const DISK =
  "The disk was slow to answer: look for other processes that use it, and keep the append-only file on a local disk.";
const FASTER_DISK = "A disk with a faster fsync (an SSD) shortens the waiting for the append-only file.";
const EVICTION =
  "Many keys had to be evicted at once: by a lower maxmemory, or for the result of one large command (SORT and the " +
  "like with STORE, RESTORE). Lower maxmemory in steps, and keep such results small.";

function slowLogAdvice({ config }: ServerContext): string[] {
  const micros = config.latencyMonitorThreshold * 1000;
  if (config.slowlogLogSlowerThan >= 0 && config.slowlogLogSlowerThan <= micros) return [];
  return [
    `The slow log leaves out commands that the latency monitor sees: 'CONFIG SET slowlog-log-slower-than ${micros}'.`,
  ];
}

function average(values: readonly number[]): number {
  return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function describe(number: number, name: string, event: LatencyEvent, nowSeconds: number): string {
  const latencies = event.samples.map(({ latency }) => latency);
  const mean = average(latencies);
  const deviation = average(latencies.map((latency) => Math.abs(latency - mean)));
  const period = Math.max(1, nowSeconds - event.samples[0].time) / latencies.length;
  return (
    `${number}. ${name}: ${latencies.length} latency spikes (average ${mean}ms, mean deviation ${deviation}ms, ` +
    `period ${period.toFixed(2)} sec). Worst all time event ${event.max}ms.\n`
  );
}

export function latencyDoctorText(server: ServerContext): string {
  const { events, threshold } = server.latencyMonitor;
  if (events.size === 0) return threshold === 0 ? DISABLED : HEALTHY;
  const now = Math.floor(server.clock.now() / 1000);
  let text = OBSERVED;
  let number = 0;
  const advice = new Set<string>();
  for (const [name, event] of events) {
    text += describe(++number, name, event, now);
    for (const line of ADVICE[name]?.(server) ?? []) advice.add(line);
  }
  if (advice.size > 0) text += "\nI have a few advices for you:\n\n";
  for (const line of advice) text += `- ${line}\n`;
  return text;
}
