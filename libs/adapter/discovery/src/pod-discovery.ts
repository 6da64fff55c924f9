import { isIPv6 } from 'node:net';
import type { Service } from '@kubearmor-ts/life';
import { AgentSet } from './agent-discovery.ts';
import type { AgentDiscovery } from './agent-discovery.ts';

/** What matters of the pod of an agent. */
export interface AgentPod {
  readonly uid: string;
  readonly ip: string;
  /** It is being deleted: another pod may have its address already. */
  readonly isLeaving: boolean;
}

export interface PodDiscoveryOptions {
  /** For messages and status. */
  readonly name: string;
  /** Keeps `pods` up to date; started and stopped with the discovery. */
  readonly watch: Service;
  readonly pods: {
    values(): Iterable<AgentPod>;
    onChange(listener: () => void): () => void;
  };
  readonly port: number;
  /** Why the pods may not be what the cluster has. */
  readonly watchProblem: () => string | undefined;
  readonly watchCounts: () => { readonly looks: number; readonly failures: number };
  readonly maxAgents?: number;
  readonly onProblem: (problem: string) => void;
}

/** The pods of agents, one agent for each address. */
export function createPodDiscovery(options: PodDiscoveryOptions): AgentDiscovery {
  const { name, watch, pods, port } = options;
  const maxAgents = options.maxAgents ?? 5000;
  const set = new AgentSet();
  let leftOut = 0;
  let tooMany: string | undefined;
  let isDue = false;

  const look = (): void => {
    isDue = false;
    const byIp = new Map<string, AgentPod>();
    for (const pod of pods.values()) {
      if (byIp.get(pod.ip)?.isLeaving !== false) byIp.set(pod.ip, pod);
    }
    const agents = [...byIp.values()]
      .map(({ uid, ip }) => ({ key: uid, address: `${isIPv6(ip) ? `[${ip}]` : ip}:${String(port)}` }))
      .sort((one, other) => (one.address < other.address ? -1 : 1));
    leftOut = Math.max(0, agents.length - maxAgents);
    const before = tooMany;
    tooMany =
      leftOut > 0 ? `${name}: ${String(leftOut)} agents beyond ${String(maxAgents)} are left out` : undefined;
    if (tooMany !== undefined && tooMany !== before) options.onProblem(tooMany);
    set.replace(agents.slice(0, maxAgents));
  };

  // A list of thousands of pods is thousands of changes in one go, and one look.
  const forget = pods.onChange(() => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(look);
  });

  return {
    name: `agents of ${name}`,
    get counts() {
      return { ...options.watchCounts(), leftOut };
    },
    listen: (listener) => set.listen(listener),
    problem: () => options.watchProblem() ?? tooMany,
    start: (signal) => watch.start(signal),
    stop: async () => {
      forget();
      await watch.stop();
    },
  };
}
