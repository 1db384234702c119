/**
 * The settings that new TLS connections get. They are replaced as a whole, and only by settings that are right: where a
 * file is wrong, the log says why and everything stays as it was. Connections that are open keep what they began with.
 */

import type { Config } from "../../admin/config/config";
import type { Logger } from "../../admin/process/logger";
import { clientSettings, serverSettings, TlsError, type TlsServerSettings, type TlsSettings } from "./tls-settings";

export class TlsContext {
  private current: TlsServerSettings | null = null;
  private outgoing: TlsSettings | null = null;

  constructor(
    private readonly config: Config,
    private readonly log: Logger,
  ) {}

  /** What listeners listen with; null until `configure` has succeeded. */
  get settings(): TlsServerSettings | null {
    return this.current;
  }

  /** What connections are opened with to other servers; null until `configure` has succeeded. */
  get clientSettings(): TlsSettings | null {
    return this.outgoing;
  }

  /** Whether something is configured that needs TLS. */
  get needed(): boolean {
    const { tlsPort, tlsReplication, tlsCluster } = this.config;
    return tlsPort !== 0 || tlsReplication || tlsCluster;
  }

  /** Reads the directives and the files that they name. Returns false, with a log line, if something is wrong. */
  configure(): boolean {
    try {
      const settings = serverSettings(this.config);
      this.outgoing = clientSettings(this.config);
      this.current = settings;
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      this.log.warning(error.message);
      return false;
    }
    if (this.config.tlsDhParamsFile !== "") {
      this.log.notice("tls-dh-params-file is not needed: there are no ciphers with a DHE key exchange.");
    }
    return true;
  }
}
