/** LATENCY: table and handlers. */

import type { Call } from "../../command/call";
import {
  ADMIN,
  type Command,
  type CommandDefinition,
  type Handler,
  LOADING,
  NOSCRIPT,
  STALE,
} from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { noLatencySamples } from "../../resp/errors";
import type { LatencyHistogram } from "../info/latency-histogram";
import { latencyDoctorText } from "./latency-doctor";
import { latencyGraph } from "./latency-graph";

const HELP = [
  "DOCTOR",
  "    Return a human readable latency analysis report.",
  "GRAPH <event>",
  "    Return an ASCII latency graph for the <event> class.",
  "HISTORY <event>",
  "    Return time-latency samples for the <event> class.",
  "LATEST",
  "    Return the latest latency samples for all events.",
  "RESET [<event> ...]",
  "    Reset latency data of one or more <event> classes.",
  "    (default: reset all data for all event classes)",
  "HISTOGRAM [COMMAND ...]",
  "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
  "    If no commands are specified then all histograms are replied.",
];

function latest(c: Call): void {
  const { events } = c.server.latencyMonitor;
  c.reply.array(events.size);
  for (const [name, event] of events) {
    c.reply.array(4);
    c.reply.bulkText(name);
    c.reply.integer(event.last.time);
    c.reply.integer(event.last.latency);
    c.reply.integer(event.max);
  }
}

function history(c: Call): void {
  const samples = c.server.latencyMonitor.events.get(c.text(2))?.samples ?? [];
  c.reply.array(samples.length);
  for (const { time, latency } of samples) {
    c.reply.array(2);
    c.reply.integer(time);
    c.reply.integer(latency);
  }
}

function reset(c: Call): void {
  const { latencyMonitor } = c.server;
  let removed = 0;
  if (c.argc === 2) removed = latencyMonitor.reset();
  for (let i = 2; i < c.argc; i++) removed += latencyMonitor.reset(c.text(i));
  c.reply.integer(removed);
}

function graph(c: Call): void {
  const event = c.server.latencyMonitor.events.get(c.text(2));
  if (event === undefined) c.fail(noLatencySamples(c.text(2)));
  else c.reply.verbatim(latencyGraph(c.text(2), event, Math.floor(c.server.clock.now() / 1000)), "txt");
}

function doctor(c: Call): void {
  c.reply.verbatim(latencyDoctorText(c.server), "txt");
}

/** LATENCY HISTOGRAM [command …]: of a container, all its subcommands; what does not exist is left out. */
function histogram(c: Call): void {
  // What still runs is not in the histograms yet.
  c.server.dispatcher.endRun();
  const measured: [string, LatencyHistogram][] = [];
  const take = (command: Command): void => {
    if (command.latency !== null) measured.push([command.fullName, command.latency]);
    for (const subcommand of command.subcommands?.values() ?? []) take(subcommand);
  };
  if (c.argc === 2) for (const [, command] of c.server.commands.entries()) take(command);
  for (let i = 2; i < c.argc; i++) {
    const command = c.server.commands.named(c.text(i).toLowerCase());
    if (command !== undefined) take(command);
  }
  c.reply.map(measured.length);
  for (const [name, latency] of measured) {
    c.reply.bulkText(name);
    replyDistribution(c, latency);
  }
}

/** How many calls took no longer than 1, 2, 4, … µs (by the histogram's own bounds), as far as there are more. */
function replyDistribution(c: Call, latency: LatencyHistogram): void {
  const rows = latency.cumulative();
  c.reply.map(2);
  c.reply.bulkText("calls");
  c.reply.integer(latency.count);
  c.reply.bulkText("histogram_usec");
  c.reply.map(rows.length);
  for (const { nanos, count } of rows) {
    c.reply.integer(Math.floor(nanos / 1000));
    c.reply.integer(count);
  }
}

const VARIES = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];
const SUMMED = ["request_policy:all_nodes", "response_policy:agg_sum"];

function subcommand(name: string, arity: number, handler: Handler, tips: string[]): CommandDefinition {
  return { name, arity, flags: ADMIN | NOSCRIPT | LOADING | STALE, categories: "", tips, handler };
}

export const latencyCommands: CommandDefinition[] = [
  {
    name: "latency",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("doctor", 2, doctor, VARIES),
      subcommand("graph", 3, graph, VARIES),
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "", handler: (c) => replyHelp(c, HELP) },
      subcommand("histogram", -2, histogram, VARIES),
      subcommand("history", 3, history, VARIES),
      subcommand("latest", 2, latest, VARIES),
      subcommand("reset", -2, reset, SUMMED),
    ],
  },
];
