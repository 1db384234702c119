/**
 * The load of the crash test: numbered writes of one client, whose outcome is known for every number of them.
 *
 * Write i is of kind i mod KINDS, on keys that only this client uses, so the first n writes leave a state that can be
 * computed. A server that was killed must hold exactly that state for some n that is not below what it acknowledged: no
 * acknowledged write is lost, none is there in part, and none is there without those before it.
 */

import { isNull, items, type Reply, show, text } from "../support/reply";
import { encodeCommand, type RespClient } from "../support/resp-client";

/** ms that a key lives that expires; longer than any run. */
const LIFE_MS = 36_000_000;
/** How far the clocks of two processes may be from each other; a start takes longer. */
const CLOCK_MS = 50;

/** The bytes of large value i: different each time, often more than a page, and sometimes so much that writing it takes. */
function largeValue(i: number): string {
  const length = 200 + ((i * 7919) % 9000);
  return `${i}:`.padEnd(i % 37 === 0 ? length * 50 : length, String.fromCharCode(97 + (i % 26)));
}

/** The commands of write i, and how many writes of a kind make which state. */
interface Kind {
  commands(key: string, i: number): (string | number)[][];
  /** What makes the state `count` writes of this kind, the last of them write `last`, from the replies to `ask`. */
  ask(key: string, last: number): (string | number)[][];
  /** How many writes of this kind the server holds. */
  count(replies: readonly Reply[]): number;
  /** Whether the rest is as so many writes leave it. */
  fits(replies: readonly Reply[], count: number, last: number): boolean;
}

const number = (reply: Reply): number => (isNull(reply) ? 0 : Number(text(reply)));

const FIELDS = 40;
const LARGE = 7;

/** In order: write i is of kind i mod KINDS.length. */
const KINDS: readonly Kind[] = [
  {
    commands: (key) => [["INCR", key]],
    ask: (key) => [["GET", key]],
    count: ([value]) => number(value),
    fits: () => true,
  },
  {
    commands: (key, i) => [["RPUSH", key, i]],
    ask: (key) => [
      ["LLEN", key],
      ["LINDEX", key, -1],
    ],
    count: ([length]) => number(length),
    fits: ([, value], count, last) => count === 0 || number(value) === last,
  },
  {
    commands: (key, i) => [["HSET", key, `f${Math.floor(i / KINDS.length) % FIELDS}`, i, "n", i]],
    ask: (key) => [["HGETALL", key]],
    count: ([fields]) => {
      const texts = items(fields).map(text);
      const at = texts.indexOf("n");
      return at < 0 ? 0 : Math.floor(Number(texts[at + 1]) / KINDS.length) + 1;
    },
    fits: ([fields], count) => items(fields).length === (count === 0 ? 0 : 2 * (Math.min(count, FIELDS) + 1)),
  },
  {
    commands: (key, i) => [["ZADD", key, i, `m${i}`]],
    ask: (key) => [
      ["ZCARD", key],
      ["ZRANGE", key, -1, -1],
    ],
    count: ([size]) => number(size),
    fits: ([, members], count, last) => count === 0 || text(items(members)[0]) === `m${last}`,
  },
  {
    commands: (key, i) => [["XADD", key, "MAXLEN", "~", 500, `${i + 1}-1`, "n", i]],
    ask: (key) => [["XREVRANGE", key, "+", "-", "COUNT", 1]],
    count: ([entries]) => {
      const last = items(entries)[0];
      return last === undefined ? 0 : Math.floor((Number.parseInt(text(items(last)[0]), 10) - 1) / KINDS.length) + 1;
    },
    fits: () => true,
  },
  {
    commands: (key) => [["MULTI"], ["INCR", `${key}:a`], ["INCRBY", `${key}:b`, 3], ["EXEC"]],
    ask: (key) => [["MGET", `${key}:a`, `${key}:b`]],
    count: ([values]) => number(items(values)[0]),
    // All of a transaction, or nothing.
    fits: ([values], count) => number(items(values)[1]) === 3 * count,
  },
  {
    commands: (key, i) => [["SADD", key, `${i}:a`, `${i}:b`]],
    ask: (key) => [["SCARD", key]],
    count: ([size]) => Math.ceil(number(size) / 2),
    // Every write of the kind after this one takes a member away again.
    fits: () => true,
  },
  {
    commands: (key) => [
      ["SPOP", key.replace(/\d+$/, String(MEMBERS)), 1],
      ["INCR", key],
    ],
    ask: (key) => [["GET", key]],
    count: ([value]) => number(value),
    fits: () => true,
  },
  {
    commands: (key, i) => [["SET", key, i, "PX", LIFE_MS]],
    ask: (key) => [
      ["GET", key],
      ["PEXPIRETIME", key],
    ],
    count: ([value]) => (isNull(value) ? 0 : Math.floor(number(value) / KINDS.length) + 1),
    // A life that began again at the start would end too late; see also `lives`.
    fits: ([, at], count) => count === 0 || number(at) > 0,
  },
  {
    commands: (key) => [["INCRBYFLOAT", key, "0.5"]],
    ask: (key) => [["GET", key]],
    count: ([value]) => number(value) * 2,
    fits: () => true,
  },
  {
    commands: (key, i) => [
      ["SET", `${key}:${i % LARGE}`, largeValue(i)],
      ["SET", `${key}:last`, i],
    ],
    ask: (key, last) => [
      ["GET", `${key}:last`],
      ["GET", `${key}:${last % LARGE}`],
    ],
    count: ([value]) => (isNull(value) ? 0 : Math.floor(number(value) / KINDS.length) + 1),
    fits: ([, value], count, last) => count === 0 || text(value) === largeValue(last),
  },
];

