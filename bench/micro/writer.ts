/** The reply writer, type by type, into a buffer that is large enough. */

import { ReplyWriter } from "../../src/resp/reply-writer";
import { type MicroCase, mix } from "./case";

const REPLIES = 500;

export function* writerSuite(): Generator<MicroCase> {
  const source = Buffer.alloc(64 * 1024, "value ");
  for (const size of [3, 16, 100, 1024, 16 * 1024]) {
    yield writes(`bulk of ${size} bytes`, (reply) => reply.bulk(source, 7, size));
  }
  yield writes("OK", (reply) => reply.ok());
  yield writes("null", (reply) => reply.null());
  yield writes("integer, 1 digit", (reply, i) => reply.integer(i % 10));
  yield writes("integer, 9 digits", (reply, i) => reply.integer(123_456_789 + i));
  yield writes("64-bit integer, 19 digits", (reply, i) => reply.int64(0x7fffffff, 0xffff0000 + i));
  yield writes("bulk of a 19-digit integer", (reply, i) => reply.bulkInt64(0x7fffffff, 0xffff0000 + i));
  yield writes("double", (reply, i) => reply.double(i + 0.1));
  yield writes("simple of 20 characters", (reply) => reply.simple("a string of 20 chars"));
  yield writes("error", (reply) => reply.error("WRONGTYPE Operation against a key holding the wrong kind of value"));
  yield writes("array of 10 bulks of 16 bytes", (reply) => {
    reply.array(10);
    for (let i = 0; i < 10; i++) reply.bulk(source, i, 16);
  });
  yield writes("the same with a deferred header", (reply) => {
    const start = reply.begin();
    for (let i = 0; i < 10; i++) reply.bulk(source, i, 16);
    reply.endArray(start, 10);
  });
}

function writes(name: string, write: (reply: ReplyWriter, i: number) => void): MicroCase {
  const reply = new ReplyWriter();
  // Once, so that the buffer has its size before anything is measured.
  for (let i = 0; i < REPLIES; i++) write(reply, i);
  const bytes = reply.length;
  const run = (): number => {
    reply.truncate(0);
    for (let i = 0; i < REPLIES; i++) write(reply, i);
    return mix(reply.length, reply.buf[reply.length >>> 1]);
  };
  return { name, operations: REPLIES, bytes, run };
}
