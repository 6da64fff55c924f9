/**
 * Alerts per second from one LogService to N subscribers in a second process, over loopback.
 *
 *   node --conditions=ka-source libs/adapter/stream/src/fan-out.bench.ts
 */
import { fork } from 'node:child_process';
import { Alert } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogClient, createLogFeed, logService } from './index.ts';

const total = 100_000;
const never = new AbortController().signal;

async function subscribe(address: string, count: number): Promise<void> {
  const readOne = async (): Promise<void> => {
    const client = createLogClient({ address });
    let received = 0;
    for await (const bytes of client.watchRaw('alerts', 'all', never)) {
      received += Math.sign(bytes.length);
      if (received === total) break;
    }
    client.close();
  };
  await Promise.all(Array.from({ length: count }, readOne));
  const { user, system } = process.cpuUsage();
  const perMessage = ((user + system) / (total * count)).toFixed(1);
  console.log(
    JSON.stringify({
      bench: 'logservice-client',
      subscribers: count,
      clientCpuUsPerMessage: Number(perMessage),
    }),
  );
}

async function measure(subscribers: number): Promise<void> {
  const feed = createLogFeed();
  const server = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
  await server.start(never);
  const child = fork(import.meta.filename, [`127.0.0.1:${String(server.port)}`, String(subscribers)]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
  while (feed.counts().alerts.subscribers < subscribers) await turn();
  const alert = Alert.create({
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    PodName: 'oven-7c9d-q2m5z',
    Labels: 'app=oven,tier=web',
    Source: `/bin/cat ${'x'.repeat(300)}`,
    Resource: `/run/${'y'.repeat(300)}`,
    EventData: { Lsm: 'FILE_OPEN' },
  });
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  for (let sent = 0; sent < total; sent++) {
    feed.publishAlert(alert);
    // Keeps every subscriber's lag below its ring even if the others have no lag at all: a drop would never end.
    if (sent % 100 !== 0) continue;
    while (feed.counts().alerts.delivered < (sent - 2000) * subscribers) await turn();
  }
  await ended;
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  console.log(
    JSON.stringify({
      bench: 'logservice-fan-out',
      subscribers,
      perSecond: Math.round((total * subscribers) / seconds),
      // On a busy machine this says more than the rate.
      serverCpuUsPerMessage: Number(((cpu.user + cpu.system) / (total * subscribers)).toFixed(1)),
      dropped: feed.counts().alerts.dropped,
      bytes: Alert.encode(alert).finish().length,
    }),
  );
  await server.stop();
}

const [address, count] = process.argv.slice(2);
if (address !== undefined) await subscribe(address, Number(count));
else for (const subscribers of [1, 4]) await measure(subscribers);
