/** What the server says of itself when it starts: a logo, or one line in a log that no person watches. */

import { buildInfo } from "../../util/build-info";
import { libc } from "../../util/libc";
import { REDIS_VERSION } from "../../util/redis-version";
import type { Config } from "../config/config";
import { LOG_NOTICE, type Logger } from "./logger";

const STDOUT = 1;

/** A bun, and beside it what {0}, {1} … stand for. */
const LOGO = `
             _.-''''''''-._
         _.-'   o    o     '-._           {0}
       .'    o     o     o    o'.         {1}
      /   o     o     o    o     \\        {2}
     ;  o    o     o     o    o   ;       {3}
     '-..______________________..-'       {4}
     (~^~^~^~^~^~^~^~^~^~^~^~^~^~^~)
     .-''''''''''''''''''''''''''-.
     ;                            ;
      '._                      _.'        {5}
         '''----..........----'''

`;

/** Shows the logo where a person watches standard output, or where always-show-logo asks for it. */
export function showBanner(config: Config, log: Logger): void {
  const mode = config.clusterEnabled ? "cluster" : "standalone";
  const port = config.port === 0 ? config.tlsPort : config.port;
  const watched = !config.syslogEnabled && config.logfile === "" && isTerminal(STDOUT);
  if (!watched && !config.alwaysShowLogo) {
    log.notice(`Running mode=${mode}, port=${port}.`);
    return;
  }
  const { gitDirty, gitSha1, version } = buildInfo;
  const lines = [
    `Redis ${REDIS_VERSION} (${gitSha1}/${gitDirty}) 64 bit`,
    "",
    `Running in ${mode} mode`,
    `Port: ${port}`,
    `PID: ${process.pid}`,
    `redbun ${version}`,
  ];
  log.raw(
    LOG_NOTICE,
    LOGO.replace(/ *\{(\d)\}/g, (place, i) => (lines[i] === "" ? "" : place.slice(0, -3) + lines[i])),
  );
}

/** Through libc where possible: the runtime's way loads its streams first. */
function isTerminal(fd: number): boolean {
  const isatty = libc("isatty");
  return isatty === null ? process.stdout.isTTY === true : isatty(fd) === 1;
}
