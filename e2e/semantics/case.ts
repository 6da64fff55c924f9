/** The containers that the cases play in; the fixture starts all of them once per boot. */
export type ContainerName =
  | 'ubuntu-1'
  | 'ubuntu-2'
  | 'ubuntu-3'
  | 'ubuntu-4'
  | 'ubuntu-5'
  | 'wordpress'
  | 'mysql'
  | 'container-1'
  | 'container-2'
  | 'loner';

/** Fields of an alert that a case compares: exact, but Resource, Source and Data by substring, as users search for them. */
export interface AlertExpectation {
  readonly PolicyName?: string;
  readonly Severity?: string;
  readonly Message?: string;
  readonly Tags?: string;
  readonly Action?: string;
  readonly Result?: string;
  readonly NamespaceName?: string;
  readonly ContainerName?: string;
  readonly Enforcer?: string;
  readonly Operation?: string;
  readonly Type?: string;
  readonly Resource?: string;
  readonly Source?: string;
  readonly Data?: string;
}

export interface Step {
  /** A container, or the node itself. */
  readonly in: ContainerName | 'host';
  readonly run: readonly string[];
  readonly as?: 'root' | 'user1';
  /** Default true, as `kubectl exec -it`. */
  readonly tty?: boolean;
  readonly expect: 'denied' | 'works';
  readonly prints?: string;
  readonly alert?: AlertExpectation;
  /** No alert like this may come of the step. */
  readonly noAlert?: AlertExpectation;
}

/** Plain policy documents, as JSON is YAML. */
export interface PolicyDocument {
  readonly kind: 'KubeArmorPolicy' | 'KubeArmorClusterPolicy' | 'KubeArmorHostPolicy';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface SemanticsCase {
  /** Name in the compatibility list. */
  readonly id: string;
  readonly promise: string;
  readonly policies: readonly PolicyDocument[];
  readonly steps: readonly Step[];
}

type Spec = Readonly<Record<string, unknown>>;

const namespaced =
  (namespace: string) => (name: string, labels: Readonly<Record<string, string>>, spec: Spec) =>
    ({
      kind: 'KubeArmorPolicy',
      metadata: { name, namespace },
      spec: { selector: { matchLabels: labels }, ...spec },
    }) as const satisfies PolicyDocument;

export const inUbuntu = namespaced('multiubuntu');
export const inWordpress = namespaced('wordpress-mysql');
export const inMulticontainer = namespaced('multicontainer');
export const unorchestrated = namespaced('');

export const onHost = (name: string, spec: Spec) =>
  ({
    kind: 'KubeArmorHostPolicy',
    metadata: { name },
    spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } }, ...spec },
  }) as const satisfies PolicyDocument;

export const blocked = (PolicyName: string, more: AlertExpectation = {}): AlertExpectation => ({
  PolicyName,
  Action: 'Block',
  Result: 'Permission denied',
  Enforcer: 'BPFLSM',
  ...more,
});

export const audited = (PolicyName: string, more: AlertExpectation = {}): AlertExpectation => ({
  PolicyName,
  Action: 'Audit',
  Result: 'Passed',
  Enforcer: 'eBPF Monitor',
  ...more,
});

/** What an allow-list refuses; such alerts carry no severity, tags or message. */
export const notAllowed = (Resource: string): AlertExpectation => ({
  PolicyName: 'DefaultPosture',
  Action: 'Block',
  Result: 'Permission denied',
  Severity: '',
  Message: '',
  Resource,
});

/** What any dynamically linked shell command needs before it does its own work. */
export const shellFiles = [
  { dir: '/pts/', recursive: true },
  { dir: '/dev/', recursive: true },
  { dir: '/proc/', recursive: true },
  { dir: '/lib/', recursive: true },
  { dir: '/lib64/', recursive: true },
  { dir: '/usr/lib/', recursive: true },
  { dir: '/bin/', recursive: true },
  { dir: '/', recursive: true, fromSource: [{ path: '/runc' }] },
] as const;

export const loaderCache = [
  { path: '/etc/ld.so.cache' },
  { path: '/root/.bashrc' },
  { path: '/root' },
] as const;
