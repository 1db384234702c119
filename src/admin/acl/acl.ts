/**
 * The users of a server: who may log in, and what happens to clients whose user changes.
 *
 * The default user is one object for the whole life of a server. Every other user that ACL LOAD or ACL DELUSER replaces
 * or removes takes its connections with it: they are ended, and are nobody's until they are.
 */

import { ACL_UNKNOWN_COMMAND, aclModifier, aclUnmatchedParenthesis } from "../../resp/errors";
import { bytesOfArguments, type Request } from "../../resp/request";
import type { Client, ClientRegistry } from "../../session/client";
import type { Clock } from "../../util/clock";
import { secureBytes } from "../../util/random";
import { strerror } from "../../util/strerror";
import { decodeUtf8 } from "../../util/utf8";
import type { Config } from "../config/config";
import type { Logger } from "../process/logger";
import { parseAclFile, readAclFile, replaceAclFile } from "./acl-file";
import { AclLog, type Denial } from "./acl-log";
import { type AclContext, type CommandCatalog, hasSpaces, matchesChannel } from "./selector";
import { DEFAULT_USER, mergeSelectors, User } from "./user";

export interface AclParts {
  readonly commands: CommandCatalog;
  readonly config: Config;
  readonly clients: ClientRegistry;
  readonly log: Logger;
  readonly clock: Clock;
  /** A client as CLIENT LIST shows it. */
  readonly describe: (client: Client, argumentBytes: number) => string;
}

/** What new users are made for, by this configuration. */
export function aclContext(commands: CommandCatalog, config: Config, warn: AclContext["warn"]): AclContext {
  return {
    commands,
    get allChannels() {
      return config.aclPubsubDefault === "allchannels";
    },
    warn,
  };
}

export class Acl {
  readonly defaultUser: User;
  readonly log = new AclLog();
  readonly context: AclContext;
  private users = new Map<string, User>();
  /** Who runs what is not a client's: it may do everything, whatever the rules are. */
  readonly superuser: User;
  /** Takes as long to compare with as a user that there is. */
  private readonly nobody: User;

  constructor(private readonly parts: AclParts) {
    this.context = aclContext(parts.commands, parts.config, (message) => parts.log.warning(message));
    this.defaultUser = User.createDefault(this.context);
    this.users.set(DEFAULT_USER, this.defaultUser);
    this.nobody = new User("", this.context);
    this.superuser = User.createDefault(this.context);
    this.nobody.apply(`#${secureBytes(32).toHex()}`);
  }

  // --- users -------------------------------------------------------------------------------------------------------

  /** A user by its name (latin1). */
  get(name: string): User | undefined {
    return this.users.get(name);
  }

