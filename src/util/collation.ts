/**
 * The order of texts in a language, as the C library has it: LC_COLLATE, for SORT with ALPHA.
 *
 * A text is turned into a key once (strxfrm), and keys are compared as bytes: the same order as that of strcoll, with a
 * call of the library for each text and not for each comparison. The locale belongs to the process. Where there is no
 * libc to ask, only the locale "C" is known, in which texts are compared by their bytes.
 */

import { CString, type Pointer, ptr } from "bun:ffi";
import { cText, libc } from "./libc";
import { allocating } from "./out-of-memory";

const LC_COLLATE = process.platform === "darwin" ? 1 : 3;
/** Locales whose order is that of bytes. */
const BYTE_ORDER = /^(C|POSIX|C\.utf-?8)$/i;
const SCRATCH_BYTES = 1024;
/** Larger buffers are not kept. */
const RETAINED_BYTES = 64 * 1024;

/** Whether texts have another order than that of their bytes. */
let active = false;
/** The text with a NUL behind it, and its key. */
let text = Buffer.alloc(SCRATCH_BYTES);
let key = Buffer.alloc(SCRATCH_BYTES);

/** Chooses a locale by its name; "" is that of the environment. Returns false, and changes nothing, if there is no such. */
export function setCollation(name: string): boolean {
  const locale = name === "" ? environmentLocale() : name;
  // The library need not be asked for what every server starts with.
  if (!active && BYTE_ORDER.test(locale)) return true;
  const setlocale = libc("setlocale");
  if (setlocale === null) return BYTE_ORDER.test(locale);
  const chosen = setlocale(LC_COLLATE, ptr(cText(name)));
  if (chosen === null || Number(chosen) === 0) return false;
  active = !BYTE_ORDER.test(new CString(Number(chosen) as Pointer).toString());
  return true;
}

/** What setlocale takes for "". */
function environmentLocale(): string {
  const { LC_ALL, LC_COLLATE: collate, LANG } = process.env;
  return LC_ALL || collate || LANG || "C";
}

export function collates(): boolean {
  return active;
}

/** The key of the text buf[start, end), or of what is before a NUL in it: valid until the next one is made. */
export function collationKey(buf: Uint8Array, start: number, end: number): { bytes: Uint8Array; length: number } {
  const strxfrm = libc("strxfrm");
  if (strxfrm === null) throw new Error("A libc with setlocale and without strxfrm");
  const size = end - start;
  if (text.length <= size) text = allocating(() => Buffer.alloc(size + 1));
  text.set(buf.subarray(start, end), 0);
  text[size] = 0;
  let length = Number(strxfrm(ptr(key), ptr(text), key.length));
  if (length >= key.length) {
    key = allocating(() => Buffer.alloc(length * 2));
    length = Number(strxfrm(ptr(key), ptr(text), key.length));
  }
  return { bytes: key, length };
}

/** Lets go of large buffers. */
export function releaseCollation(): void {
  if (text.length > RETAINED_BYTES) text = Buffer.alloc(SCRATCH_BYTES);
  if (key.length > RETAINED_BYTES) key = Buffer.alloc(SCRATCH_BYTES);
}
