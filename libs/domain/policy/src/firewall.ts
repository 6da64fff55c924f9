import type { Path } from './finding.ts';
import type { LooseSpec, LooseTraffic } from './loose-spec.ts';
import { inherit, readMeaning } from './meaning.ts';
import type { Meaning, Reporter } from './meaning.ts';
import type { Action, Place } from './rule.ts';

export interface FirewallPort {
  /** Number or service name, as written. */
  readonly port: string;
  readonly endPort?: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface FirewallRule {
  readonly direction: 'ingress' | 'egress';
  /** Address ranges; empty means any peer. */
  readonly cidrs: readonly string[];
  readonly interfaces: readonly string[];
  readonly ports: readonly FirewallPort[];
  readonly limit?: string;
  readonly duration?: string;
  readonly action: Action;
  readonly severity: number;
  readonly tags: readonly string[];
  readonly message: string;
  readonly place?: Place;
}

/** What a KubeArmorNetworkPolicy asks of the firewall. */
export interface Firewall {
  readonly level: 'pod' | 'policy';
  readonly rules: readonly FirewallRule[];
}

export function readFirewall(spec: LooseSpec, outer: Meaning, reporter: Reporter): Firewall {
  const read = (direction: 'ingress' | 'egress') =>
    (spec[direction] ?? []).map((traffic, i) =>
      readRule(traffic, direction, ['spec', direction, i], outer, reporter),
    );
  return {
    level: spec.level?.toLowerCase() === 'policy' ? 'policy' : 'pod',
    rules: [...read('ingress'), ...read('egress')],
  };
}

function readRule(
  traffic: LooseTraffic,
  direction: 'ingress' | 'egress',
  path: Path,
  outer: Meaning,
  reporter: Reporter,
): FirewallRule {
  const { action, ...meaning } = inherit(readMeaning(traffic, path, reporter), outer);
  const peers = (direction === 'ingress' ? traffic.from : traffic.to) ?? [];
  const place = reporter.placeOf(path);
  return {
    direction,
    cidrs: peers.flatMap(({ ipBlock }) => (ipBlock?.cidr === undefined ? [] : [ipBlock.cidr])),
    interfaces: traffic.iface ?? [],
    ports: (traffic.ports ?? []).flatMap((port) => {
      if (port.port === undefined) return [];
      const end = port.endPort === undefined ? {} : { endPort: port.endPort };
      return [{ port: port.port, ...end, protocol: transport(port.protocol) }];
    }),
    ...(traffic.limit === undefined ? {} : { limit: traffic.limit }),
    ...(traffic.duration === undefined ? {} : { duration: traffic.duration }),
    action: action ?? 'Block',
    ...meaning,
    ...(place === undefined ? {} : { place }),
  };
}

function transport(text: string | undefined): FirewallPort['protocol'] {
  const upper = text?.toUpperCase();
  return upper === 'UDP' || upper === 'SCTP' ? upper : 'TCP';
}

/**
 * The three CEL rules of the CRD: a policy for containers has no nodeSelector and takes quotas only. A present but empty
 * matchLabels counts as populated, as `has()` does in CEL.
 */
export function checkFirewallCombination(spec: LooseSpec, reporter: Reporter): void {
  const isForPods = spec.selector?.matchLabels !== undefined || spec.selector?.matchExpressions !== undefined;
  if (!isForPods) return;
  if (spec.nodeSelector !== undefined) {
    const message = 'a policy selects containers (selector) or nodes (nodeSelector), not both';
    reporter.error('KA_POLICY_COMBINATION', message, ['spec', 'nodeSelector']);
  }
  for (const direction of ['ingress', 'egress'] as const) {
    for (const [i, traffic] of (spec[direction] ?? []).entries()) {
      if (traffic.limit !== undefined && traffic.duration !== undefined) continue;
      const message = 'a policy for containers takes bandwidth quotas only: limit and duration are needed';
      reporter.error('KA_POLICY_COMBINATION', message, ['spec', direction, i]);
    }
  }
}
