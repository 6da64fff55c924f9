import type { Writable } from 'node:stream';
import { BoundedQueue } from '@kubearmor-ts/flow';

export interface LinePrinter {
  print(line: string): void;
  /** Lines lost because the reader of the pipe was too slow. */
  readonly dropped: number;
  readonly printed: number;
}

/**
 * Lines to a stream that may be a pipe nobody reads: beyond `capacity` waiting lines the newest are dropped and
 * counted, so that what was begun to be told stays in one piece.
 */
export function createLinePrinter(output: Writable, capacity: number): LinePrinter {
  const waiting = new BoundedQueue<string>(capacity, 'drop-newest');
  let isFull = false;
  let printed = 0;
  const pump = (): void => {
    while (!isFull) {
      const line = waiting.take();
      if (line === undefined) return;
      printed += 1;
      isFull = !output.write(`${line}\n`);
    }
  };
  output.on('drain', () => {
    isFull = false;
    pump();
  });
  return {
    print: (line) => {
      waiting.push(line);
      pump();
    },
    get dropped() {
      return waiting.counts.dropped;
    },
    get printed() {
      return printed;
    },
  };
}
