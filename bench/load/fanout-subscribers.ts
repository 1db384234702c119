/**
 * A process of its own that subscribes many connections to one channel and counts the bytes that come, all connections
 * together: `bun fanout-subscribers.ts PORT COUNT CHANNEL`. It prints "ready"; for every line on its standard input, a
 * number of bytes, it prints "done" when so many more have come. It ends at the end of its standard input.
 */

const [port, count, channel] = process.argv.slice(2);

let arrived = 0;
let wanted = Number.POSITIVE_INFINITY;
let ready = 0;

function check(): void {
  if (arrived < wanted) return;
  arrived -= wanted;
  wanted = Number.POSITIVE_INFINITY;
  console.log("done");
}

/** The confirmation of a subscription comes first; it does not count. */
const confirmation = `*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`.length;

for (let i = 0; i < Number(count); i++) {
  const opened = Promise.withResolvers<void>();
  let awaited = confirmation;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      data(_, chunk: Buffer) {
        const first = Math.min(awaited, chunk.length);
        awaited -= first;
        arrived += chunk.length - first;
        if (first > 0 && awaited === 0) {
          ready++;
          opened.resolve();
        }
        check();
      },
      error: (_, error: Error) => opened.reject(error),
    },
  });
  socket.write(`SUBSCRIBE ${channel}\r\n`);
  await opened.promise;
}
if (ready === Number(count)) console.log("ready");

for await (const line of console) {
  wanted = Number(line);
  check();
}
process.exit(0);
