/**
 * Large sorted sets remove what is popped some at a time (see IndexedZset): every other command finds the sorted set as if
 * all of it had been removed at once, and so does a file.
 */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { Random } from "../support/random";
import { bulk, integer, items, type Reply, text } from "../support/reply";

const texts = (reply: Reply): string[] => items(reply).map(text);

/** Commands on the sorted set "z", to run one after the other: each is compared with a sorted set that nobody popped from. */
const LOOKS: readonly (readonly string[])[] = [
  ["ZRANGE z 0 -1 WITHSCORES"],
  ["ZCARD z", "ZRANGE z 0 0", "ZRANGE z -1 -1"],
  ["ZREVRANGEBYSCORE z inf -inf LIMIT 0 3"],
  ["ZCOUNT z -inf inf"],
  ["ZLEXCOUNT z - +"],
  ["ZSCORE z member:0", "ZSCORE z member:2999", "ZRANK z member:1500"],
  ["ZADD z 5000 member:0 -5 member:2999", "ZRANGE z 0 0", "ZRANGE z -1 -1"],
  ["ZADD z XX 1 member:0 1 member:2999", "ZCARD z"],
  ["ZREM z member:0 member:2999 member:1500", "ZCARD z"],
  ["ZREMRANGEBYRANK z 0 9", "ZRANGE z 0 0"],
  ["ZREMRANGEBYRANK z -10 -1", "ZRANGE z -1 -1"],
  ["ZPOPMIN z 100", "ZCARD z"],
  ["ZPOPMAX z 100", "ZCARD z"],
  ["ZPOPMIN z", "ZPOPMAX z", "ZPOPMIN z", "ZCARD z"],
  ["ZPOPMIN z 1000000", "EXISTS z"],
  ["ZMPOP 1 z MAX COUNT 2", "ZMPOP 1 z MIN COUNT 2", "BZPOPMIN z 0", "BZPOPMAX z 0"],
  ["ZINTERCARD 2 z z", "ZUNIONSTORE to 1 z", "ZCARD to"],
  ["ZDIFF 2 z none"],
  ["ZRANGESTORE to z 0 -1", "DEBUG DIGEST-VALUE to"],
  ["SORT z BY nosort"],
  ["COPY z to", "DEBUG DIGEST-VALUE to", "DEBUG DIGEST-VALUE z"],
  ["RENAME z to", "ZCARD to"],
  ["MOVE z 1", "SELECT 1", "ZCARD z", "SELECT 0"],
  ["DUMP z"],
  ["DEL z", "ZADD z 1 a", "ZPOPMIN z"],
  ["UNLINK z", "EXISTS z"],
  ["MULTI", "ZPOPMIN z", "ZCARD z", "ZPOPMIN z", "EXEC"],
];

/** A server with the members `from` to 2999, without the last `less` of them. */
function filled(from: number, less: number): InProcess {
  const redbun = new InProcess({ "enable-debug-command": "yes" });
  const members = Array.from({ length: 3000 - less - from }, (_, i) => [String(from + i), `member:${from + i}`]);
  redbun.call("ZADD", "z", ...members.flat());
  return redbun;
}

describe("members that are popped and not yet removed", () => {
  test("whatever comes between pops, members that come to the blocks of others too, sees what there is", () => {
    const redbun = new InProcess();
    const random = new Random(71);
    // Members by rank; scores are `lowest`, `lowest + 1`, ….
    const members = Array.from({ length: 20_000 }, (_, i) => `member:${i}`);
    let lowest = 0;
    for (let i = 0; i < members.length; i += 1000) {
      redbun.call("ZADD", "z", ...members.slice(i, i + 1000).flatMap((name, at) => [String(i + at), name]));
    }
    const popped = (command: string): string[] => texts(redbun.call(command, "z"));
    for (let round = 0; round < 4000; round++) {
      const act = random.weighted({ min: 8, max: 4, first: 3, instead: 2, range: 0.2 });
      if (act === "min") expect(popped("ZPOPMIN")).toEqual([members.shift() as string, String(lowest++)]);
      if (act === "max") {
        const last = lowest + members.length - 1;
        expect(popped("ZPOPMAX")).toEqual([members.pop() as string, String(last)]);
      }
      if (act === "first") {
        members.unshift(`first:${round}`);
        redbun.call("ZADD", "z", --lowest, members[0]);
      }
      if (act === "instead") {
        expect(redbun.call("ZREM", "z", members[0])).toEqual(integer(1));
        // It takes the block of the one that was looked at and has gone.
        members[0] = `instead:${round}`;
        redbun.call("ZADD", "z", lowest, members[0]);
        expect(redbun.call("ZSCORE", "z", members[1])).toEqual(bulk(String(lowest + 1)));
      }
      if (act === "range") {
        const count = random.integer(1, 40);
        members.splice(0, count);
        lowest += count;
        expect(redbun.call("ZREMRANGEBYRANK", "z", 0, count - 1)).toEqual(integer(count));
      }
    }
    expect(texts(redbun.call("ZRANGE", "z", 0, -1))).toEqual(members);
    expect(redbun.call("ZCARD", "z")).toEqual(integer(members.length));
    expect(texts(redbun.call("ZMSCORE", "z", ...members))).toEqual(members.map((_, i) => String(lowest + i)));
  });

  for (const command of ["ZPOPMIN", "ZPOPMAX"]) {
    for (const looks of LOOKS) {
      test(`after ${command}: ${looks.join(", ")}`, () => {
        for (const pops of [1, 7, 45, 46, 47, 60]) {
          const redbun = filled(0, 0);
          for (let i = 0; i < pops; i++) redbun.run(`${command} z`);
          const same = command === "ZPOPMIN" ? filled(pops, 0) : filled(0, pops);
          for (const look of looks) expect([pops, redbun.run(look)]).toEqual([pops, same.run(look)]);
          expectNoLeak(redbun);
        }
      });
    }
  }

  test("a snapshot has what there was when it began, and pops go on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redbun-pops-"));
    const directives = { dir: folder, "enable-debug-command": "yes" };
    try {
      const redbun = new InProcess(directives);
      redbun.tick(300);
      for (const key of ["y", "z"]) for (let i = 0; i < 5000; i++) redbun.call("ZADD", key, i, `member:${i}`);
      const pop = (): void => {
        for (let i = 0; i < 30; i++) redbun.run("ZPOPMIN y", "ZPOPMAX z");
      };
      pop();
      redbun.run("BGSAVE");
      pop();
      while (redbun.server.persistence.bgsave !== null) {
        pop();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      const loaded = new InProcess(directives);
      expect(loaded.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
      for (const key of ["y", "z"]) expect(loaded.call("ZCARD", key)).toEqual(integer(4970));
      expect(texts(loaded.run("ZRANGE y 0 0"))).toEqual(["member:30"]);
      expect(texts(loaded.run("ZRANGE z -1 -1"))).toEqual(["member:4969"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
