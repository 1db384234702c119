/**
 * `redbun cli`: sends one command and prints the reply, as redis-cli does where its output is no terminal. An image that
 * holds no other program checks its health with it.
 */

import type { Reply } from "../resp/reply-decoder";
import { strerror } from "../util/strerror";
import { CliConnection } from "./connection";
import { formatReply } from "./format";
import { type CliOptions, parseCliOptions, USAGE, UsageError } from "./options";

/** Commands whose replies go on until the connection ends. */
const ENDLESS = ["monitor", "subscribe", "psubscribe", "ssubscribe"];
const PASSWORD_WARNING =
  "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n";

/** Runs the command line (`args`: what is behind `cli`) and returns the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  let options: CliOptions;
  try {
    options = parseCliOptions(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 1;
  }
  if (options.warnsOfPassword) process.stderr.write(PASSWORD_WARNING);
  const connection = await connect(options);
  if (connection === null) return 1;
  try {
    await prepare(connection, options);
    return await run(connection, options);
  } catch (error) {
    process.stderr.write(`Error: ${strerror(error)}\n`);
    return 1;
  } finally {
    connection.close();
  }
}

async function connect(options: CliOptions): Promise<CliConnection | null> {
  try {
    return await CliConnection.open(options);
  } catch (error) {
    const where = options.socket === "" ? `${options.host}:${options.port}` : options.socket;
    process.stderr.write(`Could not connect to Redis at ${where}: ${strerror(error)}\n`);
    return null;
  }
}

/** Authenticates, and selects protocol and database; what fails there is told, and the command is run all the same. */
async function prepare(connection: CliConnection, options: CliOptions): Promise<void> {
  const { database, password, protocol, user } = options;
  if (password !== "") await ask(connection, "AUTH", user === "" ? ["AUTH", password] : ["AUTH", user, password]);
  if (protocol === 3) await ask(connection, "HELLO 3", ["HELLO", "3"]);
  if (database !== 0) await ask(connection, `SELECT ${database}`, ["SELECT", String(database)]);
}

async function ask(connection: CliConnection, name: string, command: readonly string[]): Promise<void> {
  connection.request(command.map((argument) => Buffer.from(argument)));
  const reply = await connection.receive();
  if (reply.kind === "error") process.stderr.write(`${name} failed: ${reply.bytes.toString("latin1")}\n`);
}

async function run(connection: CliConnection, options: CliOptions): Promise<number> {
  const command: Uint8Array[] = options.command.map((argument) => Buffer.from(argument));
  if (options.readsStdin) command.push(await Bun.stdin.bytes());
  connection.request(command);
  const reply = await answer(connection, options);
  if (reply === null) return 0;
  if (reply.kind === "error" && options.failsOnError) {
    process.stderr.write(`${reply.bytes.toString("latin1")}\n`);
    return 1;
  }
  print(reply);
  if (ENDLESS.includes(options.command[0].toLowerCase())) {
    for (;;) print(await connection.receive());
  }
  return 0;
}

/** The reply; null when a server that was told to shut down has done so. */
async function answer(connection: CliConnection, options: CliOptions): Promise<Reply | null> {
  try {
    return await connection.receive();
  } catch (error) {
    if (options.command[0].toLowerCase() === "shutdown") return null;
    throw error;
  }
}

function print(reply: Reply): void {
  process.stdout.write(formatReply(reply));
}
