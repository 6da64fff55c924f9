import type { ChartName } from './render-chart.ts';

export interface ValueSet {
  readonly name: string;
  readonly chart: ChartName;
  readonly values: Readonly<Record<string, unknown>>;
}

const image = (name: string, tag: string) => ({
  repository: `docker.io/kubearmor/${name}`,
  tag,
  imagePullSecrets: '',
});
const volume = (name: string, path: string) => ({ name, hostPath: { path, type: 'DirectoryOrCreate' } });
const mount = (name: string, mountPath: string) => ({ name, mountPath });

/** Every documented key of KubeArmor 1.7's chart of this name, at its default. */
export const stockPlain = {
  environment: { name: 'generic' },
  gkeAllowlistVersion: '',
  tls: { enabled: false },
  kubearmorRelay: {
    enabled: true,
    image: image('kubearmor-relay-server', 'latest'),
    imagePullPolicy: 'Always',
    tolerations: '',
    enableStdoutLogs: 'false',
    enableStdoutAlerts: 'false',
    enableStdoutMsg: 'false',
    resources: { requests: { cpu: '10m', memory: '64Mi' } },
    tls: {
      extraDnsNames: ['localhost'],
      extraIpAddresses: ['127.0.0.1'],
      tlsCertPath: '/var/lib/kubearmor/tls',
      tlsCertProvider: 'external',
      certSecretName: 'kubearmor-relay-server-certs',
      certVolumeMount: [mount('kubearmor-relay-certs-secrets', '/var/lib/kubearmor/tls')],
      certVolume: [{ name: 'kubearmor-relay-certs-secrets', projected: { defaultMode: 292, sources: [] } }],
    },
  },
  kubearmorInit: { image: image('kubearmor-init', 'stable'), imagePullPolicy: 'Always' },
  kubeRbacProxy: { image: { repository: 'gcr.io/kubebuilder/kube-rbac-proxy', tag: 'v0.15.0' } },
  kubearmorController: {
    name: 'kubearmor-controller',
    replicas: 1,
    image: image('kubearmor-controller', 'latest'),
    mutation: { failurePolicy: 'Ignore' },
    imagePullPolicy: 'Always',
    tolerations: '',
    resources: { requests: { cpu: '10m', memory: '64Mi' } },
  },
  kubearmorConfigMap: {
    defaultFilePosture: 'audit',
    defaultCapabilitiesPosture: 'audit',
    defaultNetworkPosture: 'audit',
    visibility: 'process,network',
    alertThrottling: true,
    maxAlertPerSec: 10,
    throttleSec: 30,
    matchArgs: true,
  },
  kubearmor: {
    image: image('kubearmor', 'stable'),
    imagePullPolicy: 'Always',
    tolerations: '',
    args: [],
    tls: {
      tlsCertPath: '/var/lib/kubearmor/tls',
      tlsCertProvider: 'self',
      caSecretName: 'kubearmor-ca',
      clientCertSecretName: 'kubearmor-client-certs',
    },
    capabilities: {
      add: [
        'SETUID',
        'SETGID',
        'SETPCAP',
        'SYS_ADMIN',
        'SYS_PTRACE',
        'MAC_ADMIN',
        'NET_ADMIN',
        'SYS_RESOURCE',
        'IPC_LOCK',
        'CAP_DAC_OVERRIDE',
        'CAP_DAC_READ_SEARCH',
      ],
      drop: ['ALL'],
    },
    commonMounts: [mount('bpf', '/opt/kubearmor/BPF')],
    commonVolumes: [{ name: 'bpf', emptyDir: {} }],
    initMounts: [mount('bpf', '/opt/kubearmor/BPF'), mount('usr-src', '/usr/src')],
    autoPilot: {
      volumeMounts: [mount('procfs', '/host/procfs')],
      initMounts: [],
      volumes: [volume('procfs', '/proc')],
    },
    volumeMountsGeneric: [mount('usr-src', '/usr/src'), mount('containerd', '/var/run/containerd')],
    volumesGeneric: [volume('usr-src', '/usr/src'), volume('containerd', '/var/run/containerd')],
    volumeMountsGKE: [mount('usr', '/media/root/usr')],
    volumesGKE: [volume('usr', '/usr')],
    resources: { requests: { cpu: '10m', memory: '64Mi' } },
  },
};

