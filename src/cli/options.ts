/** The command line of `redbun cli`: the options of redis-cli that a single command needs. */

export interface CliOptions {
  host: string;
  port: number;
  /** A unix socket's path, in place of host and port; "" for TCP. */
  socket: string;
  user: string;
  /** "" for no authentication. */
  password: string;
  /** Redis warns of a password that everybody can read in the list of processes. */
  warnsOfPassword: boolean;
  database: number;
  protocol: 2 | 3;
  /** The last argument of the command is what standard input holds. */
  readsStdin: boolean;
  /** An error reply goes to stderr, and the exit code is 1. */
  failsOnError: boolean;
  readonly tls: TlsOptions;
  command: readonly string[];
}

/** Paths of files; "" for none. */
export interface TlsOptions {
  enabled: boolean;
  cert: string;
  key: string;
  /** Of a private key that is encrypted. */
  passphrase: string;
  /** The authorities that the server's certificate may come from; without a file, those that the system trusts. */
  cacert: string;
  cacertdir: string;
  /** The server's certificate is not checked. */
  insecure: boolean;
  sni: string;
  ciphers: string;
}

/** The command line asks for something that is not there; the message is for a person. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const USAGE = `Usage: redbun cli [options] COMMAND [argument ...]
  -h <host>       Server's host name (default: 127.0.0.1).
  -p <port>       Server's port (default: $REDBUN_PORT, or 6379).
  -s <socket>     Server's unix socket (in place of host and port).
  -a <password>   Password, also --pass; $REDISCLI_AUTH keeps it out of the list of processes.
  --user <name>   User that the password belongs to.
  -n <db>         Database number.
  -2, -3          Version of the protocol.
  -x              Read the last argument from standard input.
  --tls           Use TLS.
  --cert <file>, --key <file>
                  Client certificate and its private key.
  --cacert <file>, --cacertdir <folder>
                  Authorities that the server's certificate may come from.
  --insecure      Do not check the server's certificate.
  --sni <host>    Name of the server, for one that has several certificates.
  --tls-ciphers <list>
                  Ciphers of TLSv1.2 and older.
  -e              An error reply goes to stderr, and the exit code is 1.
`;

type Take = (options: CliOptions, value: string) => void;

/** Options with a value. */
const VALUES: Record<string, Take> = {
  "-h": (options, value) => {
    options.host = value;
  },
  "-p": (options, value) => {
    options.port = integer("-p", value, 65535);
  },
  "-s": (options, value) => {
    options.socket = value;
  },
  "-a": takePassword,
  "--pass": takePassword,
  "--user": (options, value) => {
    options.user = value;
  },
  "-n": (options, value) => {
    options.database = integer("-n", value, 2 ** 31 - 1);
  },
  "--cert": tlsValue("cert"),
  "--key": tlsValue("key"),
  "--cacert": tlsValue("cacert"),
  "--cacertdir": tlsValue("cacertdir"),
  "--sni": tlsValue("sni"),
  "--tls-ciphers": tlsValue("ciphers"),
};

const NO_TLS: TlsOptions = {
  enabled: false,
  cert: "",
  key: "",
  passphrase: "",
  cacert: "",
  cacertdir: "",
  insecure: false,
  sni: "",
  ciphers: "",
};

/** As in redis-cli these do nothing without --tls, which may come later. */
function tlsValue(name: Exclude<keyof TlsOptions, "enabled" | "insecure">): Take {
  return (options, value) => {
    options.tls[name] = value;
  };
}

const FLAGS: Record<string, (options: CliOptions) => void> = {
  "--tls": (options) => {
    options.tls.enabled = true;
  },
  "--insecure": (options) => {
    options.tls.insecure = true;
  },
  "-2": (options) => {
    options.protocol = 2;
  },
  "-3": (options) => {
    options.protocol = 3;
  },
  "-x": (options) => {
    options.readsStdin = true;
  },
  "-e": (options) => {
    options.failsOnError = true;
  },
  "--no-auth-warning": (options) => {
    options.warnsOfPassword = false;
  },
  // The output is always raw.
  "--raw": () => {},
};

function takePassword(options: CliOptions, value: string): void {
  options.password = value;
  options.warnsOfPassword = true;
}

function integer(option: string, value: string, max: number): number {
  const n = Number(value);
  if (!/^\d+$/.test(value) || n > max) throw new UsageError(`${option} takes a number, not '${value}'`);
  return n;
}

/**
 * A server that listens with TLS alone is asked with its own certificate. It is not checked where no authorities are
 * named: this is the same machine, and the same files.
 */
function serverFiles(environment: NodeJS.ProcessEnv): Partial<TlsOptions> {
  const cacert = environment.REDBUN_TLS_CA_CERT_FILE ?? "";
  const cacertdir = environment.REDBUN_TLS_CA_CERT_DIR ?? "";
  return {
    enabled: true,
    cert: environment.REDBUN_TLS_CERT_FILE ?? "",
    key: environment.REDBUN_TLS_KEY_FILE ?? "",
    passphrase: environment.REDBUN_TLS_KEY_FILE_PASS ?? "",
    cacert,
    cacertdir,
    insecure: cacert === "" && cacertdir === "",
  };
}

/** Reads the arguments behind `cli`. In a container the environment says where the server listens. */
export function parseCliOptions(args: readonly string[], environment: NodeJS.ProcessEnv): CliOptions {
  const port = environment.REDBUN_PORT ?? "";
  const tlsPort = port === "0" ? Number(environment.REDBUN_TLS_PORT ?? 0) : 0;
  const options: CliOptions = {
    host: "127.0.0.1",
    port: tlsPort || (/^\d+$/.test(port) ? Number(port) : 6379),
    socket: port === "0" && tlsPort === 0 ? (environment.REDBUN_UNIXSOCKET ?? "") : "",
    tls: { ...NO_TLS, ...(tlsPort === 0 ? {} : serverFiles(environment)) },
    user: "",
    password: environment.REDISCLI_AUTH ?? "",
    warnsOfPassword: false,
    database: 0,
    protocol: 2,
    readsStdin: false,
    failsOnError: false,
    command: [],
  };
  const silent = args.includes("--no-auth-warning");
  let at = 0;
  for (; at < args.length && args[at].startsWith("-"); at++) {
    const option = args[at];
    if (Object.hasOwn(FLAGS, option)) FLAGS[option](options);
    else if (!Object.hasOwn(VALUES, option)) throw new UsageError(`Unrecognized option: '${option}'`);
    else if (++at === args.length) throw new UsageError(`${option} needs a value`);
    else VALUES[option](options, args[at]);
  }
  if (silent) options.warnsOfPassword = false;
  options.command = args.slice(at);
  if (options.command.length === 0) throw new UsageError("there is no interactive mode yet: give a command");
  return options;
}
