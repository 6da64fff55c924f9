import fc from 'fast-check';
import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import type { Fault, FaultTarget } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import { KubeClient, LeaderElector } from './index.ts';
import type { Term } from './index.ts';

type Command =
  | { readonly do: 'pass'; readonly turns: number }
  | { readonly do: 'cut' | 'heal'; readonly who: number }
  | { readonly do: 'fail'; readonly target: FaultTarget; readonly fault: Fault };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), turns: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('cut' as const, 'heal' as const),
      who: fc.constantFrom(0, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      target: fc.constantFrom<FaultTarget>('get', 'write'),
      fault: fc.constantFrom<Fault>(
        { kind: 'hang' },
        { kind: 'lose-answer' },
        { kind: 'truncate' },
        { kind: 'status', status: 500 },
        { kind: 'status', status: 409 },
        { kind: 'status', status: 429, retryAfterSeconds: 1 },
      ),
    }),
  },
);

/** `stepMs` is how far this process's clock goes while the other's goes 500 ms. */
function candidate(server: FakeApiServer, identity: string, stepMs: number, terms: Term[]) {
  const clock = new FakeClock(BigInt(stepMs) * 1_000_000_000_000n);
  const wire = { isCut: false };
  const client = new KubeClient({
    transport: {
      send: (request) => (wire.isCut ? Promise.reject(new Error('cut')) : server.send(request)),
      close: () => undefined,
    },
    clock,
    userAgent: identity,
  });
  const elector = new LeaderElector({
    client,
    namespace: 'kubearmor',
    name: 'operator',
    identity,
    clock,
    random: () => 0.5,
    onElected: (term) => terms.push(term),
  });
  return { clock, wire, elector, stepMs };
}

test('no order of cuts and failures makes two leaders at a time, though one clock runs a fifth faster; once over, one leads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const server = new FakeApiServer();
      const terms: Term[] = [];
      const both = [candidate(server, 'a', 500, terms), candidate(server, 'b', 600, terms)] as const;
      const end = new AbortController();
      const pass = async (turns: number): Promise<void> => {
        for (let turn = 0; turn < turns; turn++)
          for (const { clock, stepMs } of both) {
            await clock.advance(stepMs);
            await new Promise(setImmediate);
            expect(both.every(({ elector }) => elector.isLeading)).toBe(false);
            expect(terms.filter((term) => term.isCurrent()).length).toBeLessThan(2);
          }
      };
      for (const { elector } of both) await elector.start(end.signal);
      for (const made of commands) {
        if (made.do === 'pass') await pass(made.turns);
        else if (made.do === 'fail') server.fail(made.target, made.fault);
        else both[made.who]!.wire.isCut = made.do === 'cut';
      }
      server.clearFaults();
      for (const { wire } of both) wire.isCut = false;
      await pass(120);
      expect(both.filter(({ elector }) => elector.isLeading)).toHaveLength(1);
      const numbers = terms.map(({ number }) => number);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      end.abort();
      for (const { elector, clock } of both) {
        await clock.advance(20_000);
        await elector.stop();
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);
