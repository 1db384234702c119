/**
 * Random operations against a model: the thing under test and a plain JavaScript model (a Map, an array) do the same
 * operations, and a check compares them. A failure names the seed and the last operations, which is what a person
 * needs to repeat it.
 */

import { Random } from "./random";

export interface Operations {
  /** REDBUN_SEED in the environment takes its place. */
  readonly seed: number;
  readonly steps: number;
  /**
   * Operations by name, with a weight. An operation does the same to both sides, compares what they return, and may
   * return a text that says what it did.
   */
  readonly operations: Readonly<Record<string, readonly [weight: number, run: (random: Random) => string | undefined]>>;
  /** Compares the whole of both sides; runs after every `checkEvery` steps and at the end. */
  readonly check?: () => void;
  /** Default: 1,000. */
  readonly checkEvery?: number;
}

/** How many operations a failure shows. */
const SHOWN = 30;

/** Runs the operations; throws with seed, step and history when one of them or the check throws. */
export function runOperations(options: Operations): void {
  const seed = seedFromEnvironment(options.seed);
  const random = new Random(seed);
  const weights: Record<string, number> = {};
  for (const [name, [weight]] of Object.entries(options.operations)) weights[name] = weight;
  const history: string[] = [];
  for (let step = 1; step <= options.steps; step++) {
    const name = random.weighted(weights);
    try {
      const did = options.operations[name][1](random);
      history.push(did === undefined ? name : `${name} ${did}`);
      if (history.length > SHOWN) history.shift();
      if (step % (options.checkEvery ?? 1000) === 0 || step === options.steps) options.check?.();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const tail = history.map((line) => `  ${line}`).join("\n");
      throw new Error(`seed ${seed}, step ${step}, in ${name}: ${message}\nlast operations:\n${tail}`, { cause });
    }
  }
}

/** The seed to use: REDBUN_SEED when it is set, `seed` otherwise. */
export function seedFromEnvironment(seed: number): number {
  const given = process.env.REDBUN_SEED;
  return given === undefined || given === "" ? seed : Number(given);
}
