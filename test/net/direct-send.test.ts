/** Writing by send(2): what is taken, what follows when it is not all, and that a descriptor's next owner gets nothing. */

import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { sendDirectly } from "../../src/net/direct-send";
import { libc } from "../../src/util/libc";

interface Pair {
  /** The side that sends. */
  server: Socket<undefined>;
  client: Socket<undefined>;
  received: Buffer[];
  drained: () => Promise<void>;
  ended: Promise<void>;
}

const opened: { stop: (closeActive: boolean) => void }[] = [];

afterEach(() => {
  for (const listener of opened.splice(0)) listener.stop(true);
});

async function connect(onReceived: () => void = () => {}): Promise<Pair> {
  const accepted = Promise.withResolvers<Socket<undefined>>();
  const ended = Promise.withResolvers<void>();
  let drained = Promise.withResolvers<void>();
  const received: Buffer[] = [];
  const listener = Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => accepted.resolve(socket),
      data: () => {},
      drain: () => drained.resolve(),
      close: () => ended.resolve(),
    },
  });
  opened.push(listener);
  const client = await Bun.connect<undefined>({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: {
      data(_, chunk) {
        received.push(Buffer.from(chunk));
        onReceived();
      },
    },
  });
  const whenDrained = (): Promise<void> => {
    const { promise } = drained;
    return promise.then(() => {
      drained = Promise.withResolvers<void>();
    });
  };
  return { server: await accepted.promise, client, received, drained: whenDrained, ended: ended.promise };
}

const fdOf = (socket: unknown): number => (socket as { fd: number }).fd;

describe("sendDirectly", () => {
  test("sends the range that it is given, short or long", async () => {
    const all = Promise.withResolvers<void>();
    const pair: Pair = await connect(() => {
      if (Buffer.concat(pair.received).includes("end")) all.resolve();
    });
    const text = Buffer.from("before the range");
    expect(sendDirectly(pair.server, text, 7, 4)).toBe(4);
    const long = Buffer.alloc(100_000, "x");
    expect(sendDirectly(pair.server, long, 1, 99_998)).toBe(99_998);
    expect(sendDirectly(pair.server, Buffer.from("end"), 0, 3)).toBe(3);
    await all.promise;
    expect(Buffer.concat(pair.received).toString()).toBe(`the ${"x".repeat(99_998)}end`);
  });

  test("what the peer does not take is not lost: drain follows", async () => {
    const pair = await connect();
    pair.client.pause();
    const piece = Buffer.alloc(60_000);
    let offered = 0;
    let taken = 0;
    while (taken === offered) {
      piece.fill(0x41 + ((offered / piece.length) % 26));
      offered += piece.length;
      taken += sendDirectly(pair.server, piece, 0, piece.length);
    }
    expect(sendDirectly(pair.server, piece, 0, piece.length)).toBe(0);
    pair.client.resume();
    while (taken < offered) {
      await pair.drained();
      taken += sendDirectly(pair.server, piece, piece.length - (offered - taken), offered - taken);
    }
    pair.server.end();
    await pair.ended;
    while (Buffer.concat(pair.received).length < offered) await new Promise(setImmediate);
    const received = Buffer.concat(pair.received);
    expect(received.length).toBe(offered);
    for (let at = 0; at < offered; at++) {
      if (received[at] !== 0x41 + (Math.floor(at / piece.length) % 26))
        throw new Error(`byte ${at} is ${received[at]}`);
    }
  });

  test.each(["end", "terminate", "close by the peer"])(
    "after %s nothing is written to the descriptor's next owner",
    async (how) => {
      const former = await connect();
      const next = await connect();
      const fd = fdOf(former.server);
      if (how === "end") former.server.end();
      else if (how === "terminate") former.server.terminate();
      else former.client.terminate();
      await former.ended;
      expect(fdOf(former.server)).toBe(-1);
      // The other connection gets the number, as a copy: the lowest that is free is given out.
      const copies = [fdOf(next.server)];
      while (!copies.includes(fd)) copies.push(Number(libc("dup")?.(fdOf(next.server))));
      expect(sendDirectly(former.server, Buffer.from("for nobody"), 0, 10)).toBe(0);
      expect(sendDirectly(former.server, Buffer.alloc(100_000), 0, 100_000)).toBe(0);
      expect(sendDirectly(next.server, Buffer.from("one"), 0, 3)).toBe(3);
      for (const copy of copies.slice(1)) libc("close")?.(copy);
      while (next.received.length === 0) await new Promise(setImmediate);
      expect(Buffer.concat(next.received).toString()).toBe("one");
    },
  );
});
