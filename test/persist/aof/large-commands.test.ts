/** Large values in a base of commands: they are written in slices, and are what there was when the snapshot began. */

import { expect, test } from "bun:test";
import { CommandBase } from "../../support/command-base";
import { InProcess } from "../../support/in-process";
import { change, expectNothingLeft, FIELDS, fill, SMALL_NODES } from "../../support/large-values";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { items, show, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_122);
const LONG_TEXT = "0123456789abcdef".repeat(30_000);

function start(): InProcess {
  const redbun = new InProcess({ "enable-debug-command": "yes", ...SMALL_NODES });
  redbun.tick(300);
  return redbun;
}

/** What there is, groups of streams and expiries of fields included. */
function digest(redbun: InProcess): string[] {
  redbun.run("SELECT 0");
  const timed = ["timed", "timed:2"].map((key) => Bun.hash(show(redbun.run(`HPEXPIRETIME ${key} ${FIELDS}`))));
  const pending = items(redbun.run("XPENDING stream group - + 100")).map((each) => show(each).replace(/ :\d+,/, ""));
  const expiries = items(redbun.run("KEYS *"))
    .map((key) => `${text(key)} ${show(redbun.run(`PEXPIRETIME ${text(key)}`))}`)
    .sort();
  const info = ["stream", "stream:2"].map((key) =>
    show(redbun.run(`XINFO STREAM ${key}`)).replace(/"radix-tree-[^,]*, [^,]*, /g, ""),
  );
  return [text(redbun.run("DEBUG DIGEST")), ...timed.map(String), ...pending, ...expiries, ...info].concat(
    show(redbun.run("XINFO GROUPS stream")),
  );
}

function filled(): InProcess {
  const redbun = start();
  fill(redbun);
  redbun.call("SET", "text", LONG_TEXT);
  redbun.call("SETEX", "text:2", "1000000", LONG_TEXT.toUpperCase());
  return redbun;
}

test("nothing changes meanwhile", () => {
  const redbun = filled();
  const before = digest(redbun);
  const base = new CommandBase(redbun);
  let steps = 1;
  while (!base.step()) steps++;
  // Fourteen values and two texts: none of them is written in one go.
  expect(steps).toBeGreaterThan(100);
  expect(base.keys).toBe(16);
  expect(digest(base.load(start()))).toEqual(before);
  expectNothingLeft(redbun);
});

for (const removal of ["", "UNLINK hash timed set zset:2 list stream text", "RENAME list hash", "FLUSHALL"]) {
  test(`values change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const redbun = filled();
    const before = digest(redbun);
    const base = new CommandBase(redbun);
    for (let step = 0; !base.step(); step++) {
      for (let n = 0; n < 5; n++) redbun.run(change(random));
      redbun.run("SELECT 0", `SETRANGE text ${random.integer(0, LONG_TEXT.length)} changed`);
      redbun.clock.advance(25);
      for (const expire of redbun.keyspace.expirers) expire(Number.POSITIVE_INFINITY);
      if (step === 20 && removal !== "") redbun.run(removal);
    }
    base.snapshot.end();
    expect(digest(base.load(start()))).toEqual(before);
    redbun.run("FLUSHALL");
    expectNothingLeft(redbun);
  });
}

test("it ends before it is complete, and what was kept is freed", () => {
  const random = new Random(SEED);
  const redbun = filled();
  const base = new CommandBase(redbun);
  for (let step = 0; step < 50; step++) {
    base.step();
    redbun.run(change(random));
  }
  base.snapshot.end();
  redbun.run("FLUSHALL");
  expectNothingLeft(redbun);
});
