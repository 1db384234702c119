/** SLOWLOG and LATENCY beside real Redis. */

import { show } from "../support/reply";
import { type Comparer, sameType } from "./comparer";
import { type CommandLike, cmd, differential, matching, type Step } from "./harness";

/** Numbers, addresses and the rows of histograms vary; all else is the same. */
const alikeReplies: Comparer = (ours, theirs) => {
  const mask = (text: string): string =>
    text
      .replace(/:\d+/g, ":#")
      .replace(/"127\.0\.0\.1:#"/g, "address")
      .replace(/([[{])(:#(, |: | => )?)+([\]}])/g, "$1#$4");
  return mask(show(ours)) === mask(show(theirs)) ? undefined : "differs in more than numbers";
};

const alike = (command: CommandLike): Step => ({ command, compare: alikeReplies });

differential("latency", {
  cases: [
    [
      "SLOWLOG",
      "SLOWLOG NOSUCH",
      "SLOWLOG GET a",
      "SLOWLOG GET -2",
      "SLOWLOG GET 1 2",
      "SLOWLOG LEN x",
      "SLOWLOG RESET x",
    ],
    ["SLOWLOG HELP", "LATENCY HELP"],
    {
      name: "the log holds what is slow enough, and no more than it may",
      commands: [
        "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3",
        "SLOWLOG RESET",
        "SET k v",
        alike("SLOWLOG GET"),
        "SLOWLOG LEN",
        "PING",
        "PING",
        "PING",
        "SLOWLOG LEN",
        "CONFIG SET slowlog-max-len 1",
        "SLOWLOG LEN",
        "CONFIG SET slowlog-max-len 0",
        "SLOWLOG GET -1",
        "CONFIG SET slowlog-log-slower-than -1 slowlog-max-len 5",
        "PING",
        "SLOWLOG LEN",
      ],
      cleanup: ["CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128", "SLOWLOG RESET"],
    },
    {
      name: "arguments are cut, and passwords are hidden",
      commands: [
        "CONFIG SET slowlog-log-slower-than 0",
        "SLOWLOG RESET",
        cmd("SET", "k", "a".repeat(128)),
        cmd("SET", "k", "a".repeat(129)),
        cmd("DEL", ...Array.from({ length: 31 }, (_, i) => `key${i}`)),
        cmd("DEL", ...Array.from({ length: 40 }, (_, i) => `key${i}`)),
        "CONFIG SET masterauth secret repl-timeout 60 masteruser me",
        { command: "HELLO 2 AUTH nobody wrong SETNAME me", compare: sameType },
        alike("SLOWLOG GET 20"),
      ],
      cleanup: ["CONFIG SET slowlog-log-slower-than 10000 masterauth '' masteruser ''", "SLOWLOG RESET"],
      protocols: [2],
    },
    [
      "LATENCY",
      "LATENCY NOSUCH",
      "LATENCY GRAPH",
      "LATENCY HISTORY",
      "LATENCY LATEST x",
      "LATENCY DOCTOR x",
      "LATENCY HELP x",
    ],
    ["LATENCY LATEST", "LATENCY HISTORY command", "LATENCY RESET", "LATENCY RESET a b", "LATENCY GRAPH command"],
    {
      name: "events above the threshold",
      commands: [
        matching(/^I'm sorry, Dave, I can't do that\. Latency monitoring is disabled/, "LATENCY DOCTOR"),
        "CONFIG SET latency-monitor-threshold 200",
        matching(/^Dave, no latency spike was observed/, "LATENCY DOCTOR"),
        "DEBUG SLEEP 0.21",
        alike("LATENCY LATEST"),
        alike("LATENCY HISTORY command"),
        matching(/^command - high \d+ ms, low \d+ ms \(all time high \d+ ms\)\n-{80}\n/, "LATENCY GRAPH command"),
        matching(
          /^Dave, I have observed latency spikes.*\n1\. command: 1 latency spikes \(average \d+ms/s,
          "LATENCY DOCTOR",
        ),
        "LATENCY RESET nosuch",
        "LATENCY RESET command",
        "LATENCY LATEST",
      ],
      cleanup: ["CONFIG SET latency-monitor-threshold 0", "LATENCY RESET"],
    },
    {
      name: "histograms of calls",
      commands: [
        "CONFIG RESETSTAT",
        "SET k v",
        "SET k v",
        alike("CLIENT ID"),
        "LATENCY HISTOGRAM nosuch get",
        alike("LATENCY HISTOGRAM set"),
        alike("LATENCY HISTOGRAM client"),
        alike("LATENCY HISTOGRAM CLIENT|ID nosuch|x client|nosuch"),
        { ...alike("LATENCY HISTOGRAM"), compare: sameType },
      ],
    },
  ],
  args: ["--enable-debug-command", "yes"],
});
