import type { ContainerFacts } from '@kubearmor-ts/workload';
import { asRecord, parseJsonRecord } from './oci-spec.ts';

/** What a runc state file (libcontainer's `state.json`, runc 1.0 and later) tells of a container. */
export function parseRuncState(json: string, root: string, id: string): ContainerFacts | undefined {
  const state = parseJsonRecord(json);
  const config = asRecord(state?.['config']);
  if (state === undefined || config === undefined) return undefined;
  const pid = state['init_process_pid'];
  const labels = toAnnotations(config['labels']);
  /* With cgroup v2 there is one path, under the empty controller name. */
  const cgroup = asRecord(state['cgroup_paths'])?.[''];
  return toRuncFacts(root, id, {
    annotations: labels,
    cgroupsPath: typeof cgroup === 'string' ? cgroup : '',
    ...(typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? { pid } : {}),
  });
}

export function toRuncFacts(
  root: string,
  id: string,
  known: Pick<ContainerFacts, 'annotations' | 'cgroupsPath' | 'pid'>,
): ContainerFacts {
  return {
    engine: 'runc',
    engineNamespace: root,
    id,
    /* runc has no labels of its own; annotations are what its users put them into. */
    labels: known.annotations,
    annotations: known.annotations,
    image: '',
    cgroupsPath: known.cgroupsPath,
    ...(known.pid === undefined ? {} : { pid: known.pid }),
  };
}

/** libcontainer keeps a spec's annotations as `key=value` texts and adds `bundle=PATH` of its own. */
function toAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (!Array.isArray(value)) return {};
  return Object.fromEntries(
    value
      .filter((text): text is string => typeof text === 'string' && text.includes('='))
      .map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const)
      .filter(([key]) => key !== 'bundle'),
  );
}
