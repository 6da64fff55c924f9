import type { Writable } from 'node:stream';
import type { Clock } from '@kubearmor-ts/life';
import type { Sink } from '@kubearmor-ts/sink';
import { encodeLines } from './encode-lines.ts';
import type { StdoutConfig } from './file-config.ts';
import { OneAtATime } from './one-at-a-time.ts';

export interface StdoutSinkOptions {
  readonly config: StdoutConfig;
  readonly clock: Clock;
  /** `process.stdout`. */
  readonly output: Writable;
}

/** Lines to a stream of this process. A reader that is slow holds the batch; at most one batch is in the stream. */
export function createStdoutSink({ config, clock, output }: StdoutSinkOptions): Sink {
  const writes = new OneAtATime(clock, config.timeoutMs);
  // A reader that is gone would else end the process; the write's own failure tells of it.
  const ignore = (): void => undefined;
  const counts = { cut: 0 };
  output.on('error', ignore);
  return {
    type: 'stdout',
    target: 'stdout',
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    counts: () => ({ ...counts }),
    deliver: async (batch, signal) => {
      const { text, rejected, cut } = encodeLines(batch, config);
      counts.cut += cut;
      const bad = new Set(rejected.map(({ index }) => index));
      try {
        if (text !== '') await writes.run(() => write(output, text), signal);
        return { kind: 'delivered', rejected };
      } catch (cause) {
        const indexes = [...batch.keys()].filter((index) => !bad.has(index));
        return {
          kind: 'retry',
          reason: cause instanceof Error ? cause.message : String(cause),
          indexes,
          rejected,
        };
      }
    },
    close: async () => {
      await writes.settle();
      output.off('error', ignore);
    },
  };
}

const write = (output: Writable, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    output.write(text, (failure) => {
      if (failure === undefined || failure === null) resolve();
      else reject(failure);
    });
  });
