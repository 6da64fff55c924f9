import { aLog, anAlert } from '@kubearmor-ts/test-events';
import { bodyFormats, toBody } from './index.ts';

/** Microseconds for one body, by format: `node --conditions=ka-source libs/domain/schema-maps/src/body.bench.ts`. */
const events = [anAlert(), aLog()];
const rounds = 40_000;
for (const format of bodyFormats) {
  const measure = (): { us: number; characters: number } => {
    let characters = 0;
    const startMs = performance.now();
    for (let round = 0; round < rounds; round++)
      characters += toBody(format, events[round % 2]!, 'id').length;
    return { us: ((performance.now() - startMs) * 1000) / rounds, characters: characters / rounds };
  };
  // The first run is for the compiler.
  measure();
  const { us, characters } = measure();
  console.log(`${format}: ${us.toFixed(1)} µs, ${characters.toFixed(0)} characters`);
}
