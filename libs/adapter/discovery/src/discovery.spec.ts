import { FakeClock } from '@kubearmor-ts/life';
import { createDnsDiscovery, createPodDiscovery, createStaticDiscovery, parseAgentSource } from './index.ts';
import type { AgentPod, DnsDiscoveryOptions, DnsResolver } from './index.ts';

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

test('pods are told once for many changes, each address once, and a successor has the address of one that leaves', async () => {
  let pods: AgentPod[] = [];
  let changed = (): void => undefined;
  const problems: string[] = [];
  const discovery = createPodDiscovery({
    name: 'pods:',
    port: 7,
    maxAgents: 2,
    watch: { name: 'watch', start: () => Promise.resolve(), stop: () => Promise.resolve() },
    pods: {
      values: () => pods,
      onChange: (listener) => {
        changed = listener;
        return () => (changed = () => undefined);
      },
    },
    watchProblem: () => undefined,
    watchCounts: () => ({ looks: 1, failures: 0 }),
    onProblem: (problem) => problems.push(problem),
  });
  const heard: string[][] = [];
  discovery.listen((agents) => heard.push(agents.map(({ key, address }) => `${key} ${address}`)));
  pods = [
    { uid: 'old', ip: '10.0.0.1', isLeaving: true },
    { uid: 'new', ip: '10.0.0.1', isLeaving: false },
    { uid: 'other', ip: 'fd00::1', isLeaving: false },
    { uid: 'gone', ip: 'fd00::1', isLeaving: true },
  ];
  for (let at = 0; at < 4; at++) changed();
  await Promise.resolve();
  expect(heard).toEqual([[], ['new 10.0.0.1:7', 'other [fd00::1]:7']]);
  pods.push({ uid: 'third', ip: '10.0.0.3', isLeaving: false });
  changed();
  await Promise.resolve();
  expect(discovery.counts).toEqual({ looks: 1, failures: 0, leftOut: 1 });
  expect(discovery.problem()).toBe('pods:: 1 agents beyond 2 are left out');
  expect(problems).toHaveLength(1);
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
  ['pods:', { kind: 'pods', port: 32767 }],
  ['pods:kubearmor', { kind: 'pods', namespace: 'kubearmor', port: 32767 }],
  ['pods:kubearmor:9', { kind: 'pods', namespace: 'kubearmor', port: 9 }],
  ['pods::9', { kind: 'pods', port: 9 }],
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
  'pods:Shop',
  'pods:a:0',
  'pods:a:b:5',
  'http://a:1',
  'a:1\n',
])('%j is refused by name', (word) => {
  expect(parseAgentSource(word, 32767)).toMatchObject({ ok: false, error: expect.stringContaining(word) });
});
