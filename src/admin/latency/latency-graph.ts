/**
 * LATENCY GRAPH: samples of an event as columns of characters, lowest to highest of the series, each with its age below,
 * written downwards.
 */

import type { LatencyEvent } from "./latency-monitor";

const ROWS = 4;
const COLUMNS = 80;
/** What stands at the top of a column, lowest first; below it is BODY. */
const TOP = "_o#";
const BODY = "|";
const RULE = `${"-".repeat(COLUMNS)}\n`;

/** An age as the labels show it: 5s, 12m, 3h, 2d. */
function ageText(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export function latencyGraph(name: string, event: LatencyEvent, nowSeconds: number): string {
  const samples = event.samples.slice(-COLUMNS);
  const latencies = samples.map(({ latency }) => latency);
  const lowest = Math.min(...latencies);
  const highest = Math.max(...latencies);
  const steps = TOP.length * ROWS;
  const columns = samples.map(({ time, latency }) => {
    const step = Math.min(steps - 1, Math.floor(((latency - lowest) * steps) / Math.max(1, highest - lowest)));
    const full = Math.floor(step / TOP.length);
    const bar = " ".repeat(ROWS - 1 - full) + TOP[step % TOP.length] + BODY.repeat(full);
    return `${bar} ${ageText(nowSeconds - time)}`;
  });
  const height = Math.max(...columns.map((column) => column.length));
  let text = `${name} - high ${highest} ms, low ${lowest} ms (all time high ${event.max} ms)\n${RULE}`;
  for (let row = 0; row < height; row++) text += `${columns.map((column) => column[row] ?? " ").join("")}\n`;
  return text;
}
