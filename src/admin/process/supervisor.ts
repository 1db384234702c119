/**
 * `supervised`: tells upstart or systemd that the server is ready, and systemd what it is doing.
 *
 * upstart waits for the process to stop itself (SIGSTOP). systemd reads datagrams "NAME=value\n" from the unix socket that
 * $NOTIFY_SOCKET names; the runtime has no such sockets, so they go through libc.
 */

import { ptr } from "bun:ffi";
import { libc } from "../../util/libc";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** struct sockaddr_un: the family, then the path. */
const PATH_OFFSET = 2;
const PATH_MAX = 108;

export class Supervisor {
  /** Who supervises, once that is established. */
  active: "no" | "upstart" | "systemd" = "no";

  constructor(private readonly log: Logger) {}

  /** Establishes supervision as configured. Returns whether there is any: a supervised server does not daemonize. */
  start(config: Config, environment: NodeJS.ProcessEnv = process.env): boolean {
    const mode = config.supervised === "auto" ? this.detect(environment) : config.supervised;
    if (mode === "upstart" && this.startUpstart(environment)) this.active = "upstart";
    if (mode === "systemd" && this.startSystemd()) this.active = "systemd";
    return this.active !== "no";
  }

  private detect(environment: NodeJS.ProcessEnv): "no" | "upstart" | "systemd" {
    if (environment.UPSTART_JOB) {
      this.log.verbose("Upstart supervision detected.");
      return "upstart";
    }
    if (environment.NOTIFY_SOCKET) {
      this.log.verbose("Systemd supervision detected.");
      return "systemd";
    }
    return "no";
  }

  private startUpstart(environment: NodeJS.ProcessEnv): boolean {
    if (!environment.UPSTART_JOB) {
      this.log.warning("upstart supervision requested, but UPSTART_JOB not found!");
      return false;
    }
    this.log.notice("supervised by upstart, will stop to signal readiness.");
    process.kill(process.pid, "SIGSTOP");
    delete environment.UPSTART_JOB;
    return true;
  }

  private startSystemd(): boolean {
    if (!this.send("STATUS=Redis is loading...\n")) return false;
    this.log.notice(
      "Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in " +
        "your service unit.",
    );
    return true;
  }

  /** Tells systemd something, if systemd supervises. */
  notify(message: string): void {
    if (this.active === "systemd") this.send(message);
  }

  private send(message: string): boolean {
    const path = process.env.NOTIFY_SOCKET;
    if (!path) {
      this.log.warning("systemd supervision error: NOTIFY_SOCKET not found!");
      return false;
    }
    const sent = sendDatagram(path, message);
    if (!sent) this.log.warning(`systemd supervision error: cannot send to ${path}`);
    return sent;
  }
}

/** Sends one datagram to a unix socket; "@" at the start of its path stands for the abstract name space. */
function sendDatagram(path: string, message: string): boolean {
  const socket = libc("socket");
  const sendto = libc("sendto");
  const close = libc("close");
  const name = Buffer.from(path);
  if (socket === null || sendto === null || close === null || name.length >= PATH_MAX) return false;
  const address = Buffer.alloc(PATH_OFFSET + name.length);
  address.writeUInt16LE(AF_UNIX);
  address.set(name, PATH_OFFSET);
  if (path.startsWith("@")) address[PATH_OFFSET] = 0;
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (Number(fd) < 0) return false;
  const bytes = Buffer.from(message);
  const sent = sendto(fd, ptr(bytes), bytes.length, MSG_NOSIGNAL, ptr(address), address.length);
  close(fd);
  return Number(sent) === bytes.length;
}
