/**
 * Who hears of changes: WATCH, blocked clients, client tracking, keyspace notifications. Each listens only while it has
 * somebody to tell, so that a change costs one comparison with null as long as nobody does, one direct call where there
 * is one listener, and a loop where there are several.
 *
 * A hook is called in the middle of a command. It does not look keys up, for that would move the slot that the command
 * has just found, and it changes nothing: it notes what has to happen, and it happens after the command. Keys are byte
 * ranges that are valid during the call only.
 */

import type { Database } from "./database";

export interface KeyspaceHooks {
  /** Whether it publishes events to clients: then it hears of a change after the others. */
  readonly publishes?: boolean;
  /** A command changed this key. `event` is the name of the keyspace event, such as "set". */
  keyChanged(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void;
  /** A keyspace event beside a change that was announced already: SET's "expire" after its "set". */
  keyEvent(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void;
  /** A key was deleted because its time had come. */
  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void;
  /** A key was deleted to make room. */
  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void;
  /** A key has come into being. The event of the command that made it comes after this. */
  keyCreated(db: Database, key: Uint8Array, start: number, end: number): void;
  /** A command wanted to read a key that does not exist. */
  keyMissed(db: Database, key: Uint8Array, start: number, end: number): void;
  /** All keys of a database are about to be removed; they may still be looked up. `all`: those of all databases are. */
  flushing(db: Database, all: boolean): void;
  /** Two databases are about to exchange their contents. They may be the same one. */
  swapping(a: Database, b: Database): void;
}

/** Who hears of keys and fields that are gone although nobody has deleted them; the rules are the same. */
export interface RemovalHooks {
  /** A key was deleted because its time had come, or to make room; `later`: its memory is freed in the background. */
  keyRemoved(db: Database, key: Uint8Array, start: number, end: number, later: boolean): void;
  /** A field of the hash of this entry was deleted because its time had come. The hash may be empty now. */
  fieldExpired(db: Database, entry: number, field: Uint8Array, start: number, end: number): void;
}

/**
 * Several listeners as one. The list never changes: a listener may come or go while it is walked.
 *
 * Who publishes events comes last, so that a client which tracks keys and listens to their events hears of both in the
 * same order, whichever it began first: in Redis's, where it is the other way round for expiry.
 */
class Listeners implements KeyspaceHooks {
  constructor(readonly list: readonly KeyspaceHooks[]) {}

  keyChanged(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    for (const hooks of this.list) hooks.keyChanged(db, key, start, end, eventClass, event);
  }

  keyEvent(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    for (const hooks of this.list) hooks.keyEvent(db, key, start, end, eventClass, event);
  }

  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void {
    for (let i = this.list.length - 1; i >= 0; i--) this.list[i].keyExpired(db, key, start, end);
  }

  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void {
    for (const hooks of this.list) hooks.keyEvicted(db, key, start, end);
  }

  keyCreated(db: Database, key: Uint8Array, start: number, end: number): void {
    for (const hooks of this.list) hooks.keyCreated(db, key, start, end);
  }

  keyMissed(db: Database, key: Uint8Array, start: number, end: number): void {
    for (const hooks of this.list) hooks.keyMissed(db, key, start, end);
  }

  flushing(db: Database, all: boolean): void {
    for (const hooks of this.list) hooks.flushing(db, all);
  }

  swapping(a: Database, b: Database): void {
    for (const hooks of this.list) hooks.swapping(a, b);
  }
}

function listOf(hooks: KeyspaceHooks | null): readonly KeyspaceHooks[] {
  if (hooks === null) return [];
  return hooks instanceof Listeners ? hooks.list : [hooks];
}

function oneOf(list: readonly KeyspaceHooks[]): KeyspaceHooks | null {
  if (list.length === 0) return null;
  return list.length === 1 ? list[0] : new Listeners(list);
}

/** What there is with one listener more. */
export function withHooks(hooks: KeyspaceHooks | null, more: KeyspaceHooks): KeyspaceHooks | null {
  const list = [...listOf(hooks), more];
  return oneOf([...list.filter((each) => !each.publishes), ...list.filter((each) => each.publishes)]);
}

/** What there is with one listener less. */
export function withoutHooks(hooks: KeyspaceHooks | null, less: KeyspaceHooks): KeyspaceHooks | null {
  return oneOf(listOf(hooks).filter((each) => each !== less));
}
