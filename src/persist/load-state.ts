/** How far loading is, and what the last one found: INFO's section persistence. */

import type { Clock } from "../util/clock";

/** What a loader counts. */
interface Progress {
  readonly input: { readonly position: number };
  readonly keysLoaded: number;
  readonly keysExpired: number;
}

export class LoadState {
  active = false;
  /** Of the last load, or the one that is going on. */
  keysLoaded = 0;
  keysExpired = 0;
  /** Bytes that the server used that wrote the file. */
  usedMemory = 0;
  /** Bytes of files that are loaded already, where there are several. */
  before = 0;
  private startedAt = 0;
  private totalBytes = 0;
  private loadedBytes = 0;

  constructor(private readonly clock: Clock) {}

  /** Loading of so many bytes begins. */
  begin(bytes: number): void {
    this.active = true;
    this.startedAt = Math.floor(this.clock.now() / 1000);
    this.totalBytes = bytes;
    this.loadedBytes = 0;
    this.before = 0;
    this.usedMemory = 0;
    this.keysLoaded = 0;
    this.keysExpired = 0;
  }

  progress(loader: Progress): void {
    this.at(loader.input.position);
    this.keysLoaded = loader.keysLoaded;
    this.keysExpired = loader.keysExpired;
  }

  /** `bytes` of the file that is being loaded are loaded. */
  at(bytes: number): void {
    this.loadedBytes = this.before + bytes;
  }

  end(): void {
    this.active = false;
  }

  /** INFO's lines while something is being loaded; none otherwise. */
  lines(): string[] {
    if (!this.active) return [];
    const { startedAt, totalBytes, loadedBytes } = this;
    const elapsed = Math.floor(this.clock.now() / 1000) - startedAt;
    const left = totalBytes - loadedBytes;
    // A second is assumed until there is a measure.
    const eta = elapsed === 0 || loadedBytes === 0 ? 1 : Math.floor((elapsed * left) / loadedBytes);
    return [
      `loading_start_time:${startedAt}`,
      `loading_total_bytes:${totalBytes}`,
      `loading_rdb_used_mem:${this.usedMemory}`,
      `loading_loaded_bytes:${loadedBytes}`,
      `loading_loaded_perc:${(totalBytes === 0 ? 0 : (loadedBytes / totalBytes) * 100).toFixed(2)}`,
      `loading_eta_seconds:${eta}`,
    ];
  }
}
