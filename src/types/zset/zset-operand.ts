/**
 * The operands of ZUNION, ZINTER and ZDIFF: sorted sets, and plain sets, whose members all have the score 1. An operand
 * that is missing is an empty one.
 */

import { ENCODING_LISTPACK, TYPE_SET } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { SetView } from "../set/set";
import { Member } from "../set/set-member";
import { SortedSet } from "./zset";

/** Members of a large sorted set that are visited at a time, before it is asked whether to go on. */
const SCAN_STEP = 64;

const KIND_MISSING = 0;
const KIND_ZSET = 1;
const KIND_SET = 2;

/** Visits one member, and returns whether to go on. */
export type ScoredVisit = (member: Member, score: number) => boolean;

export class Operand {
  weight = 1;
  /** The entry's value word; 0 for an operand that is missing. Operands of the same root are the same. */
  root = 0;
  private kind = KIND_MISSING;
  private readonly zset: SortedSet;
  private readonly set: SetView;
  /** The member that each() is at. */
  private readonly current: Member;

  constructor(private readonly keyspace: Keyspace) {
    this.zset = new SortedSet(keyspace);
    this.set = new SetView(keyspace);
    this.current = new Member(keyspace.hasher);
  }

  /** Looks at the set or sorted set of an entry, or at nothing for 0. */
  open(ref: number): void {
    const { entries } = this.keyspace;
    this.weight = 1;
    this.root = ref === 0 ? 0 : entries.valueWord(ref, 0);
    if (ref === 0) this.kind = KIND_MISSING;
    else this.kind = entries.type(ref) === TYPE_SET ? KIND_SET : KIND_ZSET;
    if (this.kind === KIND_SET) this.set.open(entries.encoding(ref), this.root);
    else if (this.kind === KIND_ZSET) this.zset.open(entries.encoding(ref), this.root);
  }

  get size(): number {
    if (this.kind === KIND_ZSET) return this.zset.size;
    return this.kind === KIND_SET ? this.set.size : 0;
  }

  /** Score of a member; NaN if it is missing. */
  scoreOf(member: Member): number {
    if (this.kind === KIND_SET) return this.set.has(member) ? 1 : Number.NaN;
    if (this.kind === KIND_MISSING) return Number.NaN;
    const { zset } = this;
    member.text();
    if (zset.encoding === ENCODING_LISTPACK) return zset.scoreOf(member.buf, member.start, member.end);
    return zset.indexed.scoreOf(member.hashed(), member.buf, member.start, member.end);
  }

  /** Visits each member until a visit returns false. */
  each(visit: ScoredVisit): void {
    if (this.kind === KIND_SET) this.set.each((member) => visit(member, 1));
    else if (this.kind === KIND_ZSET && this.zset.encoding === ENCODING_LISTPACK) this.eachPacked(visit);
    else if (this.kind === KIND_ZSET) this.eachIndexed(visit);
  }

  private eachPacked(visit: ScoredVisit): void {
    const { current, zset } = this;
    for (let more = zset.seek(0); more; more = zset.next()) {
      current.setText(zset.bytes, zset.at, zset.at + zset.length);
      if (!visit(current, zset.score)) return;
    }
  }

  /** In the order of hashes: so a dict of the result is filled, or another one is searched, from its beginning to its end. */
  private eachIndexed(visit: ScoredVisit): void {
    const { current } = this;
    const { blocks, dict } = this.zset.indexed;
    let goesOn = true;
    const take = (ref: number, hash: number): void => {
      if (!goesOn) return;
      blocks.locate(ref);
      current.setHashedText(blocks.bytes, blocks.at, blocks.at + blocks.length, hash);
      goesOn = visit(current, blocks.score(ref));
    };
    let position = 0;
    do position = dict.scan(position, SCAN_STEP, take);
    while (goesOn && position !== 0);
  }
}
