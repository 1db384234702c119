/**
 * Listpacks written out from scratch, with BigInt and nothing of src/: what the listpack of a list of texts looks like
 * in Redis. `test/memory/listpack.test.ts` holds it against bytes that a real Redis made.
 */

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** The listpack of these elements (latin1 texts). */
export function listpackBytes(elements: readonly string[]): Buffer {
  const body = Buffer.concat(elements.map(elementBytes));
  const header = Buffer.alloc(6);
  header.writeUInt32LE(6 + body.length + 1, 0);
  header.writeUInt16LE(Math.min(elements.length, 65535), 4);
  return Buffer.concat([header, body, Buffer.of(0xff)]);
}

function elementBytes(text: string): Buffer {
  const encoded = encode(text);
  return Buffer.concat([encoded, backLength(encoded.length)]);
}

function encode(text: string): Buffer {
  if (/^(0|-?[1-9][0-9]{0,18})$/.test(text)) {
    const value = BigInt(text);
    if (value >= INT64_MIN && value <= INT64_MAX) return encodeInteger(value);
  }
  const data = Buffer.from(text, "latin1");
  if (data.length < 64) return Buffer.concat([Buffer.of(0x80 + data.length), data]);
  if (data.length < 4096) {
    return Buffer.concat([Buffer.of(0xe0 + Math.floor(data.length / 256), data.length % 256), data]);
  }
  const head = Buffer.of(0xf0, 0, 0, 0, 0);
  head.writeUInt32LE(data.length, 1);
  return Buffer.concat([head, data]);
}

function encodeInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 127n) return Buffer.of(Number(value));
  if (value >= -4096n && value <= 4095n) {
    const bits = Number(BigInt.asUintN(13, value));
    return Buffer.of(0xc0 + Math.floor(bits / 256), bits % 256);
  }
  for (const [bytes, head] of [
    [2, 0xf1],
    [3, 0xf2],
    [4, 0xf3],
    [8, 0xf4],
  ]) {
    if (BigInt.asIntN(bytes * 8, value) === value) {
      const out = Buffer.of(head, 0, 0, 0, 0, 0, 0, 0, 0);
      out.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
      return out.subarray(0, 1 + bytes);
    }
  }
  throw new Error(`no 64-bit integer: ${value}`);
}

/** Seven bits a byte, the last one first; a length of 2^(7n) - 1 takes n + 1 of them if n > 1, as in Redis. */
function backLength(length: number): Buffer {
  const groups = [length % 128];
  for (let rest = Math.floor(length / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift(rest % 128);
  if ([2, 3, 4].some((n) => length === 2 ** (7 * n) - 1)) groups.unshift(0);
  return Buffer.from(groups.map((group, i) => (i === 0 ? group : group + 128)));
}
