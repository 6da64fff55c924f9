/**
 * Events per second into the store and what a question costs beside them.
 *
 *   node --conditions=ka-source libs/adapter/summary-store/src/summary-store.bench.ts [EVENTS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import { createSummaryStore } from './index.ts';

const total = Number(process.argv[2] ?? 200_000);
const never = new AbortController().signal;

async function measure(name: string, distinct: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'ka-store-bench-'));
  const store = createSummaryStore({
    path: join(dir, 'events.db'),
    clock: createRealClock(),
    onNotice: console.error,
  });
  await store.start(never);
  const events = Array.from({ length: distinct }, (_, index) =>
    Alert.encode(
      Alert.create({
        UpdatedTime: '2026-07-30T08:26:40.112233Z',
        ClusterName: 'lab-north',
        HostName: 'edge-4',
        NamespaceName: `ns-${String(index % 20)}`,
        PodName: `oven-${String(index % 100)}`,
        ContainerName: 'oven',
        ContainerID: 'f00d77',
        Owner: { Ref: 'Deployment', Name: `oven-${String(index % 50)}`, Namespace: 'bakery' },
        Labels: 'app=oven,tier=web',
        PolicyName: 'guard-token',
        Severity: '7',
        Operation: 'File',
        Type: 'MatchedPolicy',
        Action: 'Block',
        Result: 'Permission denied',
        ProcessName: '/bin/cat',
        Source: `/bin/cat ${'x'.repeat(200)}`,
        Resource: `/run/${'y'.repeat(100)}/${String(index)}`,
        EventData: { Lsm: 'FILE_OPEN' },
      }),
    ).finish(),
  );
  const before = process.cpuUsage();
  const start = performance.now();
  let mainMs = 0;
  for (let sent = 0; sent < total;) {
    const begun = performance.now();
    for (let turn = 0; turn < 500 && sent < total; turn++) store.take('alerts', events[sent++ % distinct]!);
    mainMs += performance.now() - begun;
    // As fast as the thread takes them: what is measured is storing, not dropping.
    while (store.counts().waiting > 4000) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.settled();
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(before);
  const asked: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const begun = performance.now();
    await store.events({ limit: 100, namespace: 'ns-3', text: 'guard' });
    asked.push(performance.now() - begun);
  }
  asked.sort((a, b) => a - b);
  const { stored, folded, dropped, bytes } = store.counts();
  console.log(
    JSON.stringify({
      bench: 'summary-store',
      case: name,
      perSecond: Math.round(stored / seconds),
      cpuUsPerEvent: Number(((cpu.user + cpu.system) / stored).toFixed(1)),
      mainThreadUsPerEvent: Number(((mainMs * 1000) / total).toFixed(2)),
      stored,
      folded,
      dropped,
      megabytes: Math.round(bytes / 1e6),
      questionMsMedian: Number(asked[10]!.toFixed(1)),
      questionMsWorst: Number(asked.at(-1)!.toFixed(1)),
    }),
  );
  await store.stop();
  rmSync(dir, { recursive: true });
}

await measure('every event new', total);
await measure('1,000 events repeating', 1000);
process.exit(0);
