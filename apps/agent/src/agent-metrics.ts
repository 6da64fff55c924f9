import { counterList } from '@kubearmor-ts/abi';
import type { FrameStats } from '@kubearmor-ts/abi';
import type { Enforcer } from '@kubearmor-ts/enforcer';
import type { EventStreamService, LogFeed, ReplayBuffer } from '@kubearmor-ts/stream';
import { addReflectorMetrics } from '@kubearmor-ts/kube';
import type { Clock } from '@kubearmor-ts/life';
import { PLAN_LIMITS } from '@kubearmor-ts/plan';
import type { Cursor } from '@kubearmor-ts/proto';
import { addProcessMetrics, Metrics } from '@kubearmor-ts/telemetry';
import type { Sample } from '@kubearmor-ts/telemetry';
import type { PolicyGate } from './accept-policies.ts';
import type { WorkloadEnforcement } from './enforce-workloads.ts';
import type { ClusterView } from './follow-cluster.ts';
import type { WorkloadInventory } from './follow-workloads.ts';
import type { PolicyStore } from './policy-store.ts';
import type { AccessReporter } from './report-accesses.ts';
import type { ErrorReporter } from './report-errors.ts';
import { unenforcedParts } from './unenforced-parts.ts';
import type { AlertLines } from './write-alert-lines.ts';

export interface MetricSources {
  readonly store: PolicyStore;
  readonly gate: PolicyGate;
  readonly inventory: WorkloadInventory;
  readonly enforcement: WorkloadEnforcement;
  readonly enforcer: Enforcer;
  readonly reporter: AccessReporter;
  readonly errors: ErrorReporter;
  readonly feed: LogFeed;
  readonly replay: ReplayBuffer;
  readonly eventStream: EventStreamService;
  readonly lines: AlertLines | undefined;
  readonly cluster: ClusterView | undefined;
  readonly clock: Clock;
  /** The kernel's numbers as of the last poll. */
  readonly kernel: () => FrameStats | undefined;
  readonly maxWorkloads: number;
}

/** Everything an operator may ask of the agent, read where it is counted. */
export function createAgentMetrics(sources: MetricSources): Metrics {
  const metrics = new Metrics();
  addProcessMetrics(metrics);
  addPolicyMetrics(metrics, sources);
  addWorkloadMetrics(metrics, sources);
  addEventMetrics(metrics, sources);
  addReplayMetrics(metrics, sources);
  addKernelMetrics(metrics, sources);
  if (sources.cluster !== undefined)
    addReflectorMetrics(metrics, 'ka_agent', sources.cluster.watched, sources.clock);
  metrics.counter('ka_agent_errors_total', 'complaints by code', () =>
    [...sources.errors.byCode].map(([code, value]) => ({ labels: { code }, value })),
  );
  return metrics;
}

function addPolicyMetrics(metrics: Metrics, { store, gate }: MetricSources): void {
  metrics.gauge('ka_agent_policies', 'policies known', () => store.size);
  metrics.gauge(
    'ka_agent_policy_problems',
    'files and documents that cannot be used',
    () => [...store.problems()].length,
  );
  metrics.gauge('ka_agent_policies_limited', 'policies with parts that are not enforced yet', () => {
    let count = 0;
    for (const policy of store.policies()) if (unenforcedParts(policy).length > 0) count += 1;
    return count;
  });
  metrics.counter('ka_agent_policy_requests_total', 'answers of PolicyService by status', () =>
    [...gate.answers].map(([status, value]) => ({ labels: { status }, value })),
  );
}

