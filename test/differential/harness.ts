/**
 * The differential tests: the same commands against redbun and against real Redis, in RESP2 and in RESP3, and every
 * reply compared.
 *
 *   differential("string", {
 *     cases: [
 *       ["SET k v", "GET k", "GET missing"],
 *       { name: "NX does not overwrite", commands: ["SET k v", "SET k w NX", "GET k"] },
 *       { name: "keys in any order", commands: ["MSET a 1 b 2", sorted("KEYS *")] },
 *       { name: "binary", commands: [cmd("SET", "k", new Uint8Array([0, 255])), "GET k"] },
 *       { name: "as in 7.2", commands: [answers("CLIENT NO-TOUCH on", OK)] },
 *       { name: "somebody waits", commands: [blocks(on("a", "BLPOP l 0")), "RPUSH l x", replyOf("a")] },
 *       { name: "and listens", commands: [confirmed(1, on("a", "SUBSCRIBE c")), "PUBLISH c m", messagesOf("a")] },
 *       { name: "by id", commands: [on("a", "PING"), ignore("CLIENT KILL ID @id:a")] },
 *       { name: "from Redis 8", oracle: "redis8", commands: ["..."] },
 *     ],
 *   });
 *
 * One pair of servers serves a whole file. Before every case both are flushed (FLUSHALL) and all connections are new;
 * configuration that a case changes is put back by its `cleanup`. The oracle is redis-server 7.0 unless a case names
 * another; an oracle that is not installed skips its cases visibly. redbun follows 7.2, so where 7.0 answers otherwise
 * a case gives 7.2's reply literally with `answers`.
 *
 * With REDBUN_DIFFERENTIAL_COLLECT=file nothing runs: the names of the commands that the cases use are appended to
 * that file, which is how coverage.test.ts finds commands without a case.
 */

