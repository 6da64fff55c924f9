import type { StreamFigure } from '../../e2e/bench/stream.e2e.ts';
import { labFigures } from './lab-figures.ts';
import type { BenchOptions } from './section.ts';

let known: Promise<readonly StreamFigure[]> | undefined;

/** One boot for the two sections that look at it. */
export function guestStream({ kernels, log }: BenchOptions): Promise<readonly StreamFigure[]> {
  known ??= (async () => {
    const figures: StreamFigure[] = [];
    for (const kernel of kernels)
      figures.push(...(await labFigures<StreamFigure>('bench-stream', { kernel, log })));
    return figures;
  })();
  return known;
}
