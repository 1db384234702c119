/** The thread of `exchange-now.ts`: one exchange with another server, and its result into shared memory. */

import { type ExchangeJob, HEADER_BYTES, READY } from "./exchange-now";
import { type ExchangeResult, MigrationLink } from "./migration-link";

async function run(job: ExchangeJob): Promise<ExchangeResult> {
  const { host, port, limitMs, tls, chunks, replies } = job;
  const link = await MigrationLink.connect(host, port, limitMs, tls);
  if (!(link instanceof MigrationLink)) return { replies: [], failure: link, timedOut: false };
  const result = await link.exchange([...chunks], replies, limitMs);
  link.close();
  return result;
}

function deliver(shared: SharedArrayBuffer, result: ExchangeResult): void {
  const bytes = Buffer.from(JSON.stringify(result), "latin1");
  shared.grow(HEADER_BYTES + bytes.length);
  new Uint8Array(shared, HEADER_BYTES).set(bytes);
  const header = new Int32Array(shared, 0, 2);
  header[1] = bytes.length;
  Atomics.store(header, 0, READY);
  Atomics.notify(header, 0);
}

addEventListener("message", ({ data }: MessageEvent<ExchangeJob>) => {
  run(data).then(
    (result) => deliver(data.shared, result),
    // Whoever waits must not wait for ever.
    () => deliver(data.shared, { replies: [], failure: "connecting", timedOut: false }),
  );
});
