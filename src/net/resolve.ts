/**
 * A host name's IPv4 address, at once: CONFIG SET bind answers before the next command is served, and Redis binds a name
 * to its IPv4 address alone. Names go through libc's resolver, so that /etc/hosts and nsswitch.conf hold as for any
 * other program.
 *
 * struct addrinfo: int flags, family, socktype, protocol; u32 addrlen; then three pointers, of which `addr` is the
 * second on macOS and the first elsewhere, and `next` the last. struct sockaddr_in: the address is at byte 4.
 */

import { type Pointer, ptr, read } from "bun:ffi";
import { cText, libc } from "../util/libc";

const AF_INET = 2;
const SOCK_STREAM = 1;
const FAMILY = 4;
const SOCKTYPE = 8;
const ADDRINFO_BYTES = 48;
const ADDRESS = process.platform === "darwin" ? 32 : 24;
const IPV4 = 4;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$|:/;

/**
 * The address of `hostname`, "" where the resolver knows none, or null where there is no resolver to ask (and the name
 * goes to the runtime as it is). An IP address is its own.
 */
export function resolveIPv4(hostname: string): string | null {
  if (IP_ADDRESS.test(hostname)) return hostname;
  const getaddrinfo = libc("getaddrinfo");
  const freeaddrinfo = libc("freeaddrinfo");
  if (getaddrinfo === null || freeaddrinfo === null) return null;
  const hints = Buffer.alloc(ADDRINFO_BYTES);
  hints.writeInt32LE(AF_INET, FAMILY);
  hints.writeInt32LE(SOCK_STREAM, SOCKTYPE);
  const result = Buffer.alloc(8);
  if (getaddrinfo(ptr(cText(hostname)), null, ptr(hints), ptr(result)) !== 0) return "";
  const info = Number(result.readBigUInt64LE()) as Pointer;
  const address = read.ptr(info, ADDRESS) as Pointer;
  const bytes = [0, 1, 2, 3].map((i) => read.u8(address, IPV4 + i));
  freeaddrinfo(info);
  return bytes.join(".");
}
