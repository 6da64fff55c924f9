import { isIPv6 } from 'node:net';
import type { Clock } from '@kubearmor-ts/life';
import { AgentSet } from './agent-discovery.ts';
import type { AgentDiscovery, DiscoveredAgent } from './agent-discovery.ts';

/** The part of `dns.promises.Resolver` that is used. */
export interface DnsResolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveSrv(name: string): Promise<{ readonly name: string; readonly port: number }[]>;
  cancel(): void;
}

export interface DnsDiscoveryOptions {
  /** `srv` asks where and on which port; `host` asks for addresses, which all have `port`. */
  readonly kind: 'host' | 'srv';
  readonly name: string;
  readonly port: number;
  readonly resolver: DnsResolver;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly everyMs?: number;
  readonly maxAgents?: number;
  readonly onProblem: (problem: string) => void;
}

interface Answer {
  readonly agents: readonly DiscoveredAgent[];
  /** Part of the question could not be answered. */
  readonly failure?: string;
}

/** A headless service: the name has one address for each agent. */
export function createDnsDiscovery(options: DnsDiscoveryOptions): AgentDiscovery {
  const { name, clock, resolver } = options;
  const everyMs = options.everyMs ?? 15_000;
  const maxAgents = options.maxAgents ?? 5000;
  const set = new AgentSet();
  const counts = { looks: 0, failures: 0, leftOut: 0 };
  let problem: string | undefined;
  let known: readonly DiscoveredAgent[] = [];
  let running: Promise<void> = Promise.resolve();

  const say = (text: string | undefined): void => {
    if (text !== undefined && text !== problem) options.onProblem(text);
    problem = text;
  };

  const look = async (): Promise<void> => {
    counts.looks += 1;
    const answer =
      options.kind === 'srv' ? await askSrv(resolver, name) : await askHost(resolver, name, options.port);
    if (answer.failure !== undefined) counts.failures += 1;
    // A half answer may add; only a whole one takes away.
    const agents = answer.failure === undefined ? answer.agents : merge(known, answer.agents);
    known = agents.slice(0, maxAgents);
    counts.leftOut = agents.length - known.length;
    set.replace(known);
    const tooMany =
      counts.leftOut > 0
        ? `${name}: ${String(counts.leftOut)} agents beyond ${String(maxAgents)} are left out`
        : undefined;
    say(answer.failure ?? tooMany);
  };

  return {
    name: `agents of ${name}`,
    counts,
    listen: (listener) => set.listen(listener),
    problem: () => problem,
    /** Does not wait for an answer: a relay may be up before its name server. */
    start: (signal) => {
      running = (async () => {
        while (!signal.aborted) {
          await look();
          // Replicas that started together do not ask together for ever.
          await clock.sleep(everyMs * (0.8 + 0.4 * options.random()), signal);
        }
      })();
      return Promise.resolve();
    },
    stop: () => {
      resolver.cancel();
      return running;
    },
  };
}

async function askHost(resolver: DnsResolver, name: string, port: number): Promise<Answer> {
  const [four, six] = await Promise.all([
    answered(resolver.resolve4(name), []),
    answered(resolver.resolve6(name), []),
  ]);
  const failure = four.failure ?? six.failure;
  const addresses = [...new Set([...four.value, ...six.value])].sort();
  return {
    agents: addresses.map((ip) => agentAt(isIPv6(ip) ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`)),
    ...(failure === undefined ? {} : { failure: `${name}: ${failure}` }),
  };
}

async function askSrv(resolver: DnsResolver, name: string): Promise<Answer> {
  const { value, failure } = await answered(resolver.resolveSrv(name), []);
  const addresses = value.map(({ name: host, port }) => `${host.replace(/\.$/, '')}:${String(port)}`);
  return {
    agents: [...new Set(addresses)].sort().map(agentAt),
    ...(failure === undefined ? {} : { failure: `${name}: ${failure}` }),
  };
}

const agentAt = (address: string): DiscoveredAgent => ({ key: address, address });

function merge(
  before: readonly DiscoveredAgent[],
  more: readonly DiscoveredAgent[],
): readonly DiscoveredAgent[] {
  const byKey = new Map([...before, ...more].map((agent) => [agent.key, agent]));
  return [...byKey.values()];
}

/** No such name and no such record are answers; everything else is none. */
async function answered<T>(
  question: Promise<T>,
  empty: T,
): Promise<{ readonly value: T; readonly failure?: string }> {
  try {
    return { value: await question };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { value: empty } : { value: empty, failure: code };
  }
}
