/** A handshake that never ends does not keep its place among the clients. */

import { expect, test } from "bun:test";
import type { ServerContext } from "../../src/command/server-context";
import type { Connection } from "../../src/net/connection";
import { Handshakes } from "../../src/net/tls/handshakes";

function fixture() {
  const lines: string[] = [];
  let micros = 0;
  const server = { clock: { monotonic: () => micros }, log: { warning: (line: string) => lines.push(line) } };
  const handshakes = new Handshakes(server as unknown as ServerContext);
  const closed: Connection[] = [];
  const connection = (port: number): Connection => {
    const fake = { address: `127.0.0.1:${port}`, localAddress: "127.0.0.1:1", close: () => closed.push(self) };
    const self = fake as unknown as Connection;
    return self;
  };
  return { handshakes, lines, closed, connection, wait: (seconds: number) => (micros += seconds * 1_000_000) };
}

test("one that takes a minute is ended and logged; one that is over is left alone", () => {
  const { handshakes, lines, closed, connection, wait } = fixture();
  const [slow, done, late] = [connection(1), connection(2), connection(3)];
  handshakes.begin(slow);
  handshakes.begin(done);
  wait(30);
  handshakes.begin(late);
  handshakes.end(done);
  handshakes.check();
  expect(closed).toEqual([]);
  wait(30);
  handshakes.check();
  expect(closed).toEqual([slow]);
  expect(lines).toEqual([
    "Error accepting a client connection: the TLS handshake takes too long (addr=127.0.0.1:1 laddr=127.0.0.1:1)",
  ]);
  wait(30);
  handshakes.check();
  handshakes.check();
  expect(closed).toEqual([slow, late]);
  expect(lines).toHaveLength(2);
});
