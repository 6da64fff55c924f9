export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Read = () => number | readonly Sample[];

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

type Family = Omit<MetricFamily, 'samples'> & { readonly read: Read };

/**
 * Numbers that live where they are counted and are read when somebody asks: a hot path bumps a plain field and knows
 * nothing of metrics.
 */
export class Metrics {
  private readonly families = new Map<string, Family>();

  /** `name` ends in `_total`. */
  counter(name: string, help: string, read: Read): void {
    this.add({ name, help, type: 'counter', read });
  }

  gauge(name: string, help: string, read: Read): void {
    this.add({ name, help, type: 'gauge', read });
  }

  /** Every metric as it stands now. */
  collect(): readonly MetricFamily[] {
    return [...this.families.values()].map(({ name, help, type, read }) => {
      const value = read();
      return { name, help, type, samples: typeof value === 'number' ? [{ value }] : value };
    });
  }

  /** Prometheus text format 0.0.4. */
  render(): string {
    return this.collect().map(renderFamily).join('');
  }

  private add(family: Family): void {
    if (!/^[a-z_][a-z0-9_]*$/.test(family.name)) throw new Error(`not a metric name: ${family.name}`);
    if (this.families.has(family.name)) throw new Error(`metric ${family.name} is there already`);
    this.families.set(family.name, family);
  }
}

function renderFamily({ name, help, type, samples }: MetricFamily): string {
  const lines = samples.map((sample) => `${name}${labelsText(sample.labels)} ${numberText(sample.value)}\n`);
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replace(/"/g, '\\"');

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/** What the process itself costs. */
export function addProcessMetrics(metrics: Metrics): void {
  const startSeconds = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'Unix time of the start', () => startSeconds);
  metrics.gauge('process_resident_memory_bytes', 'resident memory', () => process.memoryUsage.rss());
  metrics.counter('process_cpu_seconds_total', 'user and system time spent', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
}
