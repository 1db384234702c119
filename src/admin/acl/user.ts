/**
 * A user: whether one may log in as it, with which passwords, and what its selectors allow.
 *
 * Of a password only the SHA-256 digest is kept. A check computes the digest of what was given and compares it with
 * every digest of the user in constant time, so the time of an attempt tells nothing about them.
 */

import { ACL_BAD_HASH, ACL_NO_SUCH_PASSWORD } from "../../resp/errors";
import { splitArgs } from "../../util/split-args";
import { type AclContext, cString, Selector } from "./selector";

export const DEFAULT_USER = "default";

const HASH = /^[0-9a-f]{64}$/;

export class User {
  /** One may log in as this user; who has done so before goes on. */
  enabled = false;
  /** Any password is right. */
  noPassword = false;
  /** RESTORE of its payloads need not look at them closely (sanitize-dump-payload clients). */
  skipSanitizePayload = false;
  passwords: Buffer[] = [];
  /** The root selector first. */
  selectors: Selector[];
  /** Everything is allowed: nothing has to be checked. */
  unrestricted = false;
  /** What description() has found, until something changes. */
  private text: string | null = null;

  /** A user that may do nothing. */
  constructor(
    readonly name: string,
    private readonly context: AclContext,
  ) {
    this.selectors = [new Selector(context)];
  }

  /** The user that every connection begins with: it may do everything, without a password. */
  static createDefault(context: AclContext): User {
    const user = new User(DEFAULT_USER, context);
    for (const rule of ["+@all", "~*", "&*", "on", "nopass"]) user.apply(rule);
    return user;
  }

  get root(): Selector {
    return this.selectors[0];
  }

  /** Takes over everything of another user but its name. */
  copyFrom(other: User): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.skipSanitizePayload = other.skipSanitizePayload;
    this.passwords = [...other.passwords];
    this.selectors = other.selectors.map((selector) => selector.copy());
    this.changed();
  }

  /** Whether this is a password of the user. */
  accepts(password: Uint8Array): boolean {
    const digest = sha256(password);
    let found = false;
    for (const known of this.passwords) {
      if (crypto.timingSafeEqual(digest, known)) found = true;
    }
    return this.enabled && (found || this.noPassword);
  }

  private changed(): void {
    this.unrestricted = this.selectors.some((selector) => selector.unrestricted);
    this.text = null;
  }

  // --- rules -------------------------------------------------------------------------------------------------------

  /** Applies a rule of ACL SETUSER (latin1); returns what is wrong with it, or null. */
  apply(rule: string): string | null {
    const error = this.applyRule(rule);
    this.changed();
    return error;
  }

  private applyRule(rule: string): string | null {
    if (rule === "") return null;
    switch (cString(rule).toLowerCase()) {
      case "on":
        this.enabled = true;
        return null;
      case "off":
        this.enabled = false;
        return null;
      case "skip-sanitize-payload":
        this.skipSanitizePayload = true;
        return null;
      case "sanitize-payload":
        this.skipSanitizePayload = false;
        return null;
      case "nopass":
        return this.resetPasswords(true);
      case "resetpass":
        return this.resetPasswords(false);
      case "clearselectors":
        this.selectors.length = 1;
        return null;
      case "reset":
        return this.reset();
    }
    switch (rule[0]) {
      case ">":
      case "#":
        return this.addPassword(rule);
      case "<":
      case "!":
        return this.removePassword(rule);
    }
    if (rule.startsWith("(") && rule.endsWith(")")) return this.addSelector(rule.slice(1, -1));
    return this.root.apply(rule);
  }

  private reset(): null {
    this.enabled = false;
    this.skipSanitizePayload = false;
    this.selectors = [new Selector(this.context)];
    return this.resetPasswords(false);
  }

  private resetPasswords(noPassword: boolean): null {
    this.noPassword = noPassword;
    this.passwords = [];
    return null;
  }

  private addPassword(rule: string): string | null {
    const digest = rule[0] === ">" ? sha256(Buffer.from(rule.slice(1), "latin1")) : digestOfHash(rule.slice(1));
    if (digest === null) return ACL_BAD_HASH;
    if (!this.passwords.some((known) => known.equals(digest))) this.passwords.push(digest);
    this.noPassword = false;
    return null;
  }

  private removePassword(rule: string): string | null {
    const digest = rule[0] === "<" ? sha256(Buffer.from(rule.slice(1), "latin1")) : digestOfHash(rule.slice(1));
    if (digest === null) return ACL_BAD_HASH;
    const index = this.passwords.findIndex((known) => known.equals(digest));
    if (index < 0) return ACL_NO_SUCH_PASSWORD;
    this.passwords.splice(index, 1);
    return null;
  }

  private addSelector(rules: string): string | null {
    const selector = new Selector(this.context);
    for (const rule of splitArgs(rules) ?? []) {
      const error = selector.apply(rule);
      if (error !== null) return error;
    }
    this.selectors.push(selector);
    return null;
  }

  // --- descriptions ------------------------------------------------------------------------------------------------

  /** The names of what the user is, in Redis's order. */
  get flags(): string[] {
    const flags = [this.enabled ? "on" : "off"];
    if (this.noPassword) flags.push("nopass");
    flags.push(this.skipSanitizePayload ? "skip-sanitize-payload" : "sanitize-payload");
    return flags;
  }

  /** The digests of the passwords, hexadecimal. */
  get hashes(): string[] {
    return this.passwords.map((digest) => digest.toString("hex"));
  }

  /** The rules that make this user, as ACL LIST and files have them. */
  description(): string {
    this.text ??= [
      ...this.flags,
      ...this.hashes.map((hash) => `#${hash}`),
      this.root.describe(),
      ...this.selectors.slice(1).map((selector) => `(${selector.describe()})`),
    ].join(" ");
    return this.text;
  }
}

function digestOfHash(hash: string): Buffer | null {
  return HASH.test(hash) ? Buffer.from(hash, "hex") : null;
}

function sha256(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}

/** Rules with each selector in one text, though it was given in several arguments; or where one begins and never ends. */
export type MergedRules = { readonly rules: string[] } | { readonly unmatched: number };

/** Joins the arguments of selectors: "(+get", "~a)" is "(+get ~a)". */
export function mergeSelectors(args: readonly string[]): MergedRules {
  const rules: string[] = [];
  let open = -1;
  let selector = "";
  args.forEach((arg, i) => {
    if (open >= 0) {
      selector += ` ${cString(arg)}`;
      if (!arg.endsWith(")")) return;
      rules.push(selector);
      open = -1;
    } else if (arg.startsWith("(") && !arg.endsWith(")")) {
      open = i;
      selector = arg;
    } else {
      rules.push(arg);
    }
  });
  return open < 0 ? { rules } : { unmatched: open };
}
