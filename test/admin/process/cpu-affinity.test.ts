/** Lists of processors, and the threads that are bound to them. */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { parseCpuList } from "../../../src/admin/process/cpu-affinity";
import { startRedbun } from "../../support/server";

/** The processors of a list, by number. */
function numbers(list: string): number[] | null {
  const set = parseCpuList(list);
  return set === null
    ? null
    : Array.from({ length: 1024 }, (_, cpu) => cpu).filter((cpu) => set[cpu >> 3] & (1 << (cpu & 7)));
}

test.each([
  ["0", [0]],
  ["1,3", [1, 3]],
  ["0-3", [0, 1, 2, 3]],
  ["0-7:2", [0, 2, 4, 6]],
  ["1,8-15:4,2", [1, 2, 8, 12]],
  ["1023", [1023]],
  ["3-3", [3]],
] as const)("the list %s", (list, expected) => {
  expect(numbers(list)).toEqual([...expected]);
});

test.each(["", "x", "1,", ",1", "-1", "3-1", "0-7:0", "0-", "1024", "1 2", "0x1", "1:2"])("'%s' is no list", (list) => {
  expect(numbers(list)).toBeNull();
});

/** What the system says of a thread; "" where it has ended meanwhile. */
function statusOf(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
  } catch {
    return "";
  }
}

/** Where each thread of a process may run, by thread and name. */
function allowed(pid: number): [string, string][] {
  const statuses = readdirSync(`/proc/${pid}/task`).map((thread) => statusOf(pid, thread));
  return statuses
    .filter((status) => status !== "")
    .map((status) => [/^Name:\t(.*)$/m.exec(status)?.[1] ?? "", /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? ""]);
}

const processors = process.platform === "linux" ? parseCpuList(allowed(process.pid)[0][1]) : null;
const available = Array.from({ length: 1024 }, (_, cpu) => cpu).filter(
  (cpu) => processors !== null && processors[cpu >> 3] & (1 << (cpu & 7)),
);

test.skipIf(available.length < 2)("server_cpulist binds all threads, bio_cpulist those of the pool", async () => {
  const [first, second] = available.map(String);
  const args = ["--server_cpulist", first, "--bio_cpulist", second, "--appendonly", "yes"];
  await using server = await startRedbun({ args });
  await using client = await server.client();
  // Makes threads of the pool: fsync is theirs.
  await client.call("SET", "k", "v");
  const isPool = (name: string): boolean => name.startsWith("Bun Pool");
  const isBound = ([name, list]: [string, string]): boolean => list === (isPool(name) ? second : first);
  // New ones are bound once a second.
  while (!allowed(server.pid).every(isBound)) await client.call("PING");
  expect(allowed(server.pid).some(([name]) => isPool(name))).toBe(true);
});

test("a list that is none has no effect, and the log says so", async () => {
  await using server = await startRedbun({ args: ["--bio_cpulist", "0-"] });
  await server.waitForLog("WARNING: bio_cpulist has no effect: '0-' is no list of processors");
});