import { afterAll, describe, setDefaultTimeout, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { array, equal, error, NULL, type Reply, show } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { encodeCommand } from "../support/resp-client";
import { type Peer, requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";
import { type Command, parseCommand, showCommand } from "./command";
import type { Comparer } from "./comparer";
import * as comparers from "./comparer";

export { cmd, parseCommand } from "./command";

/** A command as a case writes it. */
export type CommandLike = string | Command;

/** One command of a case with all that can be said about it. The functions below make them. */
export interface Step {
  readonly command: CommandLike;
  /** Default: exact. */
  readonly compare?: Comparer;
  /** Redis 7.2's reply, where 7.0 answers otherwise; or both, where RESP2 and RESP3 differ in more than the null. */
  readonly expected?: Reply | { readonly resp2: Reply; readonly resp3: Reply };
  /** The name of the connection. Default: "main". Others are opened when first named. */
  readonly connection?: string;
  /** True: the server answers nothing (CLIENT REPLY OFF). */
  readonly silent?: boolean;
  /** True: the command blocks its client; the next step waits until it does. A `replyOf` step reads the reply. */
  readonly blocks?: boolean;
  /** Nothing is sent: a reply, or messages, that other commands have caused are read. */
  readonly only?: "reply" | "messages";
  /** So many messages (arrays in RESP2, pushes in RESP3) instead of one reply. */
  readonly messages?: number;
}

export type StepLike = CommandLike | Step;

export interface DetailedCase {
  /** Default: the first commands. */
  readonly name?: string;
  readonly commands: readonly StepLike[];
  /** Commands that run at the end on "main", uncompared, also when the case failed: they put configuration back. */
  readonly cleanup?: readonly CommandLike[];
  /** Default: redis7. */
  readonly oracle?: Peer;
  /** Default: both. */
  readonly protocols?: readonly (2 | 3)[];
}

/** A case: its commands, or its commands with a name and options. */
export type Case = readonly StepLike[] | DetailedCase;

export interface Family {
  /** Commands that run before every case; they have to succeed, their replies are not compared. */
  readonly setup?: readonly CommandLike[];
  readonly cases: readonly Case[];
  /** Command line options for both servers. */
  readonly args?: readonly string[];
}

export interface RandomFamily {
  /** REDBUN_SEED in the environment takes its place. */
  readonly seed: number;
  readonly operations: number;
  /** The next command. It may keep state of its own, but only from `random` and `index`. */
  readonly generate: (random: Random, index: number) => StepLike;
  /** Runs at the end. Default: all keys, their values' type, and the values of strings. */
  readonly verify?: readonly StepLike[];
  readonly oracle?: Peer;
  /** Default: 3. */
  readonly protocol?: 2 | 3;
  readonly args?: readonly string[];
}

/** An argument "@id:name" is the client id of the connection of that name. */
const ID_OF = "@id:";

const CASE_LIMIT_MS = 60_000;
/** Commands of a random sequence that go out in one write. */
const BATCH = 100;
/** Stands for a reply where the server closed the connection: both have to. */
const CLOSED: Reply = error("(closed the connection)");
/** Commands that a failure of a random sequence shows. */
const SHOWN = 25;

// --- what a case is written with -------------------------------------------------------------------------------

/** Elements of the reply in any order. */
export const sorted = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.sorted });
/** Elements at every depth in any order: SCAN. */
export const sortedDeep = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.sortedDeep });
/** Numbers but for their last digits. */
export const rounded = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.rounded });
/** Only the first word of an error. */
export const errorPrefix = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.errorPrefix });
/** Only the RESP type. */
export const sameType = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.sameType });
/** Types, lengths and names at every depth, but not the values. */
export const sameShape = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.sameShape });
/** The reply does not matter. */
export const ignore = (step: StepLike): Step => ({ ...toStep(step), compare: comparers.ignored });
/** Integers at most `tolerance` apart. */
export const within = (tolerance: number, step: StepLike): Step => ({
  ...toStep(step),
  compare: comparers.within(tolerance),
});
/** Both replies match the pattern. */
export const matching = (pattern: RegExp, step: StepLike): Step => ({
  ...toStep(step),
  compare: comparers.matching(pattern),
});
/** redbun's reply is this one (Redis 7.2's); what the oracle answers does not matter. NULL fits RESP2's nulls too. */
export const answers = (step: StepLike, expected: NonNullable<Step["expected"]>): Step => ({
  ...toStep(step),
  expected,
});
/** On the connection of that name instead of "main". */
export const on = (connection: string, step: StepLike): Step => ({ ...toStep(step), connection });
/** The server answers nothing to it. */
export const silent = (step: StepLike): Step => ({ ...toStep(step), silent: true });

/** Blocks its client: nothing is answered until another client does something. */
export const blocks = (step: StepLike): Step => ({ ...toStep(step), blocks: true });
/** The reply to the command that the client was blocked in. */
export const replyOf = (connection: string): Step => ({ command: { args: [connection] }, connection, only: "reply" });
/** Is answered with messages, as SUBSCRIBE is. */
export const confirmed = (messages: number, step: StepLike): Step => ({ ...toStep(step), messages });
/** The next messages that a subscriber gets. */
export const messagesOf = (connection: string, messages = 1): Step => ({
  command: { args: [connection] },
  connection,
  only: "messages",
  messages,
});

/** Registers the tests of a family: one for each case. */
export function differential(name: string, family: Family): void {
  const cases = family.cases.map(toCase);
  if (collecting()) {
    for (const { commands } of cases) collect(commands);
    return;
  }
  setDefaultTimeout(CASE_LIMIT_MS);
  describe(`differential: ${name}`, () => {
    const servers = new ServerPool(family.args);
    afterAll(() => servers.stop());
    for (const each of cases) {
      const register = requireRedis(each.oracle) ? test : test.skip;
      register(each.name, async () => {
        for (const protocol of each.protocols) await runCase(servers, each, protocol, family.setup ?? []);
      });
    }
  });
}

