/** Counters of the server as a whole, as INFO shows them. Those of one command are in its spec. */

/** Kinds of error that are counted one by one, as in Redis 7.2. */
const ERROR_KINDS_MAX = 128;

export class ServerStats {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  errorReplies = 0;
  unexpectedErrorReplies = 0;
  clientQueryBufferLimitDisconnections = 0;
  clientOutputBufferLimitDisconnections = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  /** Runs of cron. */
  cronRuns = 0;
  /** Time in cron, µs. */
  cronMicros = 0;
  /** The most commands of one read from a connection, and the longest time of those, or of a run of cron, µs. */
  cycleCommandsMax = 0;
  cycleMicrosMax = 0;
  /** Error replies by their code, the first word: "WRONGTYPE", "ERR". */
  readonly errors = new Map<string, number>();
  /** Where warnings go. */
  warn: (message: string) => void = () => {};
  private errorKindsOverflowed = false;

  /** Counts what ran in one go, and how long it took, in µs. */
  countCycle(commands: number, micros: number): void {
    if (commands > this.cycleCommandsMax) this.cycleCommandsMax = commands;
    if (micros > this.cycleMicrosMax) this.cycleMicrosMax = micros;
  }

  /** Counts an error reply. */
  countError(text: string): void {
    this.errorReplies++;
    if (this.errorKindsOverflowed) return;
    const space = text.indexOf(" ");
    const code = space < 0 ? text : text.slice(0, space);
    const count = this.errors.get(code);
    if (count === undefined && this.errors.size >= ERROR_KINDS_MAX) this.disableErrorKinds();
    else this.errors.set(code, (count ?? 0) + 1);
  }

  /** Too many kinds: none is counted any more until CONFIG RESETSTAT, and INFO shows why. */
  private disableErrorKinds(): void {
    this.warn(
      "Errorstats stopped adding new errors because the number of errors reached the limit, may be misuse of lua " +
        "error_reply, please check INFO ERRORSTATS, this can be re-enabled via CONFIG RESETSTAT.",
    );
    this.warn(`Current errors code list: ${[...this.errors.keys()].sort().join(", ")}`);
    this.errorKindsOverflowed = true;
    this.errors.clear();
    this.errors.set("ERRORSTATS_DISABLED", 1);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsReceived = 0;
    this.connectionsRejected = 0;
    this.commandsProcessed = 0;
    this.inputBytes = 0;
    this.outputBytes = 0;
    this.errorReplies = 0;
    this.unexpectedErrorReplies = 0;
    this.clientQueryBufferLimitDisconnections = 0;
    this.clientOutputBufferLimitDisconnections = 0;
    this.readsProcessed = 0;
    this.writesProcessed = 0;
    this.cronRuns = 0;
    this.cronMicros = 0;
    this.cycleCommandsMax = 0;
    this.cycleMicrosMax = 0;
    this.errors.clear();
    this.errorKindsOverflowed = false;
  }
}