function addWorkloadMetrics(metrics: Metrics, { inventory, enforcement, maxWorkloads }: MetricSources): void {
  const { compiler, counts } = enforcement;
  metrics.gauge('ka_agent_workloads', 'containers known', () => enforcement.size);
  metrics.gauge('ka_agent_workloads_limit', 'containers the kernel tables hold', () => maxWorkloads - 1);
  metrics.gauge('ka_agent_workloads_failing', 'workloads whose rules are not what they should be', () => {
    let count = 0;
    for (const row of enforcement.status())
      if (row.failure !== undefined || row.refusals.length > 0) count += 1;
    return count;
  });
  metrics.gauge('ka_agent_runtime_up', 'whether the container runtime answers', () =>
    inventory.status().map(({ name, isUp }) => ({ labels: { runtime: name }, value: isUp ? 1 : 0 })),
  );
  metrics.gauge('ka_agent_runtime_containers', 'containers by runtime', () =>
    inventory.status().map(({ name, containers }) => ({ labels: { runtime: name }, value: containers })),
  );
  metrics.counter(
    'ka_agent_bindings_set_total',
    'workload bindings that reached the kernel',
    () => counts.settled,
  );
  metrics.counter('ka_agent_bindings_failed_total', 'workload bindings that did not', () => counts.failed);
  metrics.counter(
    'ka_agent_cgroup_bind_failed_total',
    'cgroups that could not be bound',
    () => counts.bindFailed,
  );
  metrics.counter('ka_agent_plans_compiled_total', 'plans compiled', () => compiler.counts.compiled);
  metrics.counter(
    'ka_agent_plans_shared_total',
    'plans taken from an equal workload',
    () => compiler.counts.shared,
  );
  metrics.counter(
    'ka_agent_plans_refused_total',
    'compilations that exceeded a limit',
    () => compiler.counts.refused,
  );
  metrics.counter(
    'ka_agent_plan_compile_milliseconds_total',
    'time spent compiling',
    () => compiler.counts.totalMs,
  );
  metrics.gauge(
    'ka_agent_plan_compile_milliseconds_last',
    'time of the last compilation',
    () => compiler.counts.lastMs,
  );
  metrics.gauge(
    'ka_agent_plan_compile_milliseconds_longest',
    'time of the longest compilation',
    () => compiler.counts.longestMs,
  );
  const largest =
    (read: (size: { blobBytes: number; states: number; rows: number; sources: number }) => number) =>
    (): number => {
      let max = 0;
      for (const row of enforcement.status())
        if (row.inForce !== undefined) max = Math.max(max, read(row.inForce.plan.size));
      return max;
    };
  metrics.gauge(
    'ka_agent_plan_bytes_largest',
    'size of the largest plan in force',
    largest((size) => size.blobBytes),
  );
  metrics.gauge('ka_agent_plan_bytes_limit', 'bound of a plan', () => PLAN_LIMITS.blobBytes);
  metrics.gauge(
    'ka_agent_plan_states_largest',
    'states of the largest plan in force',
    largest((size) => size.states),
  );
  metrics.gauge('ka_agent_plan_states_limit', 'bound of a plan', () => PLAN_LIMITS.states);
  metrics.gauge('ka_agent_plan_rules_limit', 'rules one workload may have', () => PLAN_LIMITS.rules);
  metrics.gauge(
    'ka_agent_plan_sources_limit',
    'source programs one workload may have',
    () => PLAN_LIMITS.sources,
  );
}

