import type { CodedError } from '@kubearmor-ts/result';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { KA_MAX_WORKLOADS } from '@kubearmor-ts/abi';
import type { FrameStats } from '@kubearmor-ts/abi';
import { CgroupResolver, watchContainerd, watchRunc } from '@kubearmor-ts/cri';
import { createEnforcer } from '@kubearmor-ts/enforcer';
import type { EnforcerProcess } from '@kubearmor-ts/enforcer';
import { createOpsServer } from '@kubearmor-ts/http';
import type { ReadyCheck } from '@kubearmor-ts/http';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { Postures } from '@kubearmor-ts/policy';
import {
  ReplayBuffer,
  createGrpcServer,
  createLogFeed,
  eventStreamService,
  logService,
  policyService,
  probeService,
  tlsServerCredentials,
} from '@kubearmor-ts/stream';
import type { GrpcService } from '@kubearmor-ts/stream';
import type { Logger } from '@kubearmor-ts/telemetry';
import { addTlsMetrics, createTlsIdentity, serverFiles, tlsReadyCheck } from '@kubearmor-ts/tls';
import { PolicyGate } from './accept-policies.ts';
import { createAgentMetrics } from './agent-metrics.ts';
import { answerProbe } from './answer-probe.ts';
import { systemBootClock } from './boot-clock.ts';
import type { AgentConfig } from './config.ts';
import { createClusterView } from './create-cluster-view.ts';
import { describePolicies } from './describe-policies.ts';
import { describeWorkloads } from './describe-workloads.ts';
import { toEnforcementSettings } from './enforcement-settings.ts';
import { WorkloadEnforcement } from './enforce-workloads.ts';
import type { Restored } from './enforce-workloads.ts';
import type { ClusterView } from './follow-cluster.ts';
import { WorkloadInventory } from './follow-workloads.ts';
import type { RuntimeSource } from './follow-workloads.ts';
import { EventHold } from './hold-events.ts';
import { PodLayer } from './lay-pods-over-containers.ts';
import { NodeFacts } from './node-facts.ts';
import { PolicyStore } from './policy-store.ts';
import type { PolicyParser } from './read-policy-file.ts';
import { AccessReporter } from './report-accesses.ts';
import { ErrorReporter } from './report-errors.ts';
import { reportStorePolicies } from './report-policies.ts';
import { RevisionMemory } from './remember-revisions.ts';
import { runEnforcer } from './run-enforcer.ts';
import { PolicyDir } from './watch-policy-dir.ts';
import { AlertLines } from './write-alert-lines.ts';
import { writePortFile } from './write-port-file.ts';

export interface AgentDeps {
  readonly config: AgentConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
  readonly spawnEnforcer: () => EnforcerProcess;
  /** Absent: policy files are parsed on this thread. */
  readonly parsePolicies?: PolicyParser;
}

export interface Agent {
  /** In the order they start. */
  readonly services: readonly Service[];
  readonly ports: { readonly grpc: number; readonly health: number; readonly metrics: number };
  readonly readyChecks: () => readonly ReadyCheck[];
}

const CHECK_MS = 5000;
const WAIT_FOR_RUNTIMES_MS = 3000;
const HOLD_MS = 5000;

