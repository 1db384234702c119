/**
 * The command line: `redbun [/path/redis.conf] [options] [-]`, with redis-server's rules.
 *
 * Options become lines of a configuration that come after the file: `--port 7777 --save 60 1` is `port "7777"` and
 * `save "60" "1"`. An argument that starts with "--" is an option only if the option before it has an argument already,
 * so that `--requirepass --secret` works; `--save` alone is `--save ""`, for command lines that are generated.
 */

import { resolve } from "node:path";
import { buildInfo } from "../../util/build-info";
import { quoteRepr } from "../../util/bytes";
import { REDIS_VERSION } from "../../util/redis-version";
import { splitArgs } from "../../util/split-args";
import { encodeUtf8 } from "../../util/utf8";

export interface ParsedArguments {
  /** `version` goes to stdout with exit code 0; `help` and `refuse` go to stderr with exit code 1. */
  readonly action: "serve" | "version" | "help" | "refuse";
  /** What to print; "" for `serve`. */
  readonly message: string;
  /** The absolute path of the configuration file. */
  readonly configFile?: string;
  /** The options as lines of a configuration, latin1; undefined if there were no arguments at all. */
  readonly configText?: string;
  /** Standard input holds a further part of the configuration. */
  readonly readStdin: boolean;
}

const USAGE = `Usage: redbun [/path/to/redis.conf] [options] [-]
       redbun - (read config from stdin)
       redbun -v or --version
       redbun -h or --help

Examples:
       redbun (run the server with default conf)
       echo 'maxmemory 128mb' | redbun -
       redbun /etc/redis/6379.conf
       redbun --port 7777
       redbun --port 7777 --appendonly yes
       redbun /etc/myredis.conf --loglevel verbose -
       redbun /etc/myredis.conf --loglevel verbose

Environment:
       REDBUN_PORT=7777 REDBUN_SAVE="60 1" redbun
       (any directive in upper case; the file and the options win over it)
`;

/** The line that redis-server --version prints, which tools look into, with our version at its end. */
function versionText(): string {
  const { buildId, gitDirty, gitSha1, version } = buildInfo;
  const parts = [`v=${REDIS_VERSION}`, `sha=${gitSha1}:${gitDirty}`, "malloc=slab", "bits=64", `build=${buildId}`];
  return `Redis server ${parts.join(" ")} redbun=${version}\n`;
}

function answer(action: "version" | "help" | "refuse", message: string): ParsedArguments {
  return { action, message, readStdin: false };
}

/** The answer to an argument that ends the program at once, or null. */
function immediateAnswer(argv: readonly string[]): ParsedArguments | null {
  const [first] = argv;
  if (first === "-v" || first === "--version") return answer("version", versionText());
  if (first === "-h" || first === "--help") return answer("help", USAGE);
  if (first === "--test-memory") {
    return answer("refuse", "redbun has no memory test. Use memtest86+ or memtester instead.\n");
  }
  if (first === "--check-system") return answer("refuse", "redbun has no system check.\n");
  if (argv.includes("--sentinel")) {
    return answer("refuse", "redbun has no Sentinel mode. Run redis-sentinel beside it instead.\n");
  }
  return null;
}

function isOption(argument: string | undefined): boolean {
  return argument?.startsWith("--") === true;
}

/** The text of an option's name, and whether an argument has to follow before the next option. */
function optionName(argument: string, next: string | undefined): { text: string; open: boolean } {
  const text = `${argument.slice(2)} `;
  // `--port 6380` in one argument is complete.
  if (splitArgs(argument)?.length !== 1) return { text, open: false };
  if (argument.toLowerCase() !== "--save") return { text, open: true };
  if (next === undefined) return { text: `${text}""`, open: true };
  return isOption(next) ? { text: `${text}""`, open: false } : { text, open: true };
}

/** What `argv`, the arguments after the program's name, asks for. Relative paths start at `folder`. */
export function parseArguments(argv: readonly string[], folder = process.cwd()): ParsedArguments {
  if (argv.length === 0) return { action: "serve", message: "", readStdin: false };
  const immediate = immediateAnswer(argv);
  if (immediate !== null) return immediate;
  const hasFile = !argv[0].startsWith("-");
  let readStdin = false;
  let configText = "";
  let open = false;
  for (let i = hasFile ? 1 : 0; i < argv.length; i++) {
    const argument = encodeUtf8(argv[i]);
    if (argument === "-" && (i === 0 || i === argv.length - 1)) {
      readStdin = true;
    } else if (!open && isOption(argument)) {
      const option = optionName(argument, argv[i + 1]);
      configText += (configText === "" ? "" : "\n") + option.text;
      open = option.open;
    } else {
      configText += `${quoteRepr(argument)} `;
      open = false;
    }
  }
  const configFile = hasFile ? resolve(folder, argv[0].trim()) : undefined;
  return { action: "serve", message: "", configFile, configText, readStdin };
}
