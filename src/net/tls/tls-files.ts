/**
 * Certificates and keys as TLS takes them: PEM text, read from the files that directives name. Errors have the form in
 * which Redis's log shows those of its TLS library.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { strerror } from "../../util/strerror";

/** The names of the certificates that a library looks up in a folder: the hash of a subject, and a number. */
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

/** What is wrong with a file, in the words of a TLS library. */
export class PemError extends Error {
  override readonly name = "PemError";
}

const NO_START_LINE = "error:0480006C:PEM routines::no start line";
const NO_CERTIFICATE = "error:05800088:x509 certificate routines::no certificate or crl found";

/** An error of the system, as a TLS library numbers it. */
function systemError(error: unknown): PemError {
  const errno = Math.abs((error as { errno?: number }).errno ?? 0);
  const number = (0x80000000 + errno).toString(16).toUpperCase();
  return new PemError(`error:${number}:system library::${strerror(error)}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw systemError(error);
  }
}

/** The certificates of a file: that of the server, and those between it and its authority. Throws a PemError. */
export function readCertificates(path: string): string {
  const pem = readText(path);
  if (!CERTIFICATE.test(pem)) throw new PemError(NO_START_LINE);
  return pem;
}

/** A private key, encrypted or not. Throws a PemError. */
export function readKey(path: string): string {
  const pem = readText(path);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new PemError(NO_START_LINE);
  return pem;
}

/**
 * The authorities of a file and of a folder ("" for none), a text each. An authority is never left to a default: where
 * this gives none, nobody is to be trusted. A folder is read as Redis's TLS library looks into it, by hashed names; but
 * all of it now, and not each certificate when it is needed. Throws a PemError.
 */
export function readAuthorities(file: string, folder: string): string[] {
  const authorities: string[] = [];
  if (file !== "") {
    const pem = readText(file);
    if (!CERTIFICATE.test(pem)) throw new PemError(NO_CERTIFICATE);
    authorities.push(pem);
  }
  if (folder === "") return authorities;
  for (const name of namesIn(folder)) {
    const pem = readText(join(folder, name));
    if (CERTIFICATE.test(pem)) authorities.push(pem);
  }
  if (authorities.length === 0) throw new PemError(NO_CERTIFICATE);
  return authorities;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => HASHED_NAME.test(name))
      .sort();
  } catch (error) {
    throw systemError(error);
  }
}

/** Whether a file holds parameters of a Diffie-Hellman key exchange. Throws a PemError when it cannot be read. */
export function hasDhParameters(path: string): boolean {
  return /-----BEGIN (?:X9\.42 )?DH PARAMETERS-----[A-Za-z0-9+/=\s]+-----END/.test(readText(path));
}
