/** Every error text that a client can see, in one place. Texts are Redis's: clients match on them. */

export const SYNTAX_ERROR = "ERR syntax error";
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const NO_SUCH_KEY = "ERR no such key";
export const OUT_OF_RANGE = "ERR value is out of range";
export const NOT_POSITIVE = "ERR value is out of range, must be positive";
export const INDEX_OUT_OF_RANGE = "ERR index out of range";
export const DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
export const NO_AUTH = "NOAUTH Authentication required.";
export const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
export const PROTECTED_MODE =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the " +
  "default user. In this mode connections are only accepted from the loopback interface. If you want to connect " +
  "from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode " +
  "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the " +
  "same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. " +
  "Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by " +
  "editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the " +
  "server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' " +
  "option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above " +
  "things in order for the server to start accepting connections from the outside.\r\n";
export const MAX_CLIENTS = "-ERR max number of clients reached\r\n";

/** `command` as the client should see it: lower case, "config|get" for a subcommand. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

export function unknownCommand(name: string, args: string[]): string {
  const shown = name.slice(0, 128);
  let beginning = "";
  for (const arg of args) {
    if (beginning.length >= 128) break;
    beginning += `'${arg.slice(0, 128 - beginning.length)}' `;
  }
  return `ERR unknown command '${shown}', with args beginning with: ${beginning}`;
}

/** `container` in upper case. */
export function unknownSubcommand(container: string, subcommand: string): string {
  return `ERR unknown subcommand '${subcommand.slice(0, 128)}'. Try ${container} HELP.`;
}

export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}