/** Positions of kinds of which more has to be known. */
const MEMBERS = 6;
const POP = 7;
const EXPIRING = 8;

/** How many of the first n writes are of kind k, and which is the last of them. */
function countOf(k: number, n: number): number {
  return Math.floor((n - k + KINDS.length - 1) / KINDS.length);
}

function lastOf(k: number, n: number): number {
  return (countOf(k, n) - 1) * KINDS.length + k;
}

/** One client's writes over all starts of the server. */
export class Workload {
  /** Writes that were sent, and how many of them were answered. */
  sent = 0;
  acknowledged = 0;
  /** When the last write with a life was answered, ms: its key must not live longer than from then on. */
  private lives = 0;

  constructor(private readonly name: string) {}

  private key(k: number): string {
    return `${this.name}:${k}`;
  }

  /** Sends `count` more writes in one go, and waits for all replies. Rejects when the connection ends. */
  async write(client: RespClient, count: number): Promise<void> {
    const commands: (string | number)[][] = [];
    const replies: number[] = [];
    const first = this.sent;
    for (let i = first; i < first + count; i++) {
      const those = KINDS[i % KINDS.length].commands(this.key(i % KINDS.length), i);
      commands.push(...those);
      replies.push(those.length);
    }
    this.sent += count;
    client.send(Buffer.concat(commands.map(encodeCommand)));
    const answers = commands.map(() => client.readReply());
    // Whoever is not waited for when the connection ends is no failure.
    for (const answer of answers) answer.catch(() => {});
    let at = 0;
    for (let i = 0; i < count; i++) {
      for (let left = replies[i]; left > 0; left--) {
        const reply = await answers[at];
        if (reply.type === "error") throw new WriteRefused(`${commands[at].join(" ")}: ${reply.value}`);
        at++;
      }
      this.acknowledged = first + i + 1;
      if ((first + i) % KINDS.length === EXPIRING) this.lives = Date.now();
    }
  }

  /**
   * Looks at what a server holds after it was killed: goes on from there, and returns how many writes it holds that it had
   * not acknowledged. Throws where it does not hold what it acknowledged, or something else.
   */
  async check(client: RespClient): Promise<number> {
    const counts: number[] = [];
    for (let k = 0; k < KINDS.length; k++) counts.push(await this.countOfKind(client, k));
    const popped = counts[POP];
    // The set holds two members for each write of one kind, less one for each of the next, whose first command alone may
    // be there.
    counts[MEMBERS] = Math.ceil((number((await this.ask(client, MEMBERS, 0))[0]) + popped) / 2);
    const n = this.prefix(counts);
    if (n < this.acknowledged) {
      throw new Lost(`${this.name}: ${this.acknowledged} writes were acknowledged, ${n} are there (${counts})`);
    }
    await this.checkStates(client, n, counts);
    const more = n - this.acknowledged;
    this.acknowledged = n;
    this.sent = n;
    return more;
  }

  private async countOfKind(client: RespClient, k: number): Promise<number> {
    return KINDS[k].count(await this.ask(client, k, 0));
  }

  private ask(client: RespClient, k: number, last: number): Promise<Reply[]> {
    return client.pipeline(KINDS[k].ask(this.key(k), last));
  }

  /** The number of writes that leaves these counts, the same for all kinds. */
  private prefix(counts: readonly number[]): number {
    let n = this.sent;
    while (n > 0 && KINDS.some((_, k) => countOf(k, n) > counts[k])) n--;
    if (KINDS.some((_, k) => countOf(k, n) !== counts[k])) {
      throw new Lost(`${this.name}: no number of writes leaves ${counts} (${this.acknowledged} to ${this.sent} sent)`);
    }
    return n;
  }

  private async checkStates(client: RespClient, n: number, counts: readonly number[]): Promise<void> {
    for (let k = 0; k < KINDS.length; k++) {
      const last = counts[k] === 0 ? 0 : lastOf(k, n);
      const replies = await this.ask(client, k, last);
      if (KINDS[k].fits(replies, counts[k], last)) continue;
      throw new Lost(`${this.name}: kind ${k} after ${n} writes: ${replies.map(show).join(" ").slice(0, 300)}`);
    }
    await this.checkLife(client, counts[EXPIRING]);
  }

  /** The life of the key that expires did not begin again with the server. */
  private async checkLife(client: RespClient, count: number): Promise<void> {
    if (count === 0) return;
    const at = number(await client.call("PEXPIRETIME", this.key(EXPIRING)));
    // A write that was not acknowledged may have been later; not by more than the time until the kill.
    if (this.lives > 0 && countOf(EXPIRING, this.acknowledged) === count && at > this.lives + LIFE_MS + CLOCK_MS) {
      throw new Lost(`${this.name}: a key lives ${at - this.lives - LIFE_MS} ms longer than it should`);
    }
  }
}

/** Something that was acknowledged is not there. */
export class Lost extends Error {}

/** A write was answered with an error. */
export class WriteRefused extends Error {}
