import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { createElasticSink, readElasticConfig } from '@kubearmor-ts/sink-elastic';
import { fetchJars } from './jvm-servers/fetch-jars.ts';
import { startOpenSearch } from './jvm-servers/opensearch.ts';

const slowMachineMs = 180_000;
const never = new AbortController().signal;
const jars = await fetchJars('opensearch');
const missing = 'missing' in jars ? jars.missing : undefined;
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const alert = (name: string): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    Timestamp: 1_785_400_000,
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    NamespaceName: 'bakery',
    PolicyName: name,
    Severity: '7',
    ATags: ['MITRE', 'CIS'],
    EventData: { Lsm: 'FILE_OPEN' },
    Resource: '/run/secrets/<token>',
    Result: 'Permission denied',
  }),
});

interface Answer {
  readonly data_streams: unknown;
  readonly count: number;
  readonly hits: { readonly hits: readonly { readonly _source: unknown }[] };
}

const promise =
  'a real OpenSearch: documents arrive once, are found by their fields, and a bad one does not hold the others';
if (missing !== undefined) test.skip(`${promise} (skipped: ${missing})`, () => undefined);
else
  test(
    promise,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'opensearch-'));
      cleanups.push(() => rmSync(dir, { recursive: true }));
      const server = await startOpenSearch('dir' in jars ? jars.dir : '', dir);
      cleanups.push(server.stop);
      const config = readElasticConfig({ url: server.url }, 'sinks[0]');
      if (!config.ok) throw new Error(config.error.map((error) => error.message).join());
      const options = { config: config.value, clock: createRealClock(), env: {} };
      const sink = createElasticSink(options);
      cleanups.push(() => sink.close());
      const get = async (path: string): Promise<Answer> =>
        (await fetch(`${server.url}${path}`)).json() as Promise<Answer>;

      const log: SinkRecord = { kind: 'logs', event: Log.create({ Timestamp: 5, Source: '/bin/ls' }) };
      const batch = [alert('one'), alert('two'), log];
      expect(await sink.deliver(batch, never)).toEqual({ kind: 'delivered', rejected: [] });
      // As after a crash: the same events from a sink that knows nothing of the first one.
      const again = createElasticSink(options);
      cleanups.push(() => again.close());
      expect(await again.deliver([...batch, alert('three')], never)).toEqual({
        kind: 'delivered',
        rejected: [],
      });

      await fetch(`${server.url}/_refresh`, { method: 'POST' });
      const stream = 'logs-kubearmor.alerts-default';
      const { data_streams } = await get(`/_data_stream/${stream}`);
      expect(data_streams).toMatchObject([{ name: stream, template: 'kubearmor-ts' }]);
      const found = await get(`/${stream}/_search?q=NamespaceName:bakery%20AND%20ATags:CIS&sort=PolicyName`);
      expect(found.hits.hits.map((hit) => hit._source)).toEqual(
        ['one', 'three', 'two'].map((name) =>
          expect.objectContaining({
            '@timestamp': '2026-07-30T08:26:40.112233Z',
            PolicyName: name,
            EventData: { Lsm: 'FILE_OPEN' },
            Resource: '/run/secrets/<token>',
          }),
        ),
      );
      expect(await get('/logs-kubearmor.logs-default/_count')).toMatchObject({ count: 1 });

      const odd = createElasticSink({
        ...options,
        toDocument: ({ event }) =>
          'PolicyName' in event && event.PolicyName === 'bad'
            ? '{"@timestamp":"not a time"}'
            : '{"@timestamp":"2026-07-30T08:26:40Z"}',
      });
      cleanups.push(() => odd.close());
      expect(await odd.deliver([alert('four'), alert('bad'), alert('five')], never)).toEqual({
        kind: 'delivered',
        rejected: [{ index: 1, reason: expect.stringMatching(/^400 .*@timestamp/) }],
      });

      // A cluster that may not write keeps the events.
      const block = (value: boolean): Promise<Response> =>
        fetch(`${server.url}/${stream}/_settings`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ 'index.blocks.write': value }),
        });
      await block(true);
      expect(await sink.deliver([alert('six'), log], never)).toMatchObject({
        kind: 'retry',
        reason: expect.stringContaining('blocked'),
        indexes: [0],
      });
      await block(false);
      expect((await sink.deliver([alert('six')], never)).kind).toBe('delivered');
    },
    slowMachineMs,
  );
