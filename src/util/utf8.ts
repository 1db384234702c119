/**
 * Text as bytes and text as characters. Configuration and arguments are kept one character a byte (latin1), as they came;
 * the file system and the runtime take and give Unicode text, whose bytes are its UTF-8.
 */

/** The Unicode text that these bytes, one character each, are in UTF-8. */
export function decodeUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The bytes of a Unicode text in UTF-8, one character each. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
