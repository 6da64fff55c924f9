/**
 * Alerts a second into the journal, each batch answered after its sync, from many writers at once.
 *
 *   node --conditions=ka-source libs/adapter/journal/src/append.bench.ts [DIR]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, encodeBatch, noCursor, readBatchHead } from '@kubearmor-ts/proto';
import type { EventSpan } from '@kubearmor-ts/proto';
import { createJournal } from './index.ts';

const writers = 100;
const perBatch = 256;
const batches = 4000;
const dir = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'ka-bench-'));
const alert = Alert.encode(
  Alert.create({ PodName: 'oven-7c9d-q2m5z', Source: 'x'.repeat(300), Resource: `/run/${'y'.repeat(300)}` }),
).finish();
const events = new Array<EventSpan>(perBatch).fill({ kind: 'alerts', payload: Buffer.from(alert) });

const journal = createJournal({
  clock: createRealClock(),
  random: Math.random,
  storage: { dir, maxBytes: 512 << 20, maxAgeMs: 3_600_000 },
  memoryBytes: 16 << 20,
});
await journal.start(new AbortController().signal);
const start = performance.now();
const cpuBefore = process.cpuUsage();
const delays: number[] = [];
let left = batches;
await Promise.all(
  Array.from({ length: writers }, async (_, writer) => {
    for (let first = 1; left > 0; first += perBatch) {
      left -= 1;
      const payload = encodeBatch({
        streamId: `agent-${String(writer)}`,
        first: { ...noCursor, alerts: first },
        missed: noCursor,
        events,
      });
      const sent = performance.now();
      await journal.append(payload, readBatchHead(payload)!);
      delays.push(performance.now() - sent);
    }
  }),
);
const seconds = (performance.now() - start) / 1000;
const cpu = process.cpuUsage(cpuBefore);
delays.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    bench: 'journal-append',
    writers,
    bytesEach: alert.length,
    perSecond: Math.round(journal.counts().appended / seconds),
    cpuUsEach: Number(((cpu.user + cpu.system) / journal.counts().appended).toFixed(2)),
    syncs: journal.counts().writes,
    answerMsP50: Math.round(delays[Math.floor(delays.length / 2)] ?? 0),
    answerMsP99: Math.round(delays[Math.floor(delays.length * 0.99)] ?? 0),
    rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
  }),
);
await journal.stop();
rmSync(dir, { recursive: true });
