/**
 * The TLS directives as settings of Bun's TLS, which is BoringSSL's. Each step is tried alone, so that the log says which
 * directive is wrong, in Redis's words where Redis refuses it too.
 *
 * What BoringSSL cannot do is refused here and never left out silently: a choice of TLS 1.3's cipher suites (it has
 * three, and they are fixed), and protocol versions with a gap between them. It has no cipher with a finite-field
 * Diffie-Hellman exchange either, so that parameters for one are checked, and then needed by nobody.
 */

import type { SecureContextOptions } from "node:tls";
import type { Config } from "../../admin/config/config";
import { strerror } from "../../util/strerror";
import { decodeUtf8 } from "../../util/utf8";
import { hasDhParameters, PemError, readAuthorities, readCertificates, readKey } from "./tls-files";

/** Options of the library, by their numbers there. */
const OP_NO_TICKET = 0x4000;
const OP_CIPHER_SERVER_PREFERENCE = 0x400000;

/** The directives cannot be followed. The message is the log line that says why. */
export class TlsError extends Error {
  override readonly name = "TlsError";
}

/** What both ends of a connection have: `tls` of Bun.listen and Bun.connect. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  readonly ca?: readonly string[];
  readonly ciphers?: string;
  /** Versions by their number in the protocol. */
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly secureOptions: number;
}

/** What a listener has besides. */
export interface TlsServerSettings extends TlsSettings {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  /** Seconds. */
  readonly sessionTimeout: number;
}

/** By name, in lower case and in ascending order. */
const VERSIONS: readonly (readonly [string, number])[] = [
  ["tlsv1", 0x301],
  ["tlsv1.1", 0x302],
  ["tlsv1.2", 0x303],
  ["tlsv1.3", 0x304],
];
const DEFAULT_VERSIONS = "TLSv1.2 TLSv1.3";

/** Those of TLS 1.3 that every connection offers. */
const SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/** The settings of the listeners. Throws a TlsError. */
export function serverSettings(config: Config): TlsServerSettings {
  const common = commonSettings(config, config.tlsCertFile, config.tlsKeyFile, config.tlsKeyFilePass);
  let { secureOptions } = common;
  if (config.tlsPreferServerCiphers) secureOptions |= OP_CIPHER_SERVER_PREFERENCE;
  // Sessions are tickets that clients keep: nothing of them is cached here.
  if (!config.tlsSessionCaching) secureOptions |= OP_NO_TICKET;
  return {
    ...common,
    secureOptions,
    requestCert: config.tlsAuthClients !== "no",
    // "optional" lets clients in that show none; who shows a wrong one is sent away after the handshake.
    rejectUnauthorized: config.tlsAuthClients === "yes",
    sessionTimeout: config.tlsSessionCacheTimeout,
  };
}

/** The settings of connections that the server opens itself: the client's certificate, or else the server's own. */
export function clientSettings(config: Config): TlsSettings {
  const { tlsClientCertFile, tlsClientKeyFile } = config;
  if (tlsClientCertFile === "" || tlsClientKeyFile === "") {
    return commonSettings(config, config.tlsCertFile, config.tlsKeyFile, config.tlsKeyFilePass);
  }
  return commonSettings(config, tlsClientCertFile, tlsClientKeyFile, config.tlsClientKeyFilePass);
}

/** Whether certificates of others have to be checked, for which there must be authorities. */
function checksOthers(config: Config): boolean {
  return config.tlsAuthClients !== "no" || config.tlsCluster || config.tlsReplication;
}

function commonSettings(config: Config, certFile: string, keyFile: string, passphrase: string): TlsSettings {
  if (config.tlsCertFile === "") throw new TlsError("No tls-cert-file configured!");
  if (config.tlsKeyFile === "") throw new TlsError("No tls-key-file configured!");
  if (checksOthers(config) && config.tlsCaCertFile === "" && config.tlsCaCertDir === "") {
    throw new TlsError(
      "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or " +
        "tls-auth-clients are enabled!",
    );
  }
  const versions = versionRange(config.tlsProtocols);
  const cert = attempt(`Failed to load certificate: ${certFile}`, () => {
    const pem = readCertificates(decodeUtf8(certFile));
    tryContext({ cert: pem });
    return pem;
  });
  const secret = passphrase === "" ? {} : { passphrase: decodeUtf8(passphrase) };
  const key = attempt(`Failed to load private key: ${keyFile}`, () => {
    const pem = readKey(decodeUtf8(keyFile));
    tryContext({ cert, key: pem, ...secret });
    return pem;
  });
  const ca = attempt("Failed to configure CA certificate(s) file/directory", () => {
    const authorities = readAuthorities(decodeUtf8(config.tlsCaCertFile), decodeUtf8(config.tlsCaCertDir));
    if (authorities.length > 0) tryContext({ ca: authorities });
    return authorities;
  });
  checkDhParameters(config.tlsDhParamsFile);
  checkSuites(config.tlsCiphersuites);
  return {
    cert,
    key,
    ...secret,
    ...(ca.length === 0 ? {} : { ca }),
    ...cipherList(config.tlsCiphers),
    ...versions,
    secureOptions: 0,
  };
}

/** Throws the library's error if these options make no context. The library is loaded only where TLS is used. */
function tryContext(options: SecureContextOptions): void {
  process.getBuiltinModule("node:tls").createSecureContext(options);
}

/** Runs a step; what fails is told as `<what>: <error>`. */
function attempt<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new TlsError(`${what}: ${error instanceof PemError ? error.message : strerror(error)}`);
  }
}

/** The lowest and the highest of the versions that are named. */
function versionRange(text: string): { minVersion: number; maxVersion: number } {
  const names = (text === "" ? DEFAULT_VERSIONS : text).split(" ");
  const chosen = new Set<number>();
  for (const name of names) {
    const index = VERSIONS.findIndex(([known]) => known === name.toLowerCase());
    if (index < 0) {
      throw new TlsError(
        "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.",
      );
    }
    chosen.add(index);
  }
  const first = Math.min(...chosen);
  const last = Math.max(...chosen);
  if (last - first + 1 !== chosen.size) {
    throw new TlsError(`Unsupported tls-protocols: '${text}' leaves out a version between two others`);
  }
  return { minVersion: VERSIONS[first][1], maxVersion: VERSIONS[last][1] };
}

/** Names that the library does not know are passed over as long as one is left. */
function cipherList(ciphers: string): { ciphers?: string } {
  if (ciphers === "") return {};
  try {
    tryContext({ ciphers });
  } catch {
    throw new TlsError(`Failed to configure ciphers: ${ciphers}`);
  }
  return { ciphers };
}

function checkSuites(text: string): void {
  if (text === "") return;
  const named = text.split(":").map((name) => name.toUpperCase());
  if (SUITES.every((suite) => named.includes(suite)) && named.every((name) => SUITES.includes(name))) return;
  throw new TlsError(
    `Failed to configure ciphersuites: ${text}: the ciphersuites of TLSv1.3 are always ${SUITES.join(":")}`,
  );
}

function checkDhParameters(shown: string): void {
  if (shown === "") return;
  let found: boolean;
  try {
    found = hasDhParameters(decodeUtf8(shown));
  } catch (error) {
    throw new TlsError(`Failed to load ${shown}: ${(error as Error).message.replace(/^.*::/, "")}`);
  }
  if (!found) throw new TlsError(`${shown}: failed to read DH params.`);
}