  /** All users, by the bytes of their names. */
  all(): User[] {
    return [...this.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A line a user, as ACL LIST and files have them. */
  lines(): string[] {
    return this.all().map((user) => `user ${user.name} ${user.description()}`);
  }

  /** ACL SETUSER: changes a user, or makes one. All rules are applied or none: returns what is wrong. */
  set(name: string, args: readonly string[]): string | null {
    const merged = mergeSelectors(args);
    if ("unmatched" in merged) return aclUnmatchedParenthesis(args[merged.unmatched]);
    const user = this.users.get(name);
    const changed = new User(name, this.context);
    if (user !== undefined) changed.copyFrom(user);
    for (const rule of merged.rules) {
      const error = changed.apply(rule);
      if (error !== null) return aclModifier(rule, error);
    }
    if (user === undefined) {
      this.users.set(name, changed);
      return null;
    }
    const revoked = this.clientsToRevoke(user, changed);
    user.copyFrom(changed);
    for (const client of revoked) this.disconnect(client);
    return null;
  }

  /** ACL DELUSER of one user that is not the default user; false if there is none. */
  delete(name: string): boolean {
    const user = this.users.get(name);
    if (user === undefined) return false;
    this.users.delete(name);
    this.disconnectAll(new Set([user]));
    return true;
  }

  // --- clients -----------------------------------------------------------------------------------------------------

  /** Whether a new connection has to authenticate. */
  get authenticationRequired(): boolean {
    return !this.defaultUser.noPassword || !this.defaultUser.enabled;
  }

  /** The user of this name and password, or null; how long that takes tells nothing. */
  authenticate(name: string, password: Uint8Array): User | null {
    const user = this.users.get(name);
    return (user ?? this.nobody).accepts(password) && user !== undefined ? user : null;
  }

  /** The requirepass directive: the default user's only password, or none for "". */
  setDefaultPassword(password: string): void {
    this.defaultUser.apply("resetpass");
    this.defaultUser.apply(password === "" ? "nopass" : `>${password}`);
  }

  /** Notes what was denied to a client, and in which request. */
  deny(client: Client, request: Request, denial: Denial): void {
    const { clock, config, describe } = this.parts;
    const line = (): string => describe(client, bytesOfArguments(request));
    this.log.add(denial, clock.now(), config.acllogMaxLen, line);
  }

  /** Ends the connection of a client whose user is gone: until then it may do nothing. */
  private disconnect(client: Client): void {
    client.user = this.defaultUser;
    client.authenticated = false;
    // Whoever has done it gets the reply.
    if (client.isRunning) client.closing = true;
    else client.transport.close();
  }

  private disconnectAll(users: ReadonlySet<User>): void {
    for (const client of [...this.parts.clients.all()]) {
      if (users.has(client.user)) this.disconnect(client);
    }
  }

  /** Clients of a user that listen to what its new rules do not allow any more. */
  private clientsToRevoke(user: User, next: User): Client[] {
    if (next.selectors.some((selector) => selector.allChannels)) return [];
    const upcoming = next.selectors.flatMap((selector) => selector.channels);
    const keepsAll = user.selectors.every(
      (selector) =>
        !selector.allChannels && selector.channels.every((old) => upcoming.some((pattern) => pattern.equals(old))),
    );
    if (keepsAll) return [];
    return [...this.parts.clients.all()].filter((client) => client.user === user && !mayListen(client, upcoming));
  }

  // --- files -------------------------------------------------------------------------------------------------------

  /** Takes the users of the configuration, or of its ACL file. Returns the log line with which the start ends, or null. */
  loadAtStart(): string | null {
    const { config, log } = this.parts;
    if (config.aclfile !== "" && config.userDirectives.length > 0) {
      return (
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This " +
        "setup is very likely to lead to configuration errors and security holes, please define either an ACL file or " +
        "declare users directly in your redis.conf, but not both."
      );
    }
    for (const line of config.userDirectives) {
      const error = this.loadConfigured(line);
      if (error === null) continue;
      log.warning(error);
      return "Critical error while loading ACLs. Exiting.";
    }
    if (config.aclfile === "") return null;
    const errors = this.loadFile();
    return errors === null ? null : `Aborting Redis startup because of ACL errors: ${errors}`;
  }

  /** Takes one `user` line of the configuration; returns what is wrong with it. */
  private loadConfigured([name, ...args]: readonly string[]): string | null {
    if (hasSpaces(name)) return "Spaces not allowed in ACL usernames";
    const user = this.users.get(name) ?? new User(name, this.context);
    user.apply("reset");
    this.users.set(name, user);
    const merged = mergeSelectors(args);
    for (const rule of "rules" in merged ? merged.rules : []) {
      const error = user.apply(rule);
      if (error !== null) return `Error loading ACL rule '${rule}' for the user named '${name}': ${error}`;
    }
    if (!user.enabled) {
      this.parts.log.notice(
        `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a ` +
          "configuration error.",
      );
    }
    return null;
  }

  private get path(): string {
    const { config } = this.parts;
    const path = decodeUtf8(config.aclfile);
    return path.startsWith("/") ? path : `${decodeUtf8(config.dir)}/${path}`;
  }

  /** ACL LOAD: the users of the ACL file in the place of all others; or nothing changes, and all errors are returned. */
  loadFile(): string | null {
    const { aclfile } = this.parts.config;
    let text: string;
    try {
      text = readAclFile(this.path);
    } catch (error) {
      return `Error loading ACLs, opening file '${aclfile}': ${strerror(error)}`;
    }
    const { users, errors } = parseAclFile(text, aclfile, this.context);
    if (errors !== "") {
      return `${errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
    }
    this.replaceAll(users);
    return null;
  }

  private replaceAll(users: Map<string, User>): void {
    const gone = new Set(this.users.values());
    gone.delete(this.defaultUser);
    this.defaultUser.copyFrom(users.get(DEFAULT_USER) ?? User.createDefault(this.context));
    this.users = users.set(DEFAULT_USER, this.defaultUser);
    this.disconnectAll(gone);
  }

  /** ACL SAVE; false, with the reason in the log, if it could not be written. */
  saveFile(): boolean {
    try {
      replaceAclFile(this.path, this.lines());
      return true;
    } catch (error) {
      this.parts.log.warning((error as Error).message);
      return false;
    }
  }
}

/** Checks a `user` line of the configuration before there is a server: the argument that is wrong, and why. */
export function checkUserLine(
  args: readonly string[],
  earlier: readonly (readonly string[])[],
  context: AclContext,
): { argument: string; message: string } | null {
  // Redis counts from the word "user" on, but the rules from the first one: it names the argument two before the wrong one.
  const line = ["user", ...args];
  if (earlier.some(([name]) => name === args[0])) return { argument: args[0], message: ACL_DUPLICATE_USER };
  const merged = mergeSelectors(args.slice(1));
  if ("unmatched" in merged) return { argument: line[merged.unmatched], message: ACL_WRONG_FORMAT };
  const user = new User(args[0], context);
  for (let i = 0; i < merged.rules.length; i++) {
    const error = user.apply(merged.rules[i]);
    // What is not known might be so by the time that users are loaded.
    if (error !== null && error !== ACL_UNKNOWN_COMMAND) return { argument: line[i], message: error };
  }
  return null;
}

const ACL_DUPLICATE_USER = "Duplicate user found. A user can only be defined once in config files";
const ACL_WRONG_FORMAT = "Wrong format";

/** Whether all that a client listens to is in a list of allowed channels. */
function mayListen({ subscriptions }: Client, allowed: readonly Buffer[]): boolean {
  if (subscriptions === null) return true;
  for (const kind of ["patterns", "channels", "shardChannels"] as const) {
    for (const { key } of subscriptions[kind]) {
      if (!matchesChannel(allowed, key, 0, key.length, kind === "patterns")) return false;
    }
  }
  return true;
}
