import { FakeClock } from '@kubearmor-ts/life';
import { createDnsDiscovery, createStaticDiscovery, parseAgentSource } from './index.ts';
import type { DnsDiscoveryOptions, DnsResolver } from './index.ts';

const code = (name: string): Error => Object.assign(new Error(name), { code: name });

/** A name server whose answers the test sets; an Error is thrown. */
class Names implements DnsResolver {
  four: string[] | Error = [];
  six: string[] | Error = code('ENODATA');
  srv: { name: string; port: number }[] | Error = [];
  cancelled = false;
  resolve4 = () => answer(this.four);
  resolve6 = () => answer(this.six);
  resolveSrv = () => answer(this.srv);
  cancel(): void {
    this.cancelled = true;
  }
}
const answer = <T>(value: T | Error): Promise<T> =>
  value instanceof Error ? Promise.reject(value) : Promise.resolve(value);

async function start(names: Names, options: Partial<DnsDiscoveryOptions> = {}) {
  const clock = new FakeClock();
  const problems: string[] = [];
  const discovery = createDnsDiscovery({
    kind: 'host',
    name: 'agents.ns.svc',
    port: 32767,
    resolver: names,
    clock,
    random: () => 0.5,
    everyMs: 1000,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  const heard: string[][] = [];
  discovery.listen((agents) => heard.push(agents.map(({ address }) => address)));
  const stop = new AbortController();
  await discovery.start(stop.signal);
  await clock.advance(0);
  return { discovery, clock, heard, problems, stop };
}

test('a name is asked again and again, and only changes are told', async () => {
  const names = new Names();
  names.four = ['10.0.0.2', '10.0.0.1'];
  names.six = ['fd00::1'];
  const { clock, heard, discovery, stop } = await start(names);
  expect(heard).toEqual([[], ['10.0.0.1:32767', '10.0.0.2:32767', '[fd00::1]:32767']]);
  names.four = ['10.0.0.1', '10.0.0.2'];
  await clock.advance(1000);
  expect(heard).toHaveLength(2);
  names.four = ['10.0.0.3'];
  await clock.advance(1000);
  expect(heard.at(-1)).toEqual(['10.0.0.3:32767', '[fd00::1]:32767']);
  expect(discovery.counts).toEqual({ looks: 3, failures: 0, leftOut: 0 });
  stop.abort();
  await discovery.stop();
  expect(names.cancelled).toBe(true);
});

test('a name server that is away takes no agent away, a name without addresses does', async () => {
  const names = new Names();
  names.four = ['10.0.0.1'];
  const { clock, heard, discovery, problems } = await start(names);
  names.four = code('ESERVFAIL');
  await clock.advance(1000);
  await clock.advance(1000);
  expect(heard).toHaveLength(2);
  expect(problems).toEqual(['agents.ns.svc: ESERVFAIL']);
  expect(discovery.problem()).toBe('agents.ns.svc: ESERVFAIL');
  expect(discovery.counts.failures).toBe(2);
  // One half fails, the other brings a new agent: it is taken, and none is lost.
  names.six = ['fd00::2'];
  await clock.advance(1000);
  expect(heard.at(-1)).toEqual(['10.0.0.1:32767', '[fd00::2]:32767']);
  names.four = code('ENOTFOUND');
  names.six = code('ENOTFOUND');
  await clock.advance(1000);
  expect(heard.at(-1)).toEqual([]);
  expect(discovery.problem()).toBeUndefined();
});

test('SRV records bring hosts with their ports', async () => {
  const names = new Names();
  names.srv = [
    { name: 'b.agents.ns.svc.', port: 1 },
    { name: 'a.agents.ns.svc', port: 2 },
  ];
  const { heard } = await start(names, { kind: 'srv' });
  expect(heard.at(-1)).toEqual(['a.agents.ns.svc:2', 'b.agents.ns.svc:1']);
});

test('more agents than the bound are left out, counted and said', async () => {
  const names = new Names();
  names.four = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const { heard, discovery, problems } = await start(names, { maxAgents: 2 });
  expect(heard.at(-1)).toEqual(['10.0.0.1:32767', '10.0.0.2:32767']);
  expect(discovery.counts.leftOut).toBe(1);
  expect(problems).toEqual(['agents.ns.svc: 1 agents beyond 2 are left out']);
});

test('a list is told once, each agent once', () => {
  const heard: number[] = [];
  const stop = createStaticDiscovery(['a:1', 'b:2', 'a:1']).listen((agents) => heard.push(agents.length));
  stop();
  expect(heard).toEqual([2]);
});

test.each<[string, unknown]>([
  ['node-1', { kind: 'static', address: 'node-1:32767' }],
  ['10.0.0.1:5', { kind: 'static', address: '10.0.0.1:5' }],
  ['[fd00::1]:5', { kind: 'static', address: '[fd00::1]:5' }],
  ['dns:agents.ns.svc', { kind: 'host', name: 'agents.ns.svc', port: 32767 }],
  ['dns:agents.ns.svc:9', { kind: 'host', name: 'agents.ns.svc', port: 9 }],
  ['srv:_grpc._tcp.agents.ns.svc', { kind: 'srv', name: '_grpc._tcp.agents.ns.svc' }],
])('%s is a source', (word, source) => {
  expect(parseAgentSource(word, 32767)).toEqual({ ok: true, value: source });
});

test.each([
  '',
  'a:0',
  'a:65536',
  'a b:1',
  'dns:',
  'dns:[fd00::1]:5',
  'srv:a..b',
  'srv:a:5',
  'http://a:1',
  'a:1\n',
])('%j is refused by name', (word) => {
  expect(parseAgentSource(word, 32767)).toMatchObject({ ok: false, error: expect.stringContaining(word) });
});