function addEventMetrics(metrics: Metrics, { reporter, feed, lines, enforcement }: MetricSources): void {
  const { counts } = reporter;
  metrics.counter('ka_agent_events_received_total', 'records from the kernel', () => counts.received);
  metrics.counter(
    'ka_agent_events_accesses_total',
    'accesses those records stand for',
    () => counts.accesses,
  );
  metrics.counter(
    'ka_agent_events_attributed_total',
    'alerts with the policy that decided',
    () => counts.attributed,
  );
  metrics.counter(
    'ka_agent_events_unattributed_total',
    'alerts whose rules are not known any more',
    () => counts.unattributed,
  );
  metrics.counter('ka_agent_events_lost_total', 'records that never reached the agent', () => counts.lost);
  metrics.gauge(
    'ka_agent_attribution_revisions',
    'bindings kept to explain events',
    () => enforcement.history.size,
  );
  for (const kind of ['alerts', 'logs', 'messages'] as const) {
    metrics.gauge(
      `ka_agent_${kind}_subscribers`,
      `open ${kind} streams`,
      () => feed.counts()[kind].subscribers,
    );
    metrics.counter(
      `ka_agent_${kind}_published_total`,
      `${kind} offered to subscribers`,
      () => feed.counts()[kind].published,
    );
    metrics.counter(
      `ka_agent_${kind}_delivered_total`,
      `${kind} handed to connections`,
      () => feed.counts()[kind].delivered,
    );
    metrics.counter(
      `ka_agent_${kind}_dropped_total`,
      `${kind} lost by slow subscribers`,
      () => feed.counts()[kind].dropped,
    );
    metrics.counter(
      `ka_agent_${kind}_refused_total`,
      `${kind} streams refused`,
      () => feed.counts()[kind].refused,
    );
  }
  metrics.counter('ka_agent_lines_written_total', 'events written to logPath', () => lines?.written ?? 0);
  metrics.counter(
    'ka_agent_lines_dropped_total',
    'events that logPath was too slow for',
    () => lines?.dropped ?? 0,
  );
}

function addReplayMetrics(metrics: Metrics, { replay, eventStream }: MetricSources): void {
  const byKind = (read: (counts: ReturnType<ReplayBuffer['counts']>) => Readonly<Cursor>): Sample[] =>
    Object.entries(read(replay.counts())).map(([kind, value]) => ({ labels: { kind }, value }));
  metrics.gauge('ka_agent_replay_bytes', 'events held for relays', () => replay.counts().heldBytes);
  metrics.gauge('ka_agent_replay_events', 'events held for relays', () => byKind(({ held }) => held));
  metrics.counter('ka_agent_replay_published_total', 'events numbered for relays', () =>
    byKind(({ published }) => published),
  );
  metrics.counter('ka_agent_replay_dropped_total', 'events pushed out before every relay had them', () =>
    byKind(({ dropped }) => dropped),
  );
  metrics.counter(
    'ka_agent_replay_oversized_total',
    'events too long to be sent to relays',
    () => replay.counts().oversized,
  );
  metrics.gauge('ka_agent_relays', 'relays that take batches', () => eventStream.counts().readers);
  metrics.counter(
    'ka_agent_relay_sent_total',
    'events sent to relays in batches',
    () => eventStream.counts().sentEvents,
  );
  metrics.counter(
    'ka_agent_relay_batches_total',
    'batches sent to relays',
    () => eventStream.counts().sentBatches,
  );
  metrics.counter('ka_agent_relay_refused_total', 'relays refused', () => eventStream.counts().refused);
}

function addKernelMetrics(metrics: Metrics, { enforcer, kernel }: MetricSources): void {
  metrics.gauge('ka_agent_enforcer_up', 'whether the enforcer serves', () =>
    enforcer.state.kind === 'running' ? 1 : 0,
  );
  metrics.counter(
    'ka_agent_enforcer_bad_frames_total',
    'frames from the enforcer that made no sense',
    () => enforcer.badFrames,
  );
  counterList.forEach(({ name, text }, index) => {
    metrics.counter(`ka_kernel_${name.toLowerCase()}_total`, text, () =>
      Number(kernel()?.counter[index] ?? 0n),
    );
  });
  metrics.gauge('ka_kernel_arena_used_bytes', 'arena in use by plans', () =>
    Number(kernel()?.arenaUsed ?? 0n),
  );
  metrics.gauge('ka_kernel_arena_bytes', 'arena', () => Number(kernel()?.arenaSize ?? 0n));
  metrics.gauge('ka_kernel_plans', 'plans in the arena', () => kernel()?.planCount ?? 0);
  metrics.gauge('ka_kernel_workloads', 'workloads in the kernel tables', () => kernel()?.workloadCount ?? 0);
  metrics.counter('ka_kernel_records_produced_total', 'records produced by ring', () =>
    ['alerts', 'telemetry'].map((ring, index) => ({
      labels: { ring },
      value: Number(kernel()?.produced[index] ?? 0n),
    })),
  );
}
