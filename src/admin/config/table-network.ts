/** Directives of listeners, connections, their limits, and TLS. */

import {
  choice,
  EFFECTIVE,
  flag,
  IMMUTABLE,
  INT_MAX,
  INT64_MAX,
  int,
  memory,
  memoryOrPercent,
  octal,
  SENSITIVE,
  type TextOptions,
  text,
  UINT_MAX,
  VOLATILE,
} from "./directive";
import { bind, clientOutputBufferLimit } from "./special";

const PORT_MAX = 65535;
const UNSET: TextOptions = { unsetWhenEmpty: true };
const TLS_PASSWORD: TextOptions = { unsetWhenEmpty: true, flags: EFFECTIVE | SENSITIVE };
const TLS_TEXT: TextOptions = { unsetWhenEmpty: true, flags: EFFECTIVE };
/** A file that may have changed although its name has not. */
const TLS_FILE: TextOptions = { unsetWhenEmpty: true, flags: VOLATILE | EFFECTIVE };
/** The same, of a file that is read and checked, but that nothing uses. */
const IDLE_TLS_FILE: TextOptions = { unsetWhenEmpty: true, flags: VOLATILE };

export const networkDirectives = {
  bind,
  port: int(6379, 0, PORT_MAX, EFFECTIVE),
  "protected-mode": flag(true, EFFECTIVE),
  unixsocket: text("", { unsetWhenEmpty: true, flags: IMMUTABLE | EFFECTIVE }),
  unixsocketperm: octal(0, 0, 0o777, IMMUTABLE | EFFECTIVE),
  "tcp-backlog": int(511, 0, INT_MAX, IMMUTABLE | EFFECTIVE),
  "tcp-keepalive": int(300, 0, INT_MAX, EFFECTIVE),
  timeout: int(0, 0, INT_MAX, EFFECTIVE),
  maxclients: int(10000, 1, UINT_MAX, EFFECTIVE),
  "socket-mark-id": int(0, 0, UINT_MAX, IMMUTABLE | EFFECTIVE),
  "bind-source-addr": text("", UNSET),
  "proto-max-bulk-len": memory(512 * 1024 * 1024, 1024 * 1024, INT64_MAX, EFFECTIVE),
  "client-query-buffer-limit": memory(1024 * 1024 * 1024, 1024 * 1024, INT64_MAX, EFFECTIVE),
  "client-output-buffer-limit": clientOutputBufferLimit,
  "maxmemory-clients": memoryOrPercent(0, 100, EFFECTIVE),
  "tracking-table-max-keys": int(1000000, 0, INT64_MAX, EFFECTIVE),
  "tls-port": int(0, 0, PORT_MAX, EFFECTIVE),
  // Sessions are kept by clients, as tickets: there is no cache that could have a size.
  "tls-session-cache-size": int(20 * 1024, 0, INT_MAX),
  "tls-session-cache-timeout": int(300, 0, INT_MAX, EFFECTIVE),
  "tls-cluster": flag(false, EFFECTIVE),
  "tls-replication": flag(false),
  "tls-auth-clients": choice(["no", "yes", "optional"], "yes", EFFECTIVE),
  "tls-prefer-server-ciphers": flag(false, EFFECTIVE),
  "tls-session-caching": flag(true, EFFECTIVE),
  "tls-cert-file": text("", TLS_FILE),
  "tls-key-file": text("", TLS_FILE),
  "tls-key-file-pass": text("", TLS_PASSWORD),
  "tls-client-cert-file": text("", TLS_FILE),
  "tls-client-key-file": text("", TLS_FILE),
  "tls-client-key-file-pass": text("", TLS_PASSWORD),
  "tls-dh-params-file": text("", IDLE_TLS_FILE),
  "tls-ca-cert-file": text("", TLS_FILE),
  "tls-ca-cert-dir": text("", TLS_FILE),
  "tls-protocols": text("", TLS_TEXT),
  "tls-ciphers": text("", TLS_TEXT),
  "tls-ciphersuites": text("", TLS_TEXT),
  // redbun's own: Redis has no such directive.
  "metrics-port": int(0, 0, PORT_MAX, EFFECTIVE),
} as const;
