export interface BenchOptions {
  /** A folder of policies, for the figure over all of them merged into one workload. */
  readonly corpus?: string;
  readonly kernels: readonly string[];
  readonly log: (line: string) => void;
}

/** One part of docs/numbers.md: measures, and resolves with its markdown. */
export type Section = (options: BenchOptions) => Promise<string>;
