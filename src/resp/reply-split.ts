/** Finds out where replies end that stand one behind the other, without decoding them. */

const LF = 0x0a;
const PUSH = 0x3e;

/** The position behind the reply (RESP2 or RESP3) that begins at `at`; all of it is there. */
function endOfReply(buf: Uint8Array, at: number): number {
  const lineEnd = buf.indexOf(LF, at) + 1;
  const type = String.fromCharCode(buf[at]);
  const count = "$!=*~>%|".includes(type) ? Number(Buffer.from(buf.subarray(at + 1, lineEnd - 2)).toString()) : -1;
  if (count < 0) return lineEnd;
  if ("$!=".includes(type)) return lineEnd + count + 2;
  let end = lineEnd;
  for (let i = type === "%" || type === "|" ? 2 * count : count; i > 0; i--) end = endOfReply(buf, end);
  // An attribute stands before what it says something about.
  return type === "|" ? endOfReply(buf, end) : end;
}

/** Puts `error`, an error reply, into the place of every reply in `replies`; pushed messages stay. */
export function refuseReplies(replies: Buffer, error: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < replies.length; ) {
    const end = endOfReply(replies, at);
    pieces.push(replies[at] === PUSH ? replies.subarray(at, end) : error);
    at = end;
  }
  return Buffer.concat(pieces);
}
