/** Counters of the server as a whole, as INFO shows them. Those of one command are in its spec. */

export class ServerStats {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  errorReplies = 0;
  unexpectedErrorReplies = 0;
  aclDeniedAuth = 0;
  clientQueryBufferLimitDisconnections = 0;
  clientOutputBufferLimitDisconnections = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  /** Highest resident and used memory seen, bytes. */
  peakMemory = 0;
  /** Error replies by their code, the first word: "WRONGTYPE", "ERR". */
  readonly errors = new Map<string, number>();

  /** Counts an error reply. */
  countError(text: string): void {
    this.errorReplies++;
    const space = text.indexOf(" ");
    const code = space < 0 ? text : text.slice(0, space);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
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
    this.aclDeniedAuth = 0;
    this.clientQueryBufferLimitDisconnections = 0;
    this.clientOutputBufferLimitDisconnections = 0;
    this.readsProcessed = 0;
    this.writesProcessed = 0;
    this.errors.clear();
  }
}
