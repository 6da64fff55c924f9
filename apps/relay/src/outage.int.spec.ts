import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import type { Sink } from '@kubearmor-ts/sink';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';
import type { LoadedSink } from './load-sinks.ts';
import { simulateAgent } from './simulated-agent.testing.ts';
import type { SimulatedAgent } from './simulated-agent.testing.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 300_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, slowMachineMs);

/** A receiver in this process that may be away. It remembers, for each agent, the numbers in the order they came. */
class Receiver {
  isAway = false;
  readonly byAgent = new Map<string, number[]>();
  deliveries = 0;
  total = 0;
  readonly loaded: LoadedSink;

  constructor(name: string) {
    const sink: Sink = {
      type: 'test',
      target: name,
      limits: { maxItems: 1000, maxDelayMs: 20 },
      deliver: (batch) => {
        if (this.isAway) return Promise.resolve({ kind: 'retry', reason: 'away' });
        this.deliveries += 1;
        const events = batch.filter(({ event }) => event.Operation !== 'EventsLost');
        for (const { event } of events) {
          const list = this.byAgent.get(event.PodName) ?? [];
          list.push('PolicyName' in event ? Number(event.PolicyName) : NaN);
          this.byAgent.set(event.PodName, list);
        }
        this.total += events.length;
        return Promise.resolve({ kind: 'delivered', rejected: [] });
      },
      close: () => Promise.resolve(),
    };
    this.loaded = {
      sink,
      spec: {
        type: 'test',
        name,
        place: 'sinks[0]',
        value: {},
        filter: {},
        redact: [],
        giveUpAfterMs: 0,
        backoff: { firstMs: 5, maxMs: 20 },
      },
    };
  }
}

async function startAgents(count: number, options: Parameters<typeof simulateAgent>[1] = {}) {
  const agents = Array.from({ length: count }, (_, index) =>
    simulateAgent(`agent-${String(index)}`, options),
  );
  for (const agent of agents) {
    await agent.start();
    cleanups.push(() => agent.stop());
  }
  return agents;
}

async function startRelay(
  agents: readonly SimulatedAgent[],
  receivers: readonly Receiver[],
  argv: readonly string[],
) {
  const config = parseConfig(relayConfigTable, {
    argv: [
      ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
      ...['--agents', agents.map(({ address }) => address).join(',')],
      ...argv,
    ],
    env: {},
  });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const targets = checkConfig(config.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const relay = createRelay({
    config: config.value,
    targets: targets.value,
    clock: createRealClock(),
    random: Math.random,
    hostName: 'relay-1',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
    sinks: receivers.map(({ loaded }) => loaded),
  });
  await relay.start(never);
  cleanups.push(() => relay.stop());
  const ops = `http://127.0.0.1:${String(relay.ops.port)}`;
  const metric = async (sample: string): Promise<number> => {
    const text = await (await fetch(`${ops}/metrics`)).text();
    const rows = text.split('\n').filter((row) => row.startsWith(sample));
    return rows.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' ') + 1)), 0);
  };
  return { relay, metric };
}

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const everything = (agents: readonly SimulatedAgent[]): Map<string, number[]> =>
  new Map(agents.map(({ name, published }) => [name, Array.from({ length: published }, (_, at) => at)]));

test(
  'a sink that was away gets everything in order, the one beside it never waited, and memory kept its bound',
  async () => {
    const agents = await startAgents(4, { dataBytes: 400 });
    const steady = new Receiver('steady');
    const away = new Receiver('away');
    away.isAway = true;
    const { metric } = await startRelay(
      agents,
      [steady, away],
      [...['--journal-dir', tempDir(), '--journal-memory-megabytes', '1']],
    );
    await until(async () => (await metric('ka_relay_agent_batches')) === 4);
    for (let round = 0; round < 60; round++) {
      for (const agent of agents) agent.publish(100);
      const sent = (round + 1) * 400;
      await until(() => steady.total === sent);
      expect(await metric('ka_relay_journal_memory_bytes')).toBeLessThanOrEqual(1_000_000);
    }
    // More than memory holds: the rest is on disk alone.
    expect(await metric('ka_relay_journal_disk_bytes')).toBeGreaterThan(5_000_000);
    expect(await metric('ka_relay_sink_pending{sink="away"')).toBeLessThanOrEqual(1000);
    expect(away.total).toBe(0);
    away.isAway = false;
    await until(() => away.total === 24_000);
    expect(away.byAgent).toEqual(everything(agents));
    expect(steady.byAgent).toEqual(everything(agents));
    expect(await metric('ka_relay_sink_cut_total')).toBe(0);
    await until(async () => (await metric('ka_relay_sink_lag')) === 0);
    for (const agent of agents) await until(() => agent.replay.counts().heldBytes === 0);
  },
  slowMachineMs,
);

test(
  'a relay that is away costs nothing while agents hold their events, whichever side restarts',
  async () => {
    const agents = await startAgents(3);
    const dir = tempDir();
    const receiver = new Receiver('r');
    const first = await startRelay(agents, [receiver], ['--journal-dir', dir]);
    for (const agent of agents) agent.publish(500);
    await until(() => receiver.total === 1500);
    await first.relay.stop();
    for (const agent of agents) agent.publish(500);
    const again = new Receiver('r');
    const second = await startRelay(agents, [again], ['--journal-dir', dir]);
    await until(() => again.total === 1500);
    for (const agent of agents) {
      await agent.stop();
      agent.publish(500);
      await agent.start();
    }
    await until(() => again.total === 3000);
    for (const agent of agents)
      expect(again.byAgent.get(agent.name)).toEqual(Array.from({ length: 1000 }, (_, at) => 500 + at));
    expect(await second.metric('ka_relay_agent_missed_total')).toBe(0);
  },
  slowMachineMs,
);

test(
  'agents that had to forget say how much, and what arrives and what is missed add up',
  async () => {
    const agents = await startAgents(1, { maxBytes: 50_000, dataBytes: 200 });
    const [agent] = agents;
    const receiver = new Receiver('r');
    const { metric } = await startRelay(agents, [receiver], []);
    agent!.publish(10);
    await until(() => receiver.total === 10);
    await agent!.stop();
    agent!.publish(5000);
    await agent!.start();
    await until(
      async () => (await metric('ka_relay_agent_missed_total')) > 0 && agent!.replay.counts().heldBytes === 0,
    );
    await until(async () => receiver.total + (await metric('ka_relay_agent_missed_total')) === 5010);
  },
  slowMachineMs,
);

test(
  '500 agents that come back at once are all followed again, and nothing is lost or doubled',
  async () => {
    const agents = await startAgents(500);
    const receiver = new Receiver('r');
    const { metric } = await startRelay(agents, [receiver], ['--journal-dir', tempDir()]);
    for (const agent of agents) agent.publish(10);
    await until(() => receiver.total === 5000);
    await Promise.all(agents.map((agent) => agent.stop()));
    for (const agent of agents) agent.publish(10);
    await Promise.all(agents.map((agent) => agent.start()));
    await until(() => receiver.total >= 10_000);
    expect(receiver.byAgent).toEqual(everything(agents));
    expect(await metric('ka_relay_agent_connected')).toBe(500);
    expect(await metric('ka_relay_agent_missed_total')).toBe(0);
  },
  slowMachineMs,
);
