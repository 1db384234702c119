/** Directives of the process, its logs and clocks, of security, and of the tools that look inside. */

import { checkTitleTemplate } from "./checks";
import {
  capped,
  choice,
  choices,
  EFFECTIVE,
  flag,
  HIDDEN,
  IMMUTABLE,
  INT_MAX,
  INT_MIN,
  INT64_MAX,
  int,
  SENSITIVE,
  text,
} from "./directive";
import { latencyTrackingInfoPercentiles, notifyKeyspaceEvents, oomScoreAdjValues } from "./special";

function checkShutdown(chosen: readonly string[]): string | null {
  return chosen.includes("save") && chosen.includes("nosave")
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : null;
}

const SHUTDOWN_OPTIONS = ["save", "nosave", "now", "force"] as const;
const CPU_LIST = { unsetWhenEmpty: true, flags: IMMUTABLE } as const;
const EFFECTIVE_CPU_LIST = { ...CPU_LIST, flags: IMMUTABLE | EFFECTIVE } as const;

export const serverDirectives = {
  daemonize: flag(false, IMMUTABLE | EFFECTIVE),
  supervised: choice(["upstart", "systemd", "auto", "no"], "no", IMMUTABLE | EFFECTIVE),
  pidfile: text("", { unsetWhenEmpty: true, flags: IMMUTABLE | EFFECTIVE }),
  loglevel: choice(["debug", "verbose", "notice", "warning"], "notice", EFFECTIVE),
  logfile: text("", { flags: IMMUTABLE | EFFECTIVE }),
  "syslog-enabled": flag(false, IMMUTABLE | EFFECTIVE),
  "syslog-ident": text("redis", { flags: IMMUTABLE | EFFECTIVE }),
  "syslog-facility": choice(
    ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
    "local0",
    IMMUTABLE | EFFECTIVE,
  ),
  "crash-log-enabled": flag(true, EFFECTIVE),
  "crash-memcheck-enabled": flag(true),
  "always-show-logo": flag(false, IMMUTABLE | EFFECTIVE),
  "set-proc-title": flag(true, IMMUTABLE | EFFECTIVE),
  "proc-title-template": text("{title} {listen-addr} {server-mode}", { flags: EFFECTIVE, check: checkTitleTemplate }),
  "locale-collate": text("", { flags: EFFECTIVE }),
  hz: capped(int(10, 0, INT_MAX, EFFECTIVE), 1, 500),
  "dynamic-hz": flag(true),
  "io-threads": int(1, 1, 128, IMMUTABLE),
  "io-threads-do-reads": flag(false, IMMUTABLE),
  server_cpulist: text("", EFFECTIVE_CPU_LIST),
  bio_cpulist: text("", EFFECTIVE_CPU_LIST),
  aof_rewrite_cpulist: text("", CPU_LIST),
  bgsave_cpulist: text("", CPU_LIST),
  "ignore-warnings": text(""),
  "disable-thp": flag(true, IMMUTABLE | EFFECTIVE),
  "jemalloc-bg-thread": flag(true),
  "oom-score-adj": choice(["no", "yes", "relative", "absolute"], "no", EFFECTIVE, { relative: "yes" }),
  "oom-score-adj-values": oomScoreAdjValues,
  "shutdown-timeout": int(10, 0, INT_MAX, EFFECTIVE),
  "shutdown-on-sigint": choices("default", SHUTDOWN_OPTIONS, EFFECTIVE, checkShutdown),
  "shutdown-on-sigterm": choices("default", SHUTDOWN_OPTIONS, EFFECTIVE, checkShutdown),
  requirepass: text("", { unsetWhenEmpty: true, binary: true, flags: SENSITIVE | EFFECTIVE }),
  aclfile: text("", { flags: IMMUTABLE | EFFECTIVE }),
  "acl-pubsub-default": choice(["allchannels", "resetchannels"], "resetchannels", EFFECTIVE),
  "acllog-max-len": int(128, 0, INT64_MAX, EFFECTIVE),
  "enable-protected-configs": choice(["no", "yes", "local"], "no", IMMUTABLE | EFFECTIVE),
  "enable-debug-command": choice(["no", "yes", "local"], "no", IMMUTABLE | EFFECTIVE),
  "enable-module-command": choice(["no", "yes", "local"], "no", IMMUTABLE | EFFECTIVE),
  "busy-reply-threshold": int(5000, 0, INT64_MAX, 0, "lua-time-limit"),
  "lua-enable-deprecated-api": flag(false, IMMUTABLE | HIDDEN),
  "slowlog-log-slower-than": int(10000, -1, INT64_MAX, EFFECTIVE),
  "slowlog-max-len": int(128, 0, INT64_MAX, EFFECTIVE),
  "latency-monitor-threshold": int(0, 0, INT64_MAX, EFFECTIVE),
  "latency-tracking": flag(true, EFFECTIVE),
  "latency-tracking-info-percentiles": latencyTrackingInfoPercentiles,
  "notify-keyspace-events": notifyKeyspaceEvents,
  "use-exit-on-panic": flag(false, HIDDEN),
  "watchdog-period": int(0, 0, INT_MAX, HIDDEN),
  "rdb-key-save-delay": int(0, INT_MIN, INT_MAX, HIDDEN | EFFECTIVE),
  "key-load-delay": int(0, INT_MIN, INT_MAX, HIDDEN | EFFECTIVE),
  "loading-process-events-interval-bytes": int(2 * 1024 * 1024, 1024, INT_MAX, HIDDEN | EFFECTIVE),
} as const;
