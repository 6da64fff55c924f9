import { Resolver } from 'node:dns/promises';
import { createDnsDiscovery, createPodDiscovery, createStaticDiscovery } from '@kubearmor-ts/discovery';
import type { AgentDiscovery, AgentPod, AgentSource } from '@kubearmor-ts/discovery';
import { Reflector, Store } from '@kubearmor-ts/kube';
import type { KubeObject } from '@kubearmor-ts/kube';
import type { Clock } from '@kubearmor-ts/life';
import type { Logger } from '@kubearmor-ts/telemetry';
import type { NamedDiscovery } from './find-agents.ts';
import { podAddresses, pods } from './kube-pods.ts';
import type { KubeAccess } from './reach-kube.ts';

/** One word of `--agents`. */
export interface NamedSource {
  readonly word: string;
  readonly source: AgentSource;
}

export interface AgentSourcesDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Seconds between two questions to a name server. */
  readonly dnsInterval: number;
  /** host:port each; empty: those of the machine. */
  readonly dnsServers: readonly string[];
  /** Needed for sources of pods. */
  readonly kube: KubeAccess | undefined;
}

/** The label of agents' pods, as existing installations set it. */
const agentLabel = 'kubearmor-app=kubearmor';

/** Addresses of the list are one source, every other word is its own. */
export function createAgentSources(
  sources: readonly NamedSource[],
  deps: AgentSourcesDeps,
): readonly NamedDiscovery[] {
  const addresses = sources.flatMap(({ source }) => (source.kind === 'static' ? [source.address] : []));
  const named = sources.flatMap(({ word, source }): readonly NamedDiscovery[] =>
    source.kind === 'static' ? [] : [{ source: word, discovery: createSource(word, source, deps) }],
  );
  return addresses.length === 0
    ? named
    : [{ source: 'list', discovery: createStaticDiscovery(addresses) }, ...named];
}

function createSource(
  word: string,
  source: Exclude<AgentSource, { kind: 'static' }>,
  deps: AgentSourcesDeps,
): AgentDiscovery {
  const { clock, random, logger } = deps;
  const onProblem = (problem: string): void =>
    logger.warn({ source: word, reason: problem }, 'agents are not all found');
  if (source.kind === 'pods') return createPodSource(word, source, deps, onProblem);
  const resolver = new Resolver({ timeout: 5000, tries: 2 });
  if (deps.dnsServers.length > 0) resolver.setServers(deps.dnsServers);
  return createDnsDiscovery({
    kind: source.kind,
    name: source.name,
    port: source.kind === 'host' ? source.port : 0,
    resolver,
    clock,
    random,
    everyMs: deps.dnsInterval * 1000,
    onProblem,
  });
}

function createPodSource(
  word: string,
  source: Extract<AgentSource, { kind: 'pods' }>,
  deps: AgentSourcesDeps,
  onProblem: (problem: string) => void,
): AgentDiscovery {
  const { kube, clock, random } = deps;
  if (kube === undefined) throw new Error(`${word} needs an API server`);
  const store = new Store<AgentPod>({ transform: agentPodOf });
  const reflector = new Reflector({
    client: kube.client,
    resource: pods,
    labelSelector: agentLabel,
    store,
    clock,
    random,
    onFault: ({ message }) => onProblem(message),
    ...(source.namespace === undefined ? {} : { namespace: source.namespace }),
  });
  return createPodDiscovery({
    name: word,
    watch: reflector,
    pods: store,
    port: source.port,
    watchProblem: () => {
      if (!reflector.hasSynced) return reflector.problem?.message ?? 'the pods are not listed yet';
      // An open watch has what was missed, though it has not told anything new yet.
      return reflector.phase === 'watching' ? undefined : reflector.problem?.message;
    },
    watchCounts: () => {
      const { lists, watches, faults } = reflector.counts;
      return {
        looks: lists + watches,
        failures: [...faults.values()].reduce((sum, count) => sum + count, 0),
      };
    },
    onProblem,
  });
}

/** Agents share their node's network: such a pod has an address, and it is the agent's. */
function agentPodOf(object: KubeObject): AgentPod | undefined {
  const { phase, ips } = podAddresses(object);
  const [ip] = ips;
  if (ip === undefined || phase !== 'Running') return undefined;
  return {
    uid: object.metadata.uid ?? `${object.metadata.namespace ?? ''}/${object.metadata.name}`,
    ip,
    isLeaving: object.metadata.deletionTimestamp !== undefined,
  };
}
