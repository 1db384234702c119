/**
 * The eviction pool: the best candidates for eviction among all keys sampled so far, as in Redis's approximated LRU.
 * Each eviction looks at a few keys only; what was good but not the best stays here for the next, so that the victims
 * are nearly those that an exact order would give.
 *
 * A candidate is its database, the hash of its key and its entry, not a copy of the key. It may be gone by the time that
 * it is taken, and its block hold another entry: whoever takes it has to find it again by hash and ref.
 *
 * Sixteen places, sorted by score: the higher, the sooner evicted. The best is the last.
 */

export const POOL_SIZE = 16;

export class EvictionPool {
  /** Candidates. */
  size = 0;
  /** Of the candidate that take() returned last. */
  database = 0;
  hash = 0;
  ref = 0;
  score = 0;
  private readonly databases = new Int32Array(POOL_SIZE);
  private readonly hashes = new Int32Array(POOL_SIZE);
  private readonly refs = new Uint32Array(POOL_SIZE);
  private readonly scores = new Float64Array(POOL_SIZE);

  /** Puts a candidate at its place; the worst one goes if there are too many. One that is there already is not doubled. */
  offer(database: number, hash: number, ref: number, score: number): void {
    const { scores, size } = this;
    if (size === POOL_SIZE && score <= scores[0]) return;
    if (this.holds(database, ref)) return;
    let place = size;
    while (place > 0 && scores[place - 1] > score) place--;
    if (size < POOL_SIZE) {
      this.move(place, place + 1, size);
      this.size++;
    } else {
      place--;
      this.move(1, 0, place + 1);
    }
    this.databases[place] = database;
    this.hashes[place] = hash;
    this.refs[place] = ref;
    scores[place] = score;
  }

  private holds(database: number, ref: number): boolean {
    for (let i = 0; i < this.size; i++) {
      if (this.refs[i] === ref && this.databases[i] === database) return true;
    }
    return false;
  }

  /** Moves the candidates in [from, end) to `target`. */
  private move(from: number, target: number, end: number): void {
    this.databases.copyWithin(target, from, end);
    this.hashes.copyWithin(target, from, end);
    this.refs.copyWithin(target, from, end);
    this.scores.copyWithin(target, from, end);
  }

  /** Takes the best candidate out; false if there is none. */
  take(): boolean {
    if (this.size === 0) return false;
    const last = --this.size;
    this.database = this.databases[last];
    this.hash = this.hashes[last];
    this.ref = this.refs[last];
    this.score = this.scores[last];
    return true;
  }

  clear(): void {
    this.size = 0;
  }
}
