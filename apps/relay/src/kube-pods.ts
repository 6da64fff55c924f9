import { isIP } from 'node:net';
import type { KubeObject, KubeResource } from '@kubearmor-ts/kube';

export const pods: KubeResource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };

export interface PodAddresses {
  readonly phase: string;
  /** The primary one first. */
  readonly ips: readonly string[];
  readonly isOnHostNetwork: boolean;
}

/** What a pod's object says of its network; whatever it does not say, or not properly, is empty. */
export function podAddresses({ spec, status }: KubeObject): PodAddresses {
  const { phase, podIP, podIPs } = fieldsOf(status);
  const all = [podIP, ...(Array.isArray(podIPs) ? podIPs.map((one) => fieldsOf(one)['ip']) : [])];
  const ips = all.filter((ip): ip is string => typeof ip === 'string' && isIP(ip) !== 0);
  return {
    phase: typeof phase === 'string' ? phase : '',
    ips: [...new Set(ips)],
    isOnHostNetwork: fieldsOf(spec)['hostNetwork'] === true,
  };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
