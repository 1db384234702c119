/** Blocks of old Redis versions, made by hand for tests: ziplist and zipmap. */

type Element = string | bigint | number;

/** A ziplist of strings, and of integers in the shortest encoding that Redis chose. */
export function ziplist(elements: readonly Element[]): Buffer {
  const parts: Buffer[] = [];
  let before = 0;
  let total = 10;
  let tail = 10;
  for (const element of elements) {
    const part = Buffer.concat([previousLength(before), encoded(element)]);
    tail = total;
    parts.push(part);
    before = part.length;
    total += part.length;
  }
  const head = Buffer.alloc(10);
  head.writeUInt32LE(total + 1, 0);
  head.writeUInt32LE(tail, 4);
  head.writeUInt16LE(elements.length, 8);
  return Buffer.concat([head, ...parts, Buffer.from([0xff])]);
}

function previousLength(length: number): Buffer {
  if (length < 254) return Buffer.from([length]);
  const long = Buffer.alloc(5);
  long[0] = 254;
  long.writeUInt32LE(length, 1);
  return long;
}

function encoded(element: Element): Buffer {
  if (typeof element !== "string") return encodedInteger(BigInt(element));
  const text = Buffer.from(element, "latin1");
  const { length } = text;
  if (length < 0x40) return Buffer.concat([Buffer.from([length]), text]);
  if (length < 0x4000) return Buffer.concat([Buffer.from([0x40 | (length >>> 8), length & 0xff]), text]);
  const head = Buffer.alloc(5);
  head[0] = 0x80;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, text]);
}

function encodedInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 12n) return Buffer.from([0xf1 + Number(value)]);
  const kinds: readonly (readonly [bytes: number, encoding: number])[] = [
    [1, 0xfe],
    [2, 0xc0],
    [3, 0xf0],
    [4, 0xd0],
    [8, 0xe0],
  ];
  const [bytes, encoding] = kinds.find(([size]) => BigInt.asIntN(size * 8, value) === value) as [number, number];
  const out = Buffer.alloc(9);
  out[0] = encoding;
  out.writeBigInt64LE(value, 1);
  return out.subarray(0, 1 + bytes);
}

/** A zipmap of fields and values in turn; each value has `unused` bytes to spare. */
export function zipmap(texts: readonly string[], unused = 0): Buffer {
  const parts = texts.flatMap((text, i) => {
    const isValue = i % 2 === 1;
    const spare = isValue ? [Buffer.from([unused])] : [];
    return [previousLength(text.length), ...spare, Buffer.from(text, "latin1"), Buffer.alloc(isValue ? unused : 0)];
  });
  return Buffer.concat([Buffer.from([Math.min(texts.length / 2, 254)]), ...parts, Buffer.from([0xff])]);
}