/** Registers one test that sends a seeded random sequence of commands to both servers and compares every reply. */
export function randomDifferential(name: string, family: RandomFamily): void {
  const seed = seedFromEnvironment(family.seed);
  if (collecting()) {
    const random = new Random(seed);
    const steps: StepLike[] = [];
    for (let i = 0; i < family.operations; i++) steps.push(family.generate(random, i));
    collect([...steps, ...(family.verify ?? [])]);
    return;
  }
  setDefaultTimeout(CASE_LIMIT_MS);
  describe(`differential: ${name}`, () => {
    const servers = new ServerPool(family.args);
    afterAll(() => servers.stop());
    const register = requireRedis(family.oracle) ? test : test.skip;
    register(`${family.operations} random operations, seed ${seed}`, async () => {
      await runRandom(servers, family, seed);
    });
  });
}

// --- running -----------------------------------------------------------------------------------------------------

type RunCase = Required<Omit<DetailedCase, "commands">> & { readonly commands: readonly Step[] };

interface Difference {
  readonly command: Command;
  readonly ours: Reply;
  readonly theirs: Reply;
  readonly reason: string;
}

/** The servers of a file: redbun and the oracles, each started when first needed. */
class ServerPool {
  private readonly started = new Map<"redbun" | Peer, Promise<TestServer>>();

  constructor(private readonly args: readonly string[] = []) {}

  get(name: "redbun" | Peer): Promise<TestServer> {
    let server = this.started.get(name);
    if (server === undefined) {
      server = this.start(name);
      this.started.set(name, server);
    }
    return server;
  }

  async stop(): Promise<void> {
    const servers = await Promise.allSettled(this.started.values());
    await Promise.all(servers.map((result) => (result.status === "fulfilled" ? result.value.stop() : undefined)));
  }

  private start(name: "redbun" | Peer): Promise<TestServer> {
    const args = ["--enable-debug-command", "yes", ...this.args];
    if (name !== "redbun") return startRedis(name, { args });
    // The harness is developed and checked against itself with a real server in redbun's place.
    const standIn = process.env.REDBUN_DIFFERENTIAL_STAND_IN as Peer | undefined;
    return standIn === undefined ? startRedbun({ args }) : startRedis(standIn, { args });
  }
}

/** The connections of one case to one server, by name. */
class Connections {
  private readonly open = new Map<string, Promise<RespClient>>();

  constructor(
    private readonly server: TestServer,
    private readonly protocol: 2 | 3,
  ) {}

  get(name: string): Promise<RespClient> {
    let client = this.open.get(name);
    if (client === undefined) {
      client = this.server.client({ protocol: this.protocol });
      this.open.set(name, client);
    }
    return client;
  }

  async close(): Promise<void> {
    const clients = await Promise.allSettled(this.open.values());
    await Promise.all(clients.map((result) => (result.status === "fulfilled" ? result.value.close() : undefined)));
  }
}

async function runCase(servers: ServerPool, each: RunCase, protocol: 2 | 3, setup: readonly CommandLike[]) {
  const [redbun, oracle] = await Promise.all([servers.get("redbun"), servers.get(each.oracle)]);
  const ours = new Connections(redbun, protocol);
  const theirs = new Connections(oracle, protocol);
  const history: string[] = [];
  try {
    for (const command of ["FLUSHALL", ...setup]) {
      const difference = await runStep(ours, theirs, { command, compare: comparers.succeeded }, protocol);
      if (difference !== undefined) throw new Error(describeDifference(difference, protocol, each.oracle, ["(setup)"]));
    }
    for (const step of each.commands) {
      const difference = await runStep(ours, theirs, step, protocol);
      const line = showStep(step);
      if (difference !== undefined) throw new Error(describeDifference(difference, protocol, each.oracle, history));
      history.push(line);
    }
  } finally {
    for (const command of each.cleanup) await runStep(ours, theirs, { command, compare: comparers.ignored }, protocol);
    await Promise.all([ours.close(), theirs.close()]);
  }
}

