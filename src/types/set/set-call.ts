/** What the handlers of set commands share: the set of an entry, and arguments as members. */

import type { Call } from "../../command/call";
import { ENCODING_HASHTABLE } from "../../db/entry";
import { type SetView, setsOf } from "./set";
import type { Member } from "./set-member";

/** The set of an entry, in the view for commands on one set. */
export function openSet(c: Call, ref: number): SetView {
  const { view } = setsOf(c.db.keyspace);
  openIn(c, view, ref);
  return view;
}

/** Opens the set of an entry in a view. */
export function openIn(c: Call, view: SetView, ref: number): void {
  const { entries } = c.db.keyspace;
  view.open(entries.encoding(ref), entries.valueWord(ref, 0));
}

/** Writes back to the entry what a change may have moved or converted. */
export function closeSet(c: Call, ref: number, set: SetView): void {
  const { entries } = c.db.keyspace;
  entries.setEncoding(ref, set.encoding);
  entries.setValueWord(ref, 0, set.root);
}

/** Argument i as a member; one at a time. */
export function member(c: Call, i: number): Member {
  const { argument } = setsOf(c.db.keyspace);
  argument.setText(c.buf, c.starts[i], c.ends[i]);
  return argument;
}

/** As member(), of a command on members that are arguments 2 and all behind it, one after the other. */
export function nextMember(c: Call, set: SetView, i: number): Member {
  if (set.encoding === ENCODING_HASHTABLE) c.hintMembers(set.table, i, 2, 1);
  return member(c, i);
}

/** Writes all members, without the header before them. */
export function replyMembers(c: Call, set: SetView): void {
  const { reply } = c;
  set.each((each) => {
    each.reply(reply);
    return true;
  });
}
