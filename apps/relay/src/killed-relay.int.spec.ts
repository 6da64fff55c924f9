import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportLogsServiceRequest } from '@kubearmor-ts/proto';
import { until } from '@kubearmor-ts/until';
import { simulateAgent } from './simulated-agent.testing.ts';

/** Processes on a loaded machine: the test waits for events, this only ends a hang. */
const slowMachineMs = 300_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An OTLP receiver that may be away; `seen` are the numbers of alerts by pod. */
async function startReceiver() {
  /** In the order of their first arrival. */
  const seen = new Map<string, Set<number>>();
  const state = { isAway: true, asked: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      state.asked += 1;
      if (state.isAway) {
        response.writeHead(503).end();
        return;
      }
      for (const [pod, number] of numbersOf(Buffer.concat(chunks))) {
        if (!seen.has(pod)) seen.set(pod, new Set());
        seen.get(pod)?.add(number);
      }
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { seen, state, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

type KeyValue = NonNullable<
  ExportLogsServiceRequest['resourceLogs'][number]['resource']
>['attributes'][number];

function numbersOf(body: Buffer): [string, number][] {
  const rows: [string, number][] = [];
  for (const { resource, scopeLogs } of ExportLogsServiceRequest.decode(body).resourceLogs) {
    const text = (attributes: readonly KeyValue[] | undefined, key: string): string => {
      const value = attributes?.find((attribute) => attribute.key === key)?.value?.value;
      return value?.$case === 'stringValue' ? value.value : '';
    };
    const pod = text(resource?.attributes, 'k8s.pod.name');
    for (const { attributes } of scopeLogs.flatMap(({ logRecords }) => logRecords))
      rows.push([pod, Number(text(attributes, 'kubearmor.source'))]);
  }
  return rows;
}

test(
  'a relay killed again and again while its receiver is away loses nothing that agents were told is safe',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
    const receiver = await startReceiver();
    const agents = [simulateAgent('a', { dataBytes: 200 }), simulateAgent('b', { dataBytes: 200 })];
    for (const agent of agents) {
      await agent.start();
      cleanups.push(() => agent.stop());
    }
    let relay: ChildProcess | undefined;
    const kill = async (): Promise<void> => {
      const dying = relay;
      if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = new Promise((resolve) => dying.once('exit', resolve));
      dying.kill('SIGKILL');
      await gone;
    };
    cleanups.push(kill);
    const start = (): void => {
      relay = spawn(
        process.execPath,
        [
          '--conditions=ka-source',
          join(import.meta.dirname, 'main.ts'),
          ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
          ...[
            '--agents',
            agents.map(({ address }) => address).join(','),
            '--otlp-http',
            receiver.url,
            '--otlp-compression',
            'none',
          ],
          ...['--journal-dir', dir, '--name', 'relay', '--log-level', 'silent'],
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
    };

    for (let life = 0; life < 3; life++) {
      start();
      // Killed in the middle of a flow, with some of it acknowledged and some not.
      const acknowledged = (): number =>
        agents.reduce((sum, { published, replay }) => sum + published - replay.counts().held.alerts, 0);
      const before = acknowledged();
      for (let round = 0; round < 40 || acknowledged() < before + 500; round++) {
        for (const agent of agents) agent.publish(10);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await kill();
    }
    receiver.state.isAway = false;
    start();
    const distinct = (): number =>
      [...receiver.seen.values()].reduce((sum, numbers) => sum + numbers.size, 0);
    const published = agents.reduce((sum, agent) => sum + agent.published, 0);
    await until(() => distinct() === published);
    for (const agent of agents) {
      expect([...(receiver.seen.get(agent.name) ?? [])]).toEqual(
        Array.from({ length: agent.published }, (_, at) => at),
      );
    }
    await kill();
  },
  slowMachineMs,
);
