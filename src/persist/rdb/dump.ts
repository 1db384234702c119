/**
 * The payload of DUMP and RESTORE:
 *
 *     | type | value, as in a file | version, 2 bytes | CRC-64 of all before, 8 bytes |      (little endian)
 */

import type { EntryHead } from "../../types/string/string";
import { EMPTY_VALUE } from "./codecs/codec";
import { Crc64 } from "./crc64";
import { RDB_VERSION_MAX } from "./rdb-format";
import { RdbInput } from "./rdb-input";
import { RdbOutput } from "./rdb-output";
import type { ValueCodecs } from "./value-codecs";

/** Bytes of the version and the sum at the end. */
export const PAYLOAD_FOOTER_BYTES = 10;
const crc = new Crc64();

/** The payload of an entry's value: bytes [0, length) of the result's `buf`. */
export function dumpValue(codecs: ValueCodecs, ref: number, compress: boolean): RdbOutput {
  const out = new RdbOutput(compress);
  const version = codecs.encode(out, ref);
  out.byte(version & 0xff);
  out.byte(version >>> 8);
  crc.reset();
  crc.update(out.buf, 0, out.length);
  out.int64(crc.hi, crc.lo);
  return out;
}

/** Whether the bytes [start, end) end with a version that can be read, and, if `checksum`, with their sum. */
export function isPayload(buf: Uint8Array, start: number, end: number, checksum: boolean): boolean {
  if (end - start < PAYLOAD_FOOTER_BYTES) return false;
  const footer = end - PAYLOAD_FOOTER_BYTES;
  if ((buf[footer] | (buf[footer + 1] << 8)) > RDB_VERSION_MAX) return false;
  if (!checksum) return true;
  crc.reset();
  crc.update(buf, start, footer + 2);
  return crc.matches(buf, footer + 2);
}

/**
 * Makes an entry, in no dict yet, of the payload [start, end), which isPayload() was true for. Returns 0 where the value
 * is empty. Throws RdbError where it is damaged, HeapFullError where there is no memory.
 */
export function restoreValue(
  codecs: ValueCodecs,
  buf: Buffer,
  start: number,
  end: number,
  head: EntryHead,
  deep: boolean,
): number {
  const input = RdbInput.ofBytes(buf, start, end - PAYLOAD_FOOTER_BYTES);
  const ref = codecs.decode(input, input.byte(), head, deep);
  return ref === EMPTY_VALUE ? 0 : ref;
}
