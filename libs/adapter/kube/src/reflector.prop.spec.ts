import fc from 'fast-check';
import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import type { Fault, FaultTarget } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import { KubeClient, Reflector, Store, keyOf } from './index.ts';
import type { Change, KubeObject } from './index.ts';

const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };

type Command =
  | { readonly do: 'put' | 'remove'; readonly name: number; readonly app: number }
  | { readonly do: 'fail'; readonly target: FaultTarget; readonly fault: Fault }
  | { readonly do: 'compact' | 'bookmark' | 'freeze' }
  | { readonly do: 'end'; readonly how: 'ended' | 'broken' | 'silent' }
  | { readonly do: 'wait'; readonly ms: number };

const lines = fc.integer({ min: 0, max: 3 });
const faults: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.constantFrom(401, 403, 404, 410, 429, 500, 503, 504),
    retryAfterSeconds: fc.constantFrom(0, 1, 5),
  }),
  fc.constantFrom<Fault>({ kind: 'hang' }, { kind: 'refuse' }, { kind: 'lose-answer' }, { kind: 'truncate' }),
  fc.record({ kind: fc.constantFrom('silent' as const, 'cut' as const, 'end' as const), afterLines: lines }),
  fc.constantFrom<Fault>(
    { kind: 'line', text: 'not json' },
    { kind: 'line', text: '{"type":"ADDED","object":{}}' },
    { kind: 'line', text: '{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}' },
    { kind: 'line', text: '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd"}}' },
  ),
);
const small = fc.integer({ min: 0, max: 5 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'remove' as const), name: small, app: small }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      target: fc.constantFrom<FaultTarget>('list', 'watch'),
      fault: faults,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('compact' as const, 'bookmark' as const, 'freeze' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      how: fc.constantFrom('ended' as const, 'broken' as const, 'silent' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 3000, 100_000) }),
  },
);

function perform(server: FakeApiServer, made: Command): void {
  if (made.do === 'put')
    server.table.put('pods', `shop/p${made.name}`, {
      metadata: { name: `p${made.name}`, namespace: 'shop', labels: { app: `a${made.app % 2}` } },
      spec: { revision: made.app },
    });
  else if (made.do === 'remove') server.table.remove('pods', `shop/p${made.name}`);
  else if (made.do === 'fail') server.fail(made.target, made.fault);
  else if (made.do === 'compact') server.compact();
  else if (made.do === 'bookmark') server.bookmark();
  else if (made.do === 'freeze') server.freezeCache('pods');
  else if (made.do === 'end') server.endWatches(made.how);
}

const summary = (object: KubeObject): string => `${object.metadata.uid} ${object.metadata.resourceVersion}`;

async function pass(clock: FakeClock, ms: number): Promise<void> {
  await new Promise(setImmediate);
  await clock.advance(ms);
  await new Promise(setImmediate);
}

test.each([['any' as const], ['newest' as const]])(
  'the store equals the server once faults of any kind and order are over (first list from %s)',
  async (from) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 40 }),
        fc.constantFrom(undefined, 'app=a1'),
        async (commands, labelSelector) => {
          const server = new FakeApiServer();
          const clock = new FakeClock();
          const random = (): number => 0.5;
          const client = new KubeClient({ transport: transportOf(server), clock, userAgent: 'test' });
          const store = new Store<KubeObject>({
            transform: (object) => object,
            indexes: { app: (object) => [object.metadata.labels?.['app'] ?? ''] },
          });
          const told = new Map<string, string>();
          store.onChange((change: Change<KubeObject>) => {
            expect(told.has(change.key)).toBe(change.type !== 'added');
            if (change.type === 'removed') told.delete(change.key);
            else told.set(change.key, summary(change.value));
          });
          const reflector = new Reflector({
            client,
            resource: pods,
            store,
            clock,
            random,
            from,
            limits: { pageSize: 2 },
            ...(labelSelector === undefined ? {} : { labelSelector }),
          });
          const end = new AbortController();
          await reflector.start(end.signal);
          for (const made of commands) {
            perform(server, made);
            await pass(clock, made.do === 'wait' ? made.ms : 0);
          }
          server.clearFaults();
          const requestsBefore = server.requests.length;
          for (let waited = 0; waited < 400_000; waited += 20_000) await pass(clock, 20_000);

          const expected = new Map(
            server.table
              .all('pods')
              .filter(({ metadata }) => labelSelector === undefined || metadata.labels?.['app'] === 'a1')
              .map((object) => [keyOf(object.metadata), summary(object)] as const),
          );
          expect(reflector.hasSynced).toBe(true);
          expect(new Map([...store.keys()].map((key) => [key, summary(store.get(key)!)]))).toEqual(expected);
          expect(told).toEqual(expected);
          for (const app of ['a0', 'a1'])
            expect(store.by('app', app).length).toBe(
              [...store.values()].filter(({ metadata }) => metadata.labels?.['app'] === app).length,
            );
          // A quiet watch is looked at every idle deadline, not more often.
          expect(server.requests.length - requestsBefore).toBeLessThan(20);
          end.abort();
          await pass(clock, 0);
          await reflector.stop();
          expect(server.openWatches).toBe(0);
        },
      ),
      { numRuns: 75 },
    );
  },
  120_000,
);

const transportOf = (server: FakeApiServer): ConstructorParameters<typeof KubeClient>[0]['transport'] => ({
  send: (request) => server.send(request),
  close: () => undefined,
});
