/** DEBUG PROTOCOL: a reply of every type, for tests of clients. */

import type { Call } from "../../command/call";

const WRONG_TYPE_NAME =
  "ERR Wrong protocol type name. Please use one of the following: " +
  "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

type Sample = (c: Call) => void;

function integersBelow3(c: Call): void {
  for (let i = 0; i < 3; i++) c.reply.integer(i);
}

function map(c: Call): void {
  c.reply.map(3);
  for (let i = 0; i < 3; i++) {
    c.reply.integer(i);
    c.reply.boolean(i === 1);
  }
}

/** An attribute precedes a reply; RESP2 gets the reply alone. */
function attribute(c: Call): void {
  if (c.reply.resp3) {
    c.reply.attribute(1);
    c.reply.bulkText("key-popularity");
    c.reply.array(2);
    c.reply.bulkText("key:123");
    c.reply.integer(90);
  }
  c.reply.bulkText("Some real reply following the attribute");
}

function push(c: Call): void {
  if (!c.reply.resp3) {
    c.fail("ERR RESP2 is not supported by this command");
    return;
  }
  c.reply.push(2);
  c.reply.bulkText("server-cpu-usage");
  c.reply.integer(42);
  c.reply.bulkText("Some real reply following the push reply");
}

const SAMPLES: Readonly<Record<string, Sample>> = {
  string: (c) => c.reply.bulkText("Hello World"),
  integer: (c) => c.reply.integer(12345),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the value that Redis sends
  double: (c) => c.reply.double(3.141),
  bignum: (c) => c.reply.bigNumber("1234567999999999999999999999999999999"),
  null: (c) => c.reply.null(),
  array: (c) => {
    c.reply.array(3);
    integersBelow3(c);
  },
  set: (c) => {
    c.reply.set(3);
    integersBelow3(c);
  },
  map,
  attrib: attribute,
  push,
  verbatim: (c) => c.reply.verbatim("This is a verbatim\nstring", "txt"),
  true: (c) => c.reply.boolean(true),
  false: (c) => c.reply.boolean(false),
};

/** Replies with a sample of the type that argument 2 names. */
export function replySample(c: Call): void {
  const name = c.text(2).toLowerCase();
  if (Object.hasOwn(SAMPLES, name)) SAMPLES[name](c);
  else c.fail(WRONG_TYPE_NAME);
}
