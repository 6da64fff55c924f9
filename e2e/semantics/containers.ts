import { runContainer } from '../lab/containers/containerd.ts';
import type { Container, ContainerSpec } from '../lab/containers/container.ts';
import type { Lab } from '../lab/scenario.ts';
import type { ContainerName } from './case.ts';

/** A container as a kubelet would label it: the pod's namespace and name, the container's name, the pod's labels. */
const inPod = (
  namespace: string,
  pod: string,
  name: ContainerName,
  image: ContainerSpec['image'],
  labels: Readonly<Record<string, string>>,
): ContainerSpec => ({
  name,
  image,
  keep: true,
  labels: {
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.name': pod,
    'io.kubernetes.container.name': name,
    ...labels,
  },
});

const ubuntu = (number: number, group: number): ContainerSpec =>
  inPod('multiubuntu', `ubuntu-${number}-pod`, `ubuntu-${number}` as ContainerName, 'ubuntu', {
    group: `group-${group}`,
    container: `ubuntu-${number}`,
  });

const specs: Readonly<Record<ContainerName, ContainerSpec>> = {
  'ubuntu-1': ubuntu(1, 1),
  'ubuntu-2': ubuntu(2, 1),
  'ubuntu-3': ubuntu(3, 1),
  'ubuntu-4': ubuntu(4, 2),
  'ubuntu-5': ubuntu(5, 2),
  wordpress: inPod('wordpress-mysql', 'wordpress-pod', 'wordpress', 'wordpress', { app: 'wordpress' }),
  mysql: inPod('wordpress-mysql', 'mysql-pod', 'mysql', 'mysql', { app: 'mysql' }),
  'container-1': inPod('multicontainer', 'multi-pod', 'container-1', 'ubuntu', {
    container: 'multicontainer',
  }),
  'container-2': inPod('multicontainer', 'multi-pod', 'container-2', 'ubuntu', {
    container: 'multicontainer',
  }),
  loner: { name: 'loner', image: 'ubuntu', keep: true },
};

/** The containers a list of cases needs, started once per boot. */
export async function startContainers(
  lab: Lab,
  names: Iterable<ContainerName>,
): Promise<ReadonlyMap<ContainerName, Container>> {
  const started = new Map<ContainerName, Container>();
  for (const name of new Set(names)) started.set(name, await runContainer(lab, specs[name]));
  return started;
}
