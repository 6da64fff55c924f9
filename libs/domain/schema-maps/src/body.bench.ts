import { aLog, anAlert } from '@kubearmor-ts/test-events';
import { bodyFormats, toBody } from './index.ts';

/** Microseconds for one body, by format: `node --conditions=ka-source libs/domain/schema-maps/src/body.bench.ts`. */
const events = [anAlert(), aLog()];
const rounds = 40_000;
for (const format of bodyFormats) {
  let bytes = 0;
  for (let warm = 0; warm < 2; warm++) {
    bytes = 0;
    const startMs = performance.now();
    for (let round = 0; round < rounds; round++) bytes += toBody(format, events[round % 2]!, 'id').length;
    const us = ((performance.now() - startMs) * 1000) / rounds;
    if (warm === 1)
      console.log(`${format}: ${us.toFixed(1)} µs, ${String(Math.round(bytes / rounds))} characters`);
  }
}
