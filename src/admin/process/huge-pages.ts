/**
 * disable-thp: transparent huge pages (Linux). Where the kernel gives them to every process, it puts pages together again
 * whose memory the heap has given back, and a segment of which little is used takes all of its memory.
 */

import { readFileSync } from "node:fs";
import { libc } from "../../util/libc";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

const ENABLED = "/sys/kernel/mm/transparent_hugepage/enabled";
const PR_SET_THP_DISABLE = 41;

/** Does without huge pages, or warns of them if it must not or cannot. `setting` is what the kernel has been set to. */
export function avoidHugePages(config: Config, log: Logger, setting = hugePagesSetting()): void {
  if (!setting.includes("[always]")) return;
  if (config.disableThp && disableHugePages()) return;
  log.warning(
    "WARNING You have Transparent Huge Pages (THP) support enabled in your kernel. This will create latency and memory " +
      `usage issues with Redis. To fix this issue run the command 'echo madvise > ${ENABLED}' as root, and add it to ` +
      "your /etc/rc.local in order to retain the setting after a reboot. Redis must be restarted after THP is disabled " +
      "(set to 'madvise' or 'never').",
  );
}

function hugePagesSetting(): string {
  try {
    return readFileSync(ENABLED, "latin1");
  } catch {
    return "";
  }
}

/** For this process, from now on. Returns false where the kernel refuses. */
function disableHugePages(): boolean {
  return libc("prctl")?.(PR_SET_THP_DISABLE, 1n, null, 0n, 0n) === 0;
}