async function runStep(
  ours: Connections,
  theirs: Connections,
  step: Step,
  protocol: 2 | 3,
): Promise<Difference | undefined> {
  const command = toCommand(step.command);
  const name = step.connection ?? "main";
  const [a, b] = await Promise.all([ours.get(name), theirs.get(name)]);
  if (step.blocks) {
    await Promise.all([block(ours, a, command), block(theirs, b, command)]);
    return undefined;
  }
  if (step.only === undefined) await Promise.all([send(ours, a, command), send(theirs, b, command)]);
  if (step.silent) return undefined;
  const [ourReply, theirReply] = await Promise.all([
    answer(a, step, protocol).catch(() => CLOSED),
    answer(b, step, protocol).catch(() => CLOSED),
  ]);
  const reason = compare(step, ourReply, theirReply, protocol);
  return reason === undefined
    ? undefined
    : { command, ours: ourReply, theirs: expectedReply(step, protocol) ?? theirReply, reason };
}

async function answer(client: RespClient, step: Step, protocol: 2 | 3): Promise<Reply> {
  if (step.messages === undefined) return client.readReply();
  const messages: Reply[] = [];
  while (messages.length < step.messages) {
    messages.push(await (protocol === 3 ? client.nextPush() : client.readReply()));
  }
  return array(...messages);
}

async function send(connections: Connections, client: RespClient, command: Command): Promise<void> {
  const args = await Promise.all(command.args.map((argument) => withId(connections, argument)));
  client.send(encodeCommand(args));
}

/** The argument, or the client id of the connection that it names. */
async function withId(connections: Connections, argument: string): Promise<string> {
  if (!argument.startsWith(ID_OF)) return argument;
  return (await connections.get(argument.slice(ID_OF.length))).text("CLIENT", "ID");
}

/** Sends a command and waits until its client is blocked in it. */
async function block(connections: Connections, client: RespClient, command: Command): Promise<void> {
  const id = await client.text("CLIENT", "ID");
  client.send(encodeCommand(command.args));
  const control = await connections.get("(control)");
  while (!/ flags=[a-zA-Z]*b/.test(await control.text("CLIENT", "LIST", "ID", id))) {
    if (client.unread > 0) throw new Error(`${showCommand(command)} does not block`);
    await Bun.sleep(1);
  }
}

async function runRandom(servers: ServerPool, family: RandomFamily, seed: number): Promise<void> {
  const protocol = family.protocol ?? 3;
  const peer = family.oracle ?? "redis7";
  const [redbun, oracle] = await Promise.all([servers.get("redbun"), servers.get(peer)]);
  const [ours, theirs] = await Promise.all([redbun.client({ protocol }), oracle.client({ protocol })]);
  const random = new Random(seed);
  const history: string[] = [];
  try {
    await Promise.all([ours.call("FLUSHALL"), theirs.call("FLUSHALL")]);
    for (let done = 0; done < family.operations; ) {
      const steps: Step[] = [];
      while (steps.length < BATCH && done < family.operations) steps.push(toStep(family.generate(random, done++)));
      await runBatch(ours, theirs, steps, protocol, `${peer}, seed ${seed}`, history);
    }
    const verify = family.verify?.map(toStep) ?? (await verification(theirs));
    await runBatch(ours, theirs, verify, protocol, `${peer}, seed ${seed}, at the end`, history);
  } finally {
    await Promise.all([ours.close(), theirs.close()]);
  }
}

/** Sends the steps in one write to each server and compares their replies; `history` gains what was sent. */
async function runBatch(
  ours: RespClient,
  theirs: RespClient,
  steps: readonly Step[],
  protocol: 2 | 3,
  where: string,
  history: string[],
): Promise<void> {
  const commands = steps.map((step) => toCommand(step.command));
  const args = commands.map((command) => command.args);
  const [ourReplies, theirReplies] = await Promise.all([ours.pipeline(args), theirs.pipeline(args)]);
  for (let i = 0; i < steps.length; i++) {
    const reason = compare(steps[i], ourReplies[i], theirReplies[i], protocol);
    if (reason !== undefined) {
      const difference = { command: commands[i], ours: ourReplies[i], theirs: theirReplies[i], reason };
      throw new Error(describeDifference(difference, protocol, where, related(history, commands[i])));
    }
    history.push(showCommand(commands[i]));
  }
}

