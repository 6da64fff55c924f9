import type { FaultTarget } from './fault.ts';
import type { WireRequest } from './wire.ts';

/** What a request is about. */
export interface Target {
  readonly sort: FaultTarget;
  /** `pods`, `coordination.k8s.io/leases`. */
  readonly type: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly subresource: string | undefined;
}

export function parseTarget({ path, method, query = {} }: WireRequest): Target | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [root, second] = parts;
  if (path === '/apis')
    return {
      sort: 'get',
      type: 'apis',
      namespace: undefined,
      name: undefined,
      key: '',
      subresource: undefined,
    };
  if (root !== 'api' && root !== 'apis') return undefined;
  const rest = parts.slice(root === 'api' ? 2 : 3);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [plural, name, subresource] = namespace === undefined ? rest : rest.slice(2);
  if (plural === undefined) return undefined;
  return {
    sort: sortOf(method, name, query),
    type: root === 'api' ? plural : `${second}/${plural}`,
    namespace,
    name,
    key: namespace === undefined ? (name ?? '') : `${namespace}/${name ?? ''}`,
    subresource,
  };
}

function sortOf(
  method: string,
  name: string | undefined,
  query: Readonly<Record<string, string>>,
): FaultTarget {
  if (method !== 'GET') return 'write';
  if (name !== undefined) return 'get';
  return query['watch'] === 'true' ? 'watch' : 'list';
}
