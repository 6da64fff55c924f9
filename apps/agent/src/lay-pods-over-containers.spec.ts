import { toWorkload } from '@kubearmor-ts/workload';
import type { Workload } from '@kubearmor-ts/workload';
import { PodLayer } from './lay-pods-over-containers.ts';

const container = (id: string, over: { pod?: string; pid?: number } = {}): Workload =>
  toWorkload({
    engine: 'containerd',
    engineNamespace: 'k8s.io',
    id,
    labels: {
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.name': over.pod ?? 'shop-1',
      'io.kubernetes.container.name': 'web',
      app: 'as-started',
    },
    annotations: { told: 'by runtime' },
    image: 'web',
    cgroupsPath: `/kubepods/${id}`,
    ...(over.pid === undefined ? {} : { pid: over.pid }),
  })!;

function aLayer() {
  const told: Workload[] = [];
  const layer = new PodLayer({
    onSet: (workload) => told.push(workload),
    onGone: () => undefined,
    onStopped: () => undefined,
  });
  return { layer, told, last: () => told.at(-1) };
}
const facts = (app: string, annotations: Record<string, string> = {}) => ({ labels: { app }, annotations });

test('the pod is laid over its containers, whichever of them is heard first', () => {
  const early = aLayer();
  early.layer.setPod('shop/shop-1', facts('now', { 'kubearmor-policy': 'audited' }));
  early.layer.setContainer(container('a'));
  const late = aLayer();
  late.layer.setContainer(container('a'));
  expect(late.last()).toMatchObject({ labels: { app: 'as-started' } });
  late.layer.setPod('shop/shop-1', facts('now', { 'kubearmor-policy': 'audited' }));
  for (const { last } of [early, late])
    expect(last()).toMatchObject({
      labels: { app: 'now' },
      annotations: { told: 'by runtime', 'kubearmor-policy': 'audited' },
    });
});

test('what controllers generate is no label to select by', () => {
  const { layer, last } = aLayer();
  layer.setPod('shop/shop-1', { labels: { app: 'now', 'pod-template-hash': 'x' }, annotations: {} });
  layer.setContainer(container('a'));
  expect(last()?.labels).toEqual({ app: 'now' });
});

test('a pod whose labels stay is not told again, however often its status changes', () => {
  const { layer, told } = aLayer();
  layer.setContainer(container('a'));
  layer.setPod('shop/shop-1', facts('now'));
  layer.setPod('shop/shop-1', facts('now'));
  expect(told).toHaveLength(2);
});

test('a pod that is deleted leaves its facts to the containers that still run, and to no later ones', () => {
  const { layer, last } = aLayer();
  layer.setPod('shop/shop-1', facts('now'));
  layer.setContainer(container('a'));
  layer.dropPod('shop/shop-1');
  layer.setContainer(container('a', { pid: 7 }));
  expect(last()).toMatchObject({ pid: 7, labels: { app: 'now' } });
  layer.dropContainer(container('a').key);
  layer.setContainer(container('b'));
  expect(last()).toMatchObject({ labels: { app: 'as-started' } });
});

test('a container that stopped is not told with the process it had', () => {
  const { layer, last } = aLayer();
  layer.setContainer(container('a', { pid: 7 }));
  layer.stopContainer(container('a').key);
  layer.setPod('shop/shop-1', facts('now'));
  expect(last()).not.toHaveProperty('pid');
});

test('containers of no pod, and of another one, are left as they are', () => {
  const { layer, told } = aLayer();
  layer.setContainer(container('a', { pod: 'other' }));
  layer.setPod('shop/shop-1', facts('now'));
  expect(told).toHaveLength(1);
});
