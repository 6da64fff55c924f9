/**
 * The relay with 100 simulated agents in another process, over loopback: alerts a second into the journal on disk,
 * alerts a second on to a sink that takes everything, and the time from an agent to a sink at 5,000 a second.
 *
 *   node --conditions=ka-source apps/relay/src/relay.bench.ts
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Sink } from '@kubearmor-ts/sink';
import {
  ReplayBuffer,
  createGrpcServer,
  eventStreamService,
  createLogFeed,
  logService,
} from '@kubearmor-ts/stream';
import { createLogger } from '@kubearmor-ts/telemetry';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';

const agentCount = 100;
const never = new AbortController().signal;
const clock = createRealClock();
const turn = (ms = 0): Promise<void> => clock.sleep(ms, never);

interface Order {
  readonly total: number;
  /** 0: all at once, before the relay comes. */
  readonly perSecond: number;
}

/** The process of the agents: answers with its ports, then does as it is told. */
async function beAgents(): Promise<void> {
  const agents = await Promise.all(
    Array.from({ length: agentCount }, async (_, index) => {
      const replay = new ReplayBuffer({ streamId: `boot-${String(index)}`, maxBytes: 64 << 20 });
      const server = createGrpcServer({
        address: '127.0.0.1:0',
        services: [
          logService(createLogFeed()),
          eventStreamService({ buffer: replay, nodeName: () => `node-${String(index)}`, clock }),
        ],
      });
      await server.start(never);
      return { replay, port: server.port };
    }),
  );
  process.on(
    'message',
    (order: Order) =>
      void produce(
        agents.map(({ replay }) => replay),
        order,
      ),
  );
  process.send?.(agents.map(({ port }) => port));
}

const bytesOfAlert = (): Buffer =>
  Buffer.from(
    Alert.encode(
      Alert.create({
        UpdatedTime: '2026-07-30T08:26:40.112233Z',
        PodName: 'oven-7c9d-q2m5z',
        Labels: 'app=oven,tier=web',
        Source: `/bin/cat ${'x'.repeat(300)}`,
        Resource: `/run/${'y'.repeat(300)}`,
        EventData: { Lsm: 'FILE_OPEN' },
        Data: String(performance.timeOrigin + performance.now()),
      }),
    ).finish(),
  );

async function produce(buffers: readonly ReplayBuffer[], { total, perSecond }: Order): Promise<void> {
  const startMs = performance.now();
  // Encoding alerts is the agents' cost, spread over as many machines; here one stands for all.
  const fixed = bytesOfAlert();
  for (let sent = 0; perSecond === 0 && sent < total; sent++)
    buffers[sent % buffers.length]!.publish('alerts', fixed);
  process.send?.('produced');
  for (let sent = 0; perSecond > 0 && sent < total;) {
    const allowed = ((performance.now() - startMs) / 1000) * perSecond;
    for (let burst = 0; burst < 1000 && sent < Math.min(total, allowed); burst++, sent++)
      buffers[sent % buffers.length]!.publish('alerts', bytesOfAlert());
    await turn(2);
  }
}

class TakingSink {
  taken = 0;
  readonly delaysMs: number[] = [];
  measures = false;
  readonly sink: Sink = {
    type: 'bench',
    target: 'nowhere',
    limits: { maxItems: 1000, maxDelayMs: 50 },
    deliver: (batch) => {
      this.taken += batch.length;
      if (this.measures) {
        const now = performance.timeOrigin + performance.now();
        for (const { event } of batch) this.delaysMs.push(now - Number(event.Data));
      }
      return Promise.resolve({ kind: 'delivered', rejected: [] });
    },
    close: () => Promise.resolve(),
  };
}

function startRelay(ports: readonly number[], dir: string, sink: TakingSink | undefined) {
  const config = parseConfig(relayConfigTable, {
    argv: [
      ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
      ...['--agents', ports.map((port) => `127.0.0.1:${String(port)}`).join(','), '--journal-dir', dir],
      ...['--journal-memory-megabytes', '8'],
    ],
    env: {},
  });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const targets = checkConfig(config.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const spec = {
    type: 'bench',
    name: 'bench',
    place: '',
    value: {},
    filter: {},
    redact: [],
    giveUpAfterMs: 0,
  };
  const relay = createRelay({
    config: config.value,
    targets: targets.value,
    clock,
    random: Math.random,
    hostName: 'bench',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
    sinks: sink === undefined ? [] : [{ sink: sink.sink, spec }],
  });
  const read = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${String(relay.ops.port)}/metrics`)).text();
    const rows = text.split('\n').filter((row) => row.startsWith(name));
    return rows.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' ') + 1)), 0);
  };
  return { relay, read };
}

async function measure(name: string, order: Order, isSunk: boolean): Promise<void> {
  const child: ChildProcess = fork(import.meta.filename, ['agents']);
  const ports = await new Promise<number[]>((resolve) =>
    child.once('message', (message) => resolve(message as number[])),
  );
  const dir = mkdtempSync(join(tmpdir(), 'ka-bench-'));
  const taking = new TakingSink();
  const { relay, read } = startRelay(ports, dir, isSunk ? taking : undefined);
  const produced = new Promise((resolve) => child.once('message', resolve));
  if (order.perSecond === 0) {
    child.send(order);
    await produced;
  }
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  let rss = 0;
  await relay.start(never);
  if (order.perSecond > 0) {
    while ((await read('ka_relay_agent_batches')) < agentCount) await turn(50);
    taking.measures = true;
    child.send(order);
  }
  const done = async (): Promise<boolean> =>
    isSunk ? taking.taken >= order.total : (await read('ka_relay_journal_events')) >= order.total;
  while (!(await done())) {
    rss = Math.max(rss, process.memoryUsage.rss());
    await turn(50);
  }
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const delays = taking.delaysMs.sort((a, b) => a - b);
  const percentile = (part: number): number => Math.round(delays[Math.floor(delays.length * part)] ?? 0);
  console.log(
    JSON.stringify({
      bench: name,
      agents: agentCount,
      perSecond: Math.round(order.total / seconds),
      relayCpuUsEach: Number(((cpu.user + cpu.system) / order.total).toFixed(1)),
      relayRssMiB: Math.round(rss / 2 ** 20),
      ...(order.perSecond > 0 ? { p50Ms: percentile(0.5), p99Ms: percentile(0.99) } : {}),
      missed: await read('ka_relay_agent_missed_total'),
    }),
  );
  await relay.stop();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await gone;
  rmSync(dir, { recursive: true });
}

if (process.argv[2] === 'agents') await beAgents();
else {
  await measure('relay-fan-in-journal', { total: 400_000, perSecond: 0 }, false);
  await measure('relay-fan-in-sink', { total: 100_000, perSecond: 0 }, true);
  await measure('relay-latency', { total: 25_000, perSecond: 5000 }, true);
  process.exit(0);
}
