import {
  diffContainers,
  findContainerCgroup,
  toCgroupNames,
  toWorkload,
  toWorkloadKey,
  WorkloadNumbers,
} from './index.ts';
import type { ContainerFacts, WorkloadKey } from './index.ts';

const aContainer = (over: Partial<ContainerFacts> = {}): ContainerFacts => ({
  engine: 'containerd',
  engineNamespace: 'default',
  id: 'web',
  labels: {},
  annotations: {},
  image: 'docker.io/library/nginx:1.27',
  cgroupsPath: '/default/web',
  ...over,
});

describe('the cgroup a container is awaited under', () => {
  test.each([
    ['file-system driver', '/default/web', 'web', ['web']],
    ['no path: runc uses the id', '', 'web', ['web']],
    ['trailing slash', '/a/b/', 'web', ['b']],
    ['systemd driver', 'system.slice:docker:0a1b', '0a1b', ['docker-0a1b.scope', 'system.slice:docker:0a1b']],
    ['systemd slice', 'a.slice:x:b.slice', 'i', ['b.slice', 'a.slice:x:b.slice']],
    ['kubelet with cgroupfs', '/kubepods/burstable/pod1-2/cafe', 'cafe', ['cafe']],
  ])('%s', (_name, path, id, names) => {
    expect(toCgroupNames(path, id)).toEqual(names);
  });

  test('a name that the kernel table cannot hold is not awaited', () => {
    expect(toCgroupNames(`/${'x'.repeat(128)}`, 'x'.repeat(128))).toEqual([]);
    expect(toCgroupNames(`/${'é'.repeat(64)}`, 'i')).toEqual([]);
  });

  test.each([
    ['0::/default/web\n', '/default/web'],
    ['12:pids:/x\n0::/default/web/init.scope\n', '/default/web'],
    ['0::/elsewhere/deep\n', undefined],
    ['0::/\n', undefined],
    ['0::/../../web\n', undefined],
    ['12:pids:/x\n', undefined],
    ['', undefined],
  ])('of a running container is read from %j', (text, path) => {
    expect(findContainerCgroup(text, ['web'])).toBe(path);
  });
});

describe('identity', () => {
  test('a plain container lives in container_namespace under its id', () => {
    expect(toWorkload(aContainer({ labels: { app: 'x' } }))).toMatchObject({
      namespace: 'container_namespace',
      pod: '',
      container: 'web',
      labels: { app: 'x' },
      isOrchestrated: false,
    });
  });

  test.each([
    ['nerdctl', { labels: { 'nerdctl/name': 'shop' } }],
    ['compose', { labels: { 'com.docker.compose.service': 'shop' } }],
    ['Docker', { name: 'shop', labels: { 'com.docker.compose.service': 'other' } }],
  ])('%s names are the ones policies use', (_name, over) => {
    expect(toWorkload(aContainer(over))?.container).toBe('shop');
  });

  test('labels of the kubelet place a container in its pod and are no part of its labels', () => {
    const labels = {
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.name': 'cart-0',
      'io.kubernetes.container.name': 'cart',
      'pod-template-hash': 'abc',
      app: 'cart',
    };
    expect(toWorkload(aContainer({ labels }))).toMatchObject({
      namespace: 'shop',
      pod: 'cart-0',
      container: 'cart',
      labels: { app: 'cart' },
      isOrchestrated: true,
    });
  });

  test('a pause container is no workload', () => {
    expect(toWorkload(aContainer({ labels: { 'io.cri-containerd.kind': 'sandbox' } }))).toBeUndefined();
  });

  test('keys differ between namespaces and fit the kernel table', () => {
    expect(toWorkloadKey(aContainer())).toBe('default/web');
    expect(toWorkloadKey(aContainer({ engineNamespace: 'n'.repeat(200), id: 'i'.repeat(64) }))).toHaveLength(
      127,
    );
  });
});

describe('numbers', () => {
  const key = (text: string): WorkloadKey => text as WorkloadKey;

  test('stay with a key, are never 0 and are reused last', () => {
    const numbers = new WorkloadNumbers(4);
    expect([key('a'), key('b'), key('a')].map((k) => numbers.assign(k))).toMatchObject([
      { value: 1 },
      { value: 2 },
      { value: 1 },
    ]);
    numbers.release(key('a'));
    expect(numbers.assign(key('c'))).toMatchObject({ value: 3 });
    expect(numbers.assign(key('d'))).toMatchObject({ value: 1 });
    expect(numbers.assign(key('e'))).toMatchObject({
      ok: false,
      error: { code: 'KA_WORKLOAD_NUMBERS_EXHAUSTED' },
    });
  });

  test('what the kernel restored is kept, and a second claim is refused', () => {
    const numbers = new WorkloadNumbers(10);
    expect(numbers.adopt(key('a'), 7)).toBe(true);
    expect(numbers.adopt(key('b'), 7)).toBe(false);
    expect(numbers.adopt(key('h'), 0)).toBe(false);
    expect(numbers.assign(key('a'))).toMatchObject({ value: 7 });
  });
});

test('a listing that says nothing new changes nothing; removals come before additions', () => {
  const web = aContainer();
  const known = new Map([[toWorkloadKey(web), web]]);
  expect(diffContainers(known, [aContainer({ labels: {} })])).toEqual([]);
  const changes = diffContainers(known, [aContainer({ id: 'db' })]);
  expect(changes.map((change) => [change.kind, change.key])).toEqual([
    ['gone', 'default/web'],
    ['set', 'default/db'],
  ]);
  expect(diffContainers(known, [aContainer({ pid: 5 })])).toMatchObject([{ kind: 'set', facts: { pid: 5 } }]);
});
