/**
 * Certificates for tests of TLS, made by the openssl program: an authority, and certificates that it has signed. Keys are
 * of an elliptic curve, so that making them takes no time.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

let warned = false;

/** True where certificates can be made. Where not, prints a visible line; with CI=true that is an error. */
export function requireOpenssl(): boolean {
  if (Bun.which("openssl") !== null) return true;
  if (process.env.CI === "true") throw new Error("no openssl on PATH: CI tests TLS");
  if (!warned) console.warn("SKIPPED: tests of TLS: no openssl on PATH");
  warned = true;
  return false;
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export class CertificateAuthority implements AsyncDisposable {
  /** Path of its own certificate. */
  readonly cert: string;
  private readonly key: string;

  private constructor(readonly folder: string) {
    this.cert = join(folder, "ca.crt");
    this.key = join(folder, "ca.key");
  }

  static async create(name = "Test Authority"): Promise<CertificateAuthority> {
    const ca = new CertificateAuthority(await mkdtemp(join(tmpdir(), "redbun-ca-")));
    await selfSigned(name, ca.key, ca.cert);
    return ca;
  }

  /** A certificate of this authority, for a client or for a server on this machine. */
  async issue(name: string): Promise<CertificateFiles> {
    const key = join(this.folder, `${name}.key`);
    const cert = join(this.folder, `${name}.crt`);
    const request = join(this.folder, `${name}.csr`);
    const extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    await openssl(["req", "-new", ...NEW_KEY, "-keyout", key, "-subj", `/CN=${name}`, "-out", request]);
    const signing = ["-CA", this.cert, "-CAkey", this.key, "-CAcreateserial", "-days", "2", "-extfile", "/dev/stdin"];
    await openssl(["x509", "-req", "-in", request, ...signing, "-out", cert], extensions);
    return { cert, key };
  }

  /** A copy of a private key that `password` encrypts. */
  async encrypt(key: string, password: string): Promise<string> {
    const path = `${key}.encrypted`;
    await openssl(["pkey", "-in", key, "-aes256", "-passout", `pass:${password}`, "-out", path]);
    return path;
  }

  /** A folder in which TLS libraries find this authority by the hash of its name. */
  async hashedFolder(): Promise<string> {
    const folder = join(this.folder, "hashed");
    const hash = (await openssl(["x509", "-in", this.cert, "-noout", "-hash"])).trim();
    await Bun.write(join(folder, `${hash}.0`), Bun.file(this.cert));
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

async function selfSigned(name: string, key: string, cert: string): Promise<void> {
  await openssl(["req", "-x509", ...NEW_KEY, "-keyout", key, "-subj", `/CN=${name}`, "-days", "2", "-out", cert]);
}

/** Runs openssl and returns what it prints. */
export async function openssl(args: readonly string[], stdin = ""): Promise<string> {
  const child = Bun.spawn(["openssl", ...args], { stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  return stdout;
}
