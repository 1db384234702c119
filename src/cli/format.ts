/** Replies as redis-cli prints them where no person watches: values alone, a line each. */

import type { Reply } from "../resp/reply-decoder";

const LINE_BREAK = Buffer.from("\n");
const SPACE = Buffer.from(" ");
const EMPTY = Buffer.alloc(0);

/** The bytes of a reply, with the line break at the end. */
export function formatReply(reply: Reply): Buffer {
  return Buffer.concat([rawReply(reply), LINE_BREAK]);
}

function rawReply(reply: Reply): Buffer {
  switch (reply.kind) {
    case "null":
      return EMPTY;
    case "boolean":
      return Buffer.from(reply.value ? "(true)" : "(false)");
    case "error":
      return Buffer.concat([reply.bytes, LINE_BREAK]);
    case "array":
    case "set":
    case "push":
      return join(reply.items.map(rawReply), () => LINE_BREAK);
    case "map":
      return join(reply.items.map(rawReply), (i) => (i % 2 === 0 ? SPACE : LINE_BREAK));
    default:
      return reply.bytes;
  }
}

/** `between(i)` goes behind part i, unless it is the last. */
function join(parts: readonly Buffer[], between: (i: number) => Buffer): Buffer {
  return Buffer.concat(parts.flatMap((part, i) => (i === parts.length - 1 ? [part] : [part, between(i)])));
}