/** Commands that read the whole data set through the oracle's list of keys. */
async function verification(theirs: RespClient): Promise<Step[]> {
  const steps: Step[] = [sorted("KEYS *"), toStep("DBSIZE")];
  const keys = await theirs.call("KEYS", "*");
  if (keys.type !== "array") return steps;
  for (const key of keys.items) {
    if (key.type !== "bulk") continue;
    for (const args of [["TYPE"], ["OBJECT", "ENCODING"], ["PEXPIRETIME"]]) {
      steps.push({ command: { args: [...args, key.value] }, compare: comparers.within(1000) });
    }
    if ((await theirs.text("TYPE", key.value)) === "string") steps.push({ command: { args: ["GET", key.value] } });
  }
  return steps;
}

/** The last commands that share an argument with the failing one (its key, above all): the likely cause. */
function related(history: readonly string[], command: Command): string[] {
  const key = command.args[1];
  const touching = key === undefined ? history : history.filter((line) => line.split(" ").includes(key));
  return touching.slice(-SHOWN);
}

function compare(step: Step, ours: Reply, theirs: Reply, protocol: 2 | 3): string | undefined {
  const expected = expectedReply(step, protocol);
  if (expected === undefined) return (step.compare ?? comparers.exact)(ours, theirs);
  if (equal(expected, NULL) && protocol === 2 && ours.type === "null-bulk") return undefined;
  return (step.compare ?? comparers.exact)(ours, expected);
}

function expectedReply(step: Step, protocol: 2 | 3): Reply | undefined {
  if (step.expected === undefined || "type" in step.expected) return step.expected;
  return protocol === 2 ? step.expected.resp2 : step.expected.resp3;
}

function describeDifference(
  difference: Difference,
  protocol: 2 | 3,
  where: string,
  history: readonly string[],
): string {
  const before = history.map((line) => `    ${line}`).join("\n");
  return [
    `RESP${protocol}, ${where}: the reply ${difference.reason}`,
    ...(before === "" ? [] : ["  after", before]),
    `  command  ${showCommand(difference.command)}`,
    `  redbun   ${show(difference.ours)}`,
    `  expected ${show(difference.theirs)}`,
  ].join("\n");
}

// --- plumbing ----------------------------------------------------------------------------------------------------

function showStep(step: Step): string {
  const connection = step.connection === undefined ? "" : `(${step.connection}) `;
  return connection + (step.only === undefined ? showCommand(toCommand(step.command)) : step.only);
}

function toStep(step: StepLike): Step {
  return typeof step === "string" || "args" in step ? { command: step } : step;
}

function toCommand(command: CommandLike): Command {
  return typeof command === "string" ? parseCommand(command) : command;
}

function toCase(each: Case): RunCase {
  const detailed: DetailedCase = "commands" in each ? each : { commands: each };
  const commands = detailed.commands.map(toStep);
  return {
    name: detailed.name ?? defaultName(commands),
    commands,
    cleanup: detailed.cleanup ?? [],
    oracle: detailed.oracle ?? "redis7",
    protocols: detailed.protocols ?? [2, 3],
  };
}

function defaultName(steps: readonly Step[]): string {
  const name = steps.map(showStep).join("; ");
  return name.length <= 100 ? name : `${name.slice(0, 99)}…`;
}

function collecting(): boolean {
  return (process.env.REDBUN_DIFFERENTIAL_COLLECT ?? "") !== "";
}

/** Appends the names of the commands, one a line, with the second word for the sake of containers (CONFIG GET). */
function collect(steps: readonly StepLike[]): void {
  const names = new Set<string>();
  for (const step of steps.map(toStep)) {
    if (step.only !== undefined) continue;
    const { args } = toCommand(step.command);
    names.add(args[0].toLowerCase());
    if (args.length > 1) names.add(`${args[0]}|${args[1]}`.toLowerCase());
  }
  appendFileSync(process.env.REDBUN_DIFFERENTIAL_COLLECT ?? "", [...names].map((name) => `${name}\n`).join(""));
}
