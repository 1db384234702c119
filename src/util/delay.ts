/** Pauses after each of many steps, as tests ask for: `micros`, or a microsecond after every so many steps where negative. */

export class Delay {
  private owed = 0;

  constructor(private readonly micros: number) {}

  wait(): void {
    this.owed += this.micros > 0 ? this.micros : -1 / this.micros;
    // The system does not sleep for less.
    if (this.owed < 1000) return;
    Bun.sleepSync(this.owed / 1000);
    this.owed = 0;
  }
}