/** The agent, in Kubernetes or outside it. Wiring only: what each part promises stands in its own file. */
export function createAgent({
  config,
  logger,
  clock,
  version,
  spawnEnforcer,
  parsePolicies,
}: AgentDeps): Agent {
  const errors = new ErrorReporter(logger, () => clock.nowMs());
  const node = new NodeFacts({
    cluster: config.cluster,
    host: config.host,
    machineIdPath: config.machineIdPath,
    passwdPath: '/etc/passwd',
    version,
  });
  const namespaces = new Map<string, Postures>();
  const settings = toEnforcementSettings(config, node.hostName, namespaces);
  const bootClock = systemBootClock(config.procfs);
  const store = new PolicyStore();
  const policyDir = new PolicyDir({
    dir: config.policyDir,
    store,
    settleMs: 50,
    rescanMs: 10_000,
    onError: errors.report,
    ...(parsePolicies === undefined ? {} : { parse: parsePolicies }),
  });
  reportStorePolicies(store, logger, errors.report);
  const gate = new PolicyGate({
    dir: config.policyDir,
    policies: policyDir,
    store,
    isEnabled: {
      containerPolicy: config.enableKubeArmorPolicy,
      hostPolicy: config.enableKubeArmorHostPolicy,
      networkPolicy: config.enableNetworkPolicyEnforcer,
    },
    onError: errors.report,
  });

  const enforcer = createEnforcer({
    spawn: spawnEnforcer,
    clock,
    random: Math.random,
    onLine: (line) => logger.info({ from: 'enforcer' }, line),
    resync: (hello) => enforcement.connected(hello.restored),
    beforeEnd: () => lines?.flushed() ?? Promise.resolve(),
  });
  const cgroups = new CgroupResolver(config.procfs);
  const enforcement = new WorkloadEnforcement({
    enforcer,
    store,
    settings,
    maxWorkloads: KA_MAX_WORKLOADS,
    nowMs: () => clock.nowMs(),
    onError: errors.report,
    onApplied: () => revisions.changed(),
    resolveCgroup: async ({ pid, cgroupNames, key }) => {
      const id = await cgroups.resolve(pid ?? 0, cgroupNames);
      if (id.ok) return id.value;
      errors.report({ ...id.error, object: key });
      return undefined;
    },
  });
  const revisions = new RevisionMemory(
    join(dirname(config.policyDir), 'revisions.json'),
    enforcement.history,
    errors.report,
  );
  const pods = new PodLayer({
    onSet: (workload) => enforcement.setWorkload(workload),
    onGone: (key) => enforcement.dropWorkload(key),
    onStopped: (key) => enforcement.awaitAgain(key),
  });
  const cluster = config.k8s
    ? createClusterView({
        ...{ config, clock, version, store, pods, settings, namespaces, enforcement },
        hostName: node.hostName,
        onError: errors.report,
      })
    : undefined;
  const inventory = new WorkloadInventory({
    sources: runtimeSources(config),
    onSet: (workload) => pods.setContainer(workload),
    onGone: (key) => pods.dropContainer(key),
    onStopped: (key) => pods.stopContainer(key),
    onComplete: () => enforcement.inventoryComplete(),
    onError: errors.report,
  });

  const replay = new ReplayBuffer({ streamId: randomUUID(), maxBytes: config.replayMegabytes << 20 });
  const feed = createLogFeed({ replay });
  const eventStream = eventStreamService({ buffer: replay, nodeName: () => node.hostName, clock });
  const lines = config.logPath === 'none' ? undefined : new AlertLines(config.logPath, errors.report);
  const reporter = new AccessReporter({
    history: enforcement.history,
    node: () => node.info,
    toWallNs: (bootNs) => bootClock.toWallNs(bootNs),
    wallNs: () => bootClock.wallNs(),
    onError: errors.report,
    sink: {
      alert: (alert) => {
        feed.publishAlert(alert);
        lines?.write(alert);
      },
      log: (log) => {
        feed.publishLog(log);
        lines?.write(log);
      },
    },
  });
  const hold = new EventHold(({ ring, events, lost, mark }) => {
    for (const event of events) reporter.take(ring, event);
    reporter.lost(ring, Number(lost));
    /* Taken is what has been written: whoever dies in between counts these again rather than not at all. */
    const taken = (): void => void enforcer.eventsTaken(mark, ring);
    if (lines === undefined) taken();
    else lines.afterWritten(taken);
  });
  enforcer.onEvents((batch) => hold.take(batch));
  const takeUp = (restored: readonly Restored[]): void => {
    enforcement.connected(restored);
    const patience = new AbortController();
    void Promise.race([enforcement.settled(), clock.sleep(HOLD_MS, patience.signal)]).then(() => {
      patience.abort();
      hold.open();
    });
  };
  enforcer.onState((state) => {
    if (state.kind !== 'running') enforcement.disconnected();
    if (state.kind === 'waiting' || state.kind === 'failed') errors.report(state.error);
  });

  const identity = config.tlsEnabled
    ? createTlsIdentity({
        files: serverFiles(config.tlsCertPath),
        usage: 'server',
        names: config.tlsNames,
        clock,
        onLook: (outcome) => {
          if (outcome === 'replaced')
            logger.info({ path: config.tlsCertPath }, 'the certificate was replaced');
          else errors.report(outcome);
        },
      })
    : undefined;

  const readyChecks = (): readonly ReadyCheck[] => [
    {
      name: 'enforcer',
      isReady: enforcer.state.kind === 'running',
      reason:
        'error' in enforcer.state ? enforcer.state.error.message : `the enforcer is ${enforcer.state.kind}`,
    },
    {
      name: 'rules',
      isReady: enforcement.isSettled && enforcement.hasSynced,
      reason: 'rules are on their way to the kernel',
    },
    ...(identity === undefined ? [] : [tlsReadyCheck('tls', identity)]),
    ...(cluster === undefined ? [] : [cluster.readyCheck()]),
  ];
  let kernel: FrameStats | undefined;
  const metrics = createAgentMetrics({
    store,
    gate,
    inventory,
    enforcement,
    enforcer,
    reporter,
    errors,
    feed,
    replay,
    eventStream,
    lines,
    cluster,
    clock,
    kernel: () => kernel,
    maxWorkloads: KA_MAX_WORKLOADS,
  });
  if (identity !== undefined) addTlsMetrics(metrics, 'ka_agent', [identity]);
  const ops = createOpsServer({
    host: config.metricsHost,
    port: config.metricsPort,
    readyChecks,
    metrics: () => metrics.render(),
    pages: {
      '/policies': () => ({
        policies: describePolicies(store, enforcement, settings),
        problems: [...store.problems()].map(complaintRow),
        warnings: [...store.warnings()].map(complaintRow),
      }),
      '/workloads': () => ({ workloads: describeWorkloads(enforcement), runtimes: inventory.status() }),
    },
  });

  // In a cluster policies come from its API server alone, as whoever may write them there is known.
  const isServingPolicies =
    !config.k8s &&
    (config.enableKubeArmorPolicy || config.enableKubeArmorHostPolicy || config.enableNetworkPolicyEnforcer);
  const policyServices: readonly GrpcService[] = isServingPolicies
    ? [
        policyService({
          handlers: {
            containerPolicy: (json) => gate.handle('containerPolicy', json),
            hostPolicy: (json) => gate.handle('hostPolicy', json),
            networkPolicy: (json) => gate.handle('networkPolicy', json),
          },
          onFailure: (method, failure) =>
            errors.report({
              code: 'KA_AGENT_POLICY_HANDLER',
              reason: 'HandlerFailed',
              object: method,
              message: String(failure),
            }),
        }),
        probeService(() =>
          answerProbe(
            enforcement.status(),
            node.hostName,
            [...store.policies()].filter((policy) => policy.id.kind === 'KubeArmorNetworkPolicy'),
          ),
        ),
      ]
    : [];
  const services = [logService(feed), eventStream, ...policyServices];
  const grpc = createGrpcServer({
    address: `${config.grpcHost}:${config.grpc}`,
    services,
    reflection: true,
    ...(identity === undefined ? {} : { credentials: tlsServerCredentials(identity) }),
  });
  const health = createGrpcServer({
    address: `${config.grpcHost}:${config.grpcHealthPort}`,
    services: [],
    healthOf: services.map((service) => service.name),
  });

  const upkeep: Service = {
    name: 'upkeep',
    start: (signal) => {
      void (async () => {
        for (let turn = 1; !signal.aborted; turn += 1) {
          const stats = await enforcer.stats();
          if (stats.ok) kernel = stats.value;
          await node.refresh();
          if (turn % 6 === 0) enforcement.retry();
          await clock.sleep(CHECK_MS, signal);
        }
      })();
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
  };
  const nodeFacts: Service = { name: 'node facts', start: () => node.load(), stop: () => Promise.resolve() };
  const heard: Service = {
    name: 'first listing of containers',
    start: (signal) =>
      Promise.race([inventory.heardFromAll, clock.sleep(WAIT_FOR_RUNTIMES_MS, signal)]).then(() => undefined),
    stop: () => Promise.resolve(),
  };
  return {
    services: [
      nodeFacts,
      ...(lines === undefined ? [] : [lines]),
      policyDir,
      revisions,
      inventory,
      heard,
      ...(identity === undefined ? [] : [identity]),
      grpc,
      writePortFile(config, () => grpc.port),
      optional(health, errors),
      optional(ops, errors),
      ...(cluster === undefined ? [] : [cluster, firstListOf(cluster)]),
      runEnforcer(enforcer, { onReady: (hello) => takeUp(hello.restored), onError: errors.report }),
      upkeep,
    ],
    ports: {
      get grpc() {
        return grpc.port;
      },
      get health() {
        return health.port;
      },
      get metrics() {
        return ops.port;
      },
    },
    readyChecks,
  };
}

function runtimeSources(config: AgentConfig): readonly RuntimeSource[] {
  const { procfs, dockerRoot } = config;
  const socket = config.containerdSocket.replace(/^unix:\/\//, '');
  const retryMs = [200, 5000] as const;
  const isGiven = (text: string): boolean => text !== '' && text !== 'none';
  const containerd: RuntimeSource = {
    name: `containerd ${socket}`,
    watch: (signal) =>
      watchContainerd({ socket, dockerRoot, relistMs: 30_000, callMs: 10_000, retryMs }, signal),
  };
  const runc = config.runcRoots.filter(isGiven).map((root) => ({
    name: `runc ${root}`,
    watch: (signal: AbortSignal) => watchRunc({ root, procfs, rescanMs: 2000 }, signal),
  }));
  return isGiven(socket) ? [containerd, ...runc] : runc;
}

/**
 * Rules that earlier processes left in force must not give way to what an agent thinks that has not heard of any policy
 * yet: the enforcer is spoken to after the first lists, however long they take.
 */
const firstListOf = (cluster: ClusterView): Service => ({
  name: 'first lists of the cluster',
  start: (signal) =>
    Promise.race([
      cluster.heard,
      new Promise<undefined>((resolve) => {
        if (signal.aborted) resolve(undefined);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
    ]).then(() => undefined),
  stop: () => Promise.resolve(),
});

/** A port that is taken must not keep the node unprotected. */
function optional(service: Service, errors: ErrorReporter): Service {
  let isStarted = false;
  return {
    name: service.name,
    start: async (signal) => {
      try {
        await service.start(signal);
        isStarted = true;
      } catch (cause) {
        errors.report({
          code: 'KA_AGENT_LISTEN',
          reason: 'PortUnavailable',
          object: service.name,
          message: cause instanceof Error ? cause.message : String(cause),
          cause,
        });
      }
    },
    stop: () => (isStarted ? service.stop() : Promise.resolve()),
  };
}

const complaintRow = ([file, { code, reason, object, place, message }]: readonly [
  string,
  CodedError,
]): unknown => ({
  file,
  code,
  reason,
  object,
  place,
  message,
});