/** The same of the operator's chart. */
export const stockOperator = {
  autoDeploy: false,
  imagePinning: false,
  registry: { secretName: '' },
  kubearmor: {
    repo: 'kubearmor',
    images: {
      kubearmor: { image: 'kubearmor', tag: 'stable' },
      kubearmorInit: { image: 'kubearmor-init', tag: 'stable' },
      kubearmorRelay: { image: 'kubearmor-relay-server', tag: 'latest' },
      kubearmorController: { image: 'kubearmor-controller', tag: 'latest' },
      kubearmorSnitch: { image: 'kubearmor-snitch', tag: 'latest' },
      kubearmorOperator: { image: 'kubearmor-operator', tag: 'latest' },
    },
  },
  kubearmorOperator: {
    name: 'kubearmor-operator',
    image: { repository: 'docker.io/kubearmor/kubearmor-operator', tag: '', imagePullSecrets: [] },
    imagePullPolicy: 'IfNotPresent',
    enableOCIHooks: false,
    annotateResource: false,
    annotateExisting: false,
    socketFile: '',
    args: [],
    env: [],
    tolerations: [],
    nodeSelector: {},
    resources: {},
    podLabels: {},
    podAnnotations: {},
    podSecurityContext: {},
    securityContext: {},
  },
  kubearmorConfig: {
    defaultFilePosture: 'audit',
    defaultCapabilitiesPosture: 'audit',
    defaultNetworkPosture: 'audit',
    defaultVisibility: 'process,network',
    enableStdOutLogs: false,
    enableStdOutAlerts: false,
    enableStdOutMsgs: false,
    seccompEnabled: false,
    alertThrottling: true,
    maxAlertPerSec: 10,
    throttleSec: 30,
    matchArgs: true,
  },
  tlsSecrets: {
    kubearmorCa: 'kubearmor-ca',
    kubearmorClient: 'kubearmor-client-certs',
    relayServer: 'kubearmor-relay-server-certs',
    controllerWebhook: 'kubearmor-controller-webhook-server-cert',
  },
};

const everythingOn = {
  serviceMonitor: { enabled: true, labels: { release: 'prom' } },
  prometheusRule: { enabled: true },
  grafanaDashboard: { enabled: true, annotations: { folder: 'security' } },
  global: { imageRegistry: 'registry.example:5000/mirror/', imagePullSecrets: ['a', { name: 'b' }] },
  extraObjects: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'extra' },
      data: { release: '{{ .Release.Name }}' },
    },
  ],
};

const plain = (name: string, values: ValueSet['values']): ValueSet => ({ name, chart: 'kubearmor', values });
const operator = (name: string, values: ValueSet['values']): ValueSet => ({
  name,
  chart: 'kubearmor-operator',
  values,
});

export const valueSets: readonly ValueSet[] = [
  plain('nothing set', {}),
  plain("KubeArmor's values", stockPlain),
  ...[
    'GKE',
    'EKS',
    'BottleRocket',
    'talos',
    'openshift',
    'k0s',
    'k3s',
    'minikube',
    'microk8s',
    'docker',
    'crio',
    'autopilot',
  ].map((name) => plain(`environment ${name}`, { environment: { name } })),
  plain('everything on', {
    ...everythingOn,
    kubearmorRelay: {
      config: { sinks: [{ type: 'stdout' }] },
      journal: { existingClaim: 'events' },
      tolerations: [{ operator: 'Exists' }],
    },
    kubearmorController: { hostNetwork: true, mutation: { failurePolicy: 'Fail' } },
    networkPolicy: { relayFrom: [{ namespaceSelector: {} }], metricsFrom: [{ podSelector: {} }] },
    kubearmor: {
      metricsListen: 'node',
      args: ['-visibility=none', '-lsm=apparmor'],
      image: { digest: `sha256:${'a'.repeat(64)}`, imagePullSecrets: 'c' },
    },
  }),
  plain('cert-manager', { certificates: { provider: 'certManager' } }),
  plain('certificates made elsewhere, no TLS, no relay', {
    certificates: { provider: 'existing' },
    tls: { enabled: false },
    kubearmorRelay: { enabled: false },
  }),
  plain('bare', {
    crds: { enabled: false },
    rbac: { create: false },
    networkPolicy: { enabled: false },
    pdb: { enabled: false },
    kubearmor: { lsm: 'bpf' },
  }),
  operator('nothing set', {}),
  operator("KubeArmor's values", stockOperator),
  operator('everything on', {
    ...everythingOn,
    autoDeploy: true,
    imagePinning: true,
    registry: { secretName: 'pull' },
    startupTaint: { enabled: true },
    openshift: { enabled: true },
    certManager: { enabled: true },
    kubearmorOperator: {
      annotateExisting: true,
      enableOCIHooks: true,
      socketFile: '/run/x.sock',
      clusterName: 'north',
      args: ['--loglevel=debug'],
      podSecurityContext: { runAsUser: 1000 },
    },
  }),
  operator('another name', { kubearmorOperator: { name: 'armor' } }),
  operator('bare', {
    crds: { enabled: false },
    rbac: { create: false },
    networkPolicy: { enabled: false },
    uninstall: { enabled: false },
    kubearmorOperator: { replicas: 1 },
  }),
];
