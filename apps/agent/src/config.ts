import type { Config, ConfigTable } from '@kubearmor-ts/config';

/** A setting that keeps KubeArmor's key: the flag, the file key, and the environment variable in upper case. */
const named = <K extends string>(key: K): { flag: K; file: K; env: string } => ({
  flag: key,
  file: key,
  env: key.toUpperCase(),
});

const posture = { type: 'string', default: 'audit', oneOf: ['allow', 'audit', 'block'] } as const;

export const agentConfigTable = {
  cluster: { ...named('cluster'), type: 'string', default: 'default', help: 'cluster name in events' },
  host: {
    ...named('host'),
    type: 'string',
    default: '',
    help: "host name in events and for nodeSelector; empty: the system's",
  },
  grpc: {
    ...named('gRPC'),
    type: 'int',
    default: 32767,
    min: 0,
    max: 65535,
    help: 'port of LogService, PolicyService, ProbeService; 0 takes a free one and writes it to kubearmor.pid beside the policy directory',
  },
  grpcHost: {
    ...named('gRPCHost'),
    type: 'string',
    default: '[::]',
    help: 'address to listen on; policies are accepted from whoever reaches it, so narrow it where the network is shared',
  },
  grpcHealthPort: {
    ...named('gRPCHealthPort'),
    type: 'int',
    default: 32766,
    min: 0,
    max: 65535,
    help: 'port of the gRPC health service',
  },
  metricsHost: {
    ...named('metricsHost'),
    type: 'string',
    default: '127.0.0.1',
    help: 'address of the HTTP endpoints',
  },
  metricsPort: {
    ...named('metricsPort'),
    type: 'int',
    default: 32765,
    min: 0,
    max: 65535,
    help: 'port of /healthz, /readyz, /metrics, /policies, /workloads',
  },
  policyDir: {
    flag: 'policy-dir',
    file: 'policyDir',
    env: 'POLICYDIR',
    type: 'string',
    default: '/opt/kubearmor/policies',
    help: 'directory of policy files, watched; policies from gRPC are kept there as well',
  },
  enforcer: {
    ...named('enforcer'),
    type: 'string',
    default: '',
    help: 'path of the enforcer program; empty: beside this program',
  },
  bpfPath: {
    flag: 'bpfFsPath',
    file: 'bpfFsPath',
    env: 'BPFFSPATH',
    type: 'string',
    default: '/sys/fs/bpf',
    help: 'where the BPF file system is mounted',
  },
  procfs: {
    ...named('procfsMount'),
    type: 'string',
    default: '/proc',
    help: 'where the proc file system is mounted',
  },
  containerdSocket: {
    ...named('criSocket'),
    type: 'string',
    default: 'unix:///run/containerd/containerd.sock',
    help: "containerd's socket, also for Docker; none: containerd is not looked for",
  },
  runcRoots: {
    ...named('runcRoots'),
    type: 'list',
    default: ['/run/runc'],
    help: 'root directories of plain runc; none: plain runc is not looked for',
  },
  dockerRoot: {
    ...named('dockerRoot'),
    type: 'string',
    default: '/var/lib/docker',
    help: "Docker's data directory, read for names and labels",
  },
  enableKubeArmorPolicy: {
    ...named('enableKubeArmorPolicy'),
    type: 'bool',
    default: true,
    help: 'enforce container policies',
  },
  enableKubeArmorHostPolicy: {
    ...named('enableKubeArmorHostPolicy'),
    type: 'bool',
    default: false,
    help: 'enforce host policies',
  },
  enableNetworkPolicyEnforcer: {
    ...named('enableNetworkPolicyEnforcer'),
    type: 'bool',
    default: true,
    help: 'accept network policies (not enforced by this version)',
  },
  lsm: {
    ...named('lsm'),
    type: 'string',
    default: 'bpf',
    help: 'enforcers in order of preference; only bpf exists in this version',
  },
  defaultFilePosture: {
    ...named('defaultFilePosture'),
    ...posture,
    help: 'for files and programs that no rule covers once a rule allows',
  },
  defaultNetworkPosture: { ...named('defaultNetworkPosture'), ...posture, help: 'the same for networking' },
  defaultCapabilitiesPosture: {
    ...named('defaultCapabilitiesPosture'),
    ...posture,
    help: 'the same for capabilities',
  },
  hostDefaultFilePosture: {
    ...named('hostDefaultFilePosture'),
    ...posture,
    help: 'files and programs of the host',
  },
  hostDefaultNetworkPosture: {
    ...named('hostDefaultNetworkPosture'),
    ...posture,
    help: 'networking of the host',
  },
  hostDefaultCapabilitiesPosture: {
    ...named('hostDefaultCapabilitiesPosture'),
    ...posture,
    help: 'capabilities of the host',
  },
  visibility: {
    ...named('visibility'),
    type: 'string',
    default: 'process,file,network,capabilities',
    help: 'container telemetry (this version reports what policies ask for)',
  },
  hostVisibility: {
    ...named('hostVisibility'),
    type: 'string',
    default: 'default',
    help: 'host telemetry (this version reports what policies ask for)',
  },
  untrackedNs: {
    ...named('untrackedNs'),
    type: 'list',
    default: ['kube-system', 'kubearmor'],
    help: 'namespaces whose containers get no policies',
  },
  replayMegabytes: {
    ...named('replayMegabytes'),
    type: 'int',
    default: 8,
    min: 1,
    max: 1024,
    help: 'memory for events that no relay has acknowledged yet; beyond it the oldest logs go first, then the oldest alerts',
  },
  logPath: {
    ...named('logPath'),
    type: 'string',
    default: 'none',
    help: 'none, stdout, or a file: alerts as JSON lines',
  },
  machineIdPath: {
    ...named('machineIDPath'),
    type: 'string',
    default: '/etc/machine-id',
    help: "file with the node's id",
  },
  logLevel: {
    ...named('logLevel'),
    type: 'string',
    default: 'info',
    oneOf: ['debug', 'info', 'warn', 'error'],
    help: 'what the agent says about itself',
  },
  tlsEnabled: {
    ...named('tlsEnabled'),
    type: 'bool',
    default: false,
    help: 'TLS on the gRPC port (not in this version: the agent refuses to start rather than serve in clear text)',
  },
  k8s: {
    ...named('k8s'),
    type: 'bool',
    default: false,
    help: 'run against a Kubernetes API server (not in this version)',
  },
} as const satisfies ConfigTable;

/** Keys of existing installations that mean nothing to this version; giving one is no error, and is said once. */
export const unusedKeys: readonly string[] = [
  'alertThrottling',
  'annotateResources',
  'coverageTest',
  'debug',
  'defaultPostureLogs',
  'dropResourceFromProcessLogs',
  'enableIMA',
  'enableKubeArmorStateAgent',
  'enableKubeArmorVm',
  'enableNRI',
  'enableUSBDeviceHandler',
  'enforcerAlerts',
  'hostDefaultDevicePosture',
  'initTimeout',
  'matchArgs',
  'maxAlertPerSec',
  'nriIndex',
  'nriSocket',
  'seLinuxProfileDir',
  'throttleSec',
  'tlsCertPath',
  'tlsCertProvider',
  'useOCIHooks',
];

export type AgentConfig = Config<typeof agentConfigTable>;
