import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Log } from '@kubearmor-ts/proto';
import { createLogClient } from '@kubearmor-ts/stream';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';
import { simulateAgent } from './simulated-agent.testing.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test(
  'what an agent had to forget reaches sinks and subscribers as an alert with the exact number, once and in its place',
  async () => {
    const agent = simulateAgent('edge-4', { maxBytes: 50_000, dataBytes: 200 });
    await agent.start();
    cleanups.push(() => agent.stop());
    const given = parseConfig(relayConfigTable, {
      argv: [
        ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
        ...['--agents', agent.address],
      ],
      env: {},
    });
    if (!given.ok) throw new Error(JSON.stringify(given.error));
    const targets = checkConfig(given.value);
    if (!targets.ok) throw new Error(JSON.stringify(targets.error));
    const delivered: (Alert | Log)[] = [];
    const relay = createRelay({
      config: given.value,
      targets: targets.value,
      clock: createRealClock(),
      random: Math.random,
      hostName: 'relay-1',
      output: new PassThrough(),
      logger: createLogger({ app: 'relay', level: 'silent' }),
      sinks: [
        {
          sink: {
            type: 'test',
            target: 'memory',
            limits: { maxItems: 100, maxDelayMs: 5 },
            deliver: (batch) => {
              delivered.push(...batch.map(({ event }) => event));
              return Promise.resolve({ kind: 'delivered', rejected: [] });
            },
            close: () => Promise.resolve(),
          },
          spec: {
            type: 'test',
            name: 't',
            place: 'sinks[0]',
            value: {},
            filter: {},
            redact: [],
            giveUpAfterMs: 0,
          },
        },
      ],
    });
    await relay.start(never);
    cleanups.push(() => relay.stop());
    const client = createLogClient({ address: `127.0.0.1:${String(relay.grpc.port)}` });
    const watched: Alert[] = [];
    const watching = (async () => {
      for await (const bytes of client.watchRaw('alerts', 'all', never)) watched.push(Alert.decode(bytes));
    })().catch(() => undefined);
    cleanups.push(async () => {
      client.close();
      await watching;
    });
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${String(relay.ops.port)}/metrics`)).text();
    await until(async () => (await metrics()).includes('ka_relay_subscribers{kind="alerts"} 1'));

    agent.publish(10);
    await until(() => delivered.length === 10);
    await agent.stop();
    agent.publish(5000);
    await agent.start();
    const isTold = ({ Operation }: Alert | Log): boolean => Operation === 'EventsLost';
    await until(() => delivered.some((event) => 'PolicyName' in event && event.PolicyName === '5009'));
    // Twice more: what was told is not told again.
    for (const last of ['5010', '5011']) {
      await agent.stop();
      agent.publish(1);
      await agent.start();
      await until(() => delivered.some((event) => 'PolicyName' in event && event.PolicyName === last));
    }
    const [notice, ...more] = delivered.filter(isTold);
    expect(more).toEqual([]);
    const events = delivered.filter((event) => !isTold(event));
    const lost = 5012 - events.length;
    expect(notice).toMatchObject({
      Type: 'SystemEvent',
      HostName: 'edge-4',
      Operation: 'EventsLost',
      EventData: { Lost: String(lost), Kind: 'alerts' },
      Message: `${String(lost)} alerts were lost between the agent of edge-4 and the relay`,
    });
    expect(delivered.findIndex(isTold)).toBe(10);
    await until(() => watched.some(({ PolicyName }) => PolicyName === '5011'));
    expect(watched.filter(isTold)).toEqual([notice]);
    expect(await metrics()).toContain(
      `ka_relay_agent_missed_total{agent="${agent.address}",kind="alerts"} ${String(lost)}`,
    );
  },
  slowMachineMs,
);
