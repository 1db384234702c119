/**
 * Prometheus's text format 0.0.4: for each metric a HELP and a TYPE line and then its samples, each a name, labels in
 * braces, and a number.
 */

export type MetricType = "counter" | "gauge" | "summary";

export type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly type: MetricType;
  readonly help: string;
  readonly samples: string[];
}

export class ExpositionWriter {
  private readonly metrics = new Map<string, Metric>();

  constructor(private readonly prefix: string) {}

  /** Adds a sample; `suffix` is that of a summary's sums. What is no number is left out. */
  add(type: MetricType, name: string, help: string, value: number, labels: Labels = {}, suffix = ""): void {
    if (Number.isNaN(value)) return;
    let metric = this.metrics.get(name);
    if (metric === undefined) {
      metric = { type, help, samples: [] };
      this.metrics.set(name, metric);
    }
    metric.samples.push(`${this.prefix}${name}${suffix}${labelText(labels)} ${value}`);
  }

  gauge(name: string, help: string, value: number, labels?: Labels): void {
    this.add("gauge", name, help, value, labels);
  }

  counter(name: string, help: string, value: number, labels?: Labels): void {
    this.add("counter", name, help, value, labels);
  }

  /** All metrics, by name. */
  toString(): string {
    const lines: string[] = [];
    for (const name of [...this.metrics.keys()].sort()) {
      const { type, help, samples } = this.metrics.get(name) as Metric;
      lines.push(
        `# HELP ${this.prefix}${name} ${escapeHelp(help)}`,
        `# TYPE ${this.prefix}${name} ${type}`,
        ...samples,
      );
    }
    return `${lines.join("\n")}\n`;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}
