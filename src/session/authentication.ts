/**
 * Who a client may be: the default user and its password, the requirepass directive.
 *
 * Only the password's SHA-256 digest is kept here, and digests are compared in constant time, so neither a core dump of
 * this object nor the time an attempt takes tells anything about the password.
 */

export const DEFAULT_USER = "default";

export class Authentication {
  private digest: Buffer | null = null;

  /** Sets the default user's password (latin1 text); "" lets everybody in. */
  setPassword(password: string): void {
    this.digest = password === "" ? null : sha256(Buffer.from(password, "latin1"));
  }

  /** Whether a new connection has to authenticate. */
  get required(): boolean {
    return this.digest !== null;
  }

  /** Whether there is such a user. */
  knows(user: string): boolean {
    return user === DEFAULT_USER;
  }

  /** Whether this is the password of this user. Any is, for a default user without one. */
  accepts(user: string, password: Uint8Array): boolean {
    if (!this.knows(user)) return false;
    return this.digest === null || crypto.timingSafeEqual(sha256(password), this.digest);
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
