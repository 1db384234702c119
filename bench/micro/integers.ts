/** 64-bit integers: reading, writing, adding. */

import { addInt64, int64, parseInt64, parseSafeInt, writeInt64, writeNumber } from "../../src/util/integers";
import { Random } from "../../test/support/random";
import { type MicroCase, mix, SEED } from "./case";

const BATCH = 1000;
const FIELD = 24;

/** Decimal texts of so many digits, in fields of equal width, and the end of each. */
function texts(digits: number): { buf: Buffer; ends: Int32Array } {
  const random = new Random(SEED);
  const buf = Buffer.alloc(BATCH * FIELD);
  const ends = new Int32Array(BATCH);
  for (let i = 0; i < BATCH; i++) {
    const text = random.string(1, "12345678") + random.string(digits - 1, "0123456789");
    ends[i] = i * FIELD + buf.write(text, i * FIELD, "latin1");
  }
  return { buf, ends };
}

export function* integerSuite(): Generator<MicroCase> {
  for (const digits of [1, 5, 10, 19]) {
    const { buf, ends } = texts(digits);
    const run = (): number => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        if (parseInt64(buf, i * FIELD, ends[i])) sum = mix(sum, int64.hi ^ int64.lo);
      }
      return sum;
    };
    yield { name: `parseInt64, ${digits} digits`, operations: BATCH, run };
  }
  const short = texts(5);
  yield {
    name: "parseSafeInt, 5 digits",
    operations: BATCH,
    run: () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) sum = mix(sum, parseSafeInt(short.buf, i * FIELD, short.ends[i]));
      return sum;
    },
  };
  const out = Buffer.alloc(FIELD);
  for (const [name, hi] of [
    ["5 digits", 0],
    ["19 digits", 0x7fff0000],
  ] as const) {
    yield {
      name: `writeInt64, ${name}`,
      operations: BATCH,
      run: () => {
        let sum = 0;
        for (let i = 0; i < BATCH; i++) sum = mix(sum, writeInt64(hi, 10_000 + i, out, 0) + out[1]);
        return sum;
      },
    };
  }
  yield {
    name: "writeNumber, 5 digits",
    operations: BATCH,
    run: () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) sum = mix(sum, writeNumber(10_000 + i, out, 0) + out[1]);
      return sum;
    },
  };
  yield {
    name: "addInt64",
    operations: BATCH,
    run: () => {
      let sum = 0;
      for (let i = 0; i < BATCH; i++) {
        if (addInt64(i, 0xfffffff0 + (i & 15), 1, i)) sum = mix(sum, int64.hi ^ int64.lo);
      }
      return sum;
    },
  };
}
