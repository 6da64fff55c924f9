// Written by tools/gen-crd.ts from schemas/*.yaml. Do not edit.
export interface MatchExpression {
  /** What the values speak about. */
  readonly key?: 'namespace' | 'label';
  /** How the values are compared. */
  readonly operator?: 'In' | 'NotIn';
  /** Label values are written key=value. */
  readonly values?: readonly string[];
}

export interface Selector {
  /** All expressions must hold. */
  readonly matchExpressions?: readonly MatchExpression[];
}

export interface FromSource {
  /** Executable of the acting process. */
  readonly path?: string;
}

export interface MatchPath {
  /** Executable, exact. */
  readonly path?: string;
  /** Name of the executable in any directory. */
  readonly execname?: string;
  /** The only arguments the executable may be started with. */
  readonly allowedArgs?: readonly string[];
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** false limits the rule to processes with a controlling terminal. */
  readonly pts?: boolean;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchDirectory {
  /** Absolute directory; a missing trailing slash is added. */
  readonly dir: string;
  /** Everything below the directory, not only its direct children. */
  readonly recursive?: boolean;
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** false limits the rule to processes with a controlling terminal. */
  readonly pts?: boolean;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchPattern {
  /** Glob: * and ? stop at a slash, ** does not. */
  readonly pattern: string;
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Process {
  readonly matchPaths?: readonly MatchPath[];
  readonly matchDirectories?: readonly MatchDirectory[];
  readonly matchPatterns?: readonly MatchPattern[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface FileMatchPath {
  /** File, exact. */
  readonly path: string;
  /** Reading is permitted, changing is not. */
  readonly readOnly?: boolean;
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** false limits the rule to processes with a controlling terminal. */
  readonly pts?: boolean;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface FileMatchDirectory {
  /** Absolute directory; a missing trailing slash is added. */
  readonly dir: string;
  /** Everything below the directory, not only its direct children. */
  readonly recursive?: boolean;
  /** Reading is permitted, changing is not. */
  readonly readOnly?: boolean;
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** false limits the rule to processes with a controlling terminal. */
  readonly pts?: boolean;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface FileMatchPattern {
  /** Glob: * and ? stop at a slash, ** does not. */
  readonly pattern: string;
  /** Reading is permitted, changing is not. */
  readonly readOnly?: boolean;
  /** Only the owner of the object may. */
  readonly ownerOnly?: boolean;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface File {
  readonly matchPaths?: readonly FileMatchPath[];
  readonly matchDirectories?: readonly FileMatchDirectory[];
  readonly matchPatterns?: readonly FileMatchPattern[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchProtocol {
  /** One protocol or socket type, or a comma list of them. */
  readonly protocol: string;
  /** false limits the rule to processes with a controlling terminal. */
  readonly pts?: boolean;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Port {
  /** Number, or a name such as ssh, http, https, dns. */
  readonly port: string;
  /** Last port of a range. */
  readonly endPort?: number;
}

export interface MatchEndpoints {
  /** Address range of the peer; any when neither cidr nor cidrs is given. */
  readonly cidr?: string;
  /** Several of them. */
  readonly cidrs?: readonly string[];
  /** Ports of the service; any when absent. */
  readonly ports?: readonly Port[];
  /** What is spoken; any when absent. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPV6' | 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmpv6';
  /** egress: peers that are called; ingress: peers that call. Both when absent. */
  readonly direction?: 'ingress' | 'egress';
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchDNSQuery {
  /** Domain name; it covers its subdomains. */
  readonly domain: string;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Network {
  readonly matchProtocols?: readonly MatchProtocol[];
  /** Peers by address, port and direction. Stock agents know no such list and ignore it. */
  readonly matchEndpoints?: readonly MatchEndpoints[];
  readonly matchDNSQueries?: readonly MatchDNSQuery[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchCapability {
  /** One capability in lower case, or a comma list of them. */
  readonly capability: string;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Capability {
  readonly matchCapabilities?: readonly MatchCapability[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchSyscallFromSource {
  /** Executable of the acting process. */
  readonly path?: string;
  /** Directory of the executable of the acting process. */
  readonly dir?: string;
  /** Everything below the directory, not only its direct children. */
  readonly recursive?: boolean;
}

export interface MatchSyscall {
  /** Names of system calls. */
  readonly syscall?: readonly string[];
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly MatchSyscallFromSource[];
}

export interface SyscallMatchPath {
  /** File, or directory when it ends in a slash. */
  readonly path?: string;
  /** Everything below the directory, not only its direct children. */
  readonly recursive?: boolean;
  /** Names of system calls. */
  readonly syscall?: readonly string[];
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly MatchSyscallFromSource[];
}

export interface Syscall {
  readonly matchSyscalls?: readonly MatchSyscall[];
  readonly matchPaths?: readonly SyscallMatchPath[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
}

export interface Preset {
  /** Name of the built-in rule. */
  readonly name?: string;
  /** Audit reports; anything else blocks. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface KubeArmorClusterPolicySpec {
  /** The namespaces and pods the policy applies to; all of them when empty. */
  readonly selector?: Selector;
  /** Which programs may be executed. */
  readonly process?: Process;
  /** Which files may be accessed, and how. */
  readonly file?: File;
  /** Which protocols may be used and which names may be looked up. */
  readonly network?: Network;
  /** Which Linux capabilities may be used. */
  readonly capabilities?: Capability;
  /** System calls to report; they are always audited, never blocked. */
  readonly syscalls?: Syscall;
  /** Built-in rules. */
  readonly presets?: readonly Preset[];
  /** Raw AppArmor rule lines, used by the AppArmor enforcer only. */
  readonly apparmor?: string;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** Action of every rule that names none itself; Block when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface NodeSelector {
  /** Labels a node must carry. */
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface NetworkMatchProtocol {
  /** One protocol or socket type, or a comma list of them. */
  readonly protocol: string;
  /** Executables the rule is limited to. */
  readonly fromSource?: readonly FromSource[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface KubeArmorHostPolicySpecNetwork {
  readonly matchProtocols?: readonly NetworkMatchProtocol[];
  /** Peers by address, port and direction. Stock agents know no such list and ignore it. */
  readonly matchEndpoints?: readonly MatchEndpoints[];
  readonly matchDNSQueries?: readonly MatchDNSQuery[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface MatchDevice {
  /** USB class: a name, a decimal or 0x number, or ALL. */
  readonly class: string;
  /** USB subclass. */
  readonly subClass?: number;
  /** USB protocol. */
  readonly protocol?: number;
  /** Depth of the hub the device is plugged into. */
  readonly level?: number;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Device {
  readonly matchDevice?: readonly MatchDevice[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface KubeArmorHostPolicySpec {
  /** The nodes the policy applies to. */
  readonly nodeSelector: NodeSelector;
  /** Which programs may be executed. */
  readonly process?: Process;
  /** Which files may be accessed, and how. */
  readonly file?: File;
  /** Which protocols may be used and which names may be looked up. */
  readonly network?: KubeArmorHostPolicySpecNetwork;
  /** Which Linux capabilities may be used. */
  readonly capabilities?: Capability;
  /** System calls to report; they are always audited, never blocked. */
  readonly syscalls?: Syscall;
  /** Which USB devices may be attached. */
  readonly device?: Device;
  /** Raw AppArmor rule lines, used by the AppArmor enforcer only. */
  readonly apparmor?: string;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** Action of every rule that names none itself; Block when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface SelectorMatchExpression {
  /** What the values speak about. */
  readonly key?: 'label';
  /** How the values are compared. */
  readonly operator?: 'In' | 'NotIn';
  /** Label values are written key=value. */
  readonly values?: readonly string[];
}

export interface KubeArmorNetworkPolicySpecSelector {
  /** Labels a pod must carry. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** All expressions must hold. */
  readonly matchExpressions?: readonly SelectorMatchExpression[];
}

export interface IpBlock {
  /** Address range. */
  readonly cidr: string;
}

export interface From {
  readonly ipBlock: IpBlock;
}

export interface IngressPort {
  /** Number or one of ssh, http, https, dns. */
  readonly port: string;
  /** Last port of a range. */
  readonly endPort?: number;
  /** Transport protocol; TCP when absent. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP' | 'tcp' | 'udp' | 'sctp';
}

export interface Ingress {
  /** Peers; any when absent. */
  readonly from?: readonly From[];
  /** Network interfaces; any when absent. */
  readonly iface?: readonly string[];
  /** Ports; any when absent. */
  readonly ports?: readonly IngressPort[];
  /** Bytes that may pass in each window; GB when no unit is given. */
  readonly limit?: string;
  /** Length of the window, for instance 16h. */
  readonly duration?: string;
  /** Severity in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface Egress {
  /** Peers; any when absent. */
  readonly to?: readonly From[];
  /** Network interfaces; any when absent. */
  readonly iface?: readonly string[];
  /** Ports; any when absent. */
  readonly ports?: readonly IngressPort[];
  /** Bytes that may pass in each window; GB when no unit is given. */
  readonly limit?: string;
  /** Length of the window, for instance 16h. */
  readonly duration?: string;
  /** Severity in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** What happens to a match; the section or the policy decides when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface KubeArmorNetworkPolicySpec {
  /** The nodes the policy applies to. */
  readonly nodeSelector?: NodeSelector;
  /** The pods the policy applies to. */
  readonly selector?: KubeArmorNetworkPolicySpecSelector;
  /** Whether a quota counts for each pod or once for the whole policy. */
  readonly level?: 'pod' | 'policy' | 'Pod' | 'Policy';
  readonly ingress?: readonly Ingress[];
  readonly egress?: readonly Egress[];
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** Action of every rule that names none itself; Block when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface KubeArmorPolicySpecSelector {
  /** Labels a pod must carry; kubearmor.io/container.name limits the policy to named containers. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** All expressions must hold. */
  readonly matchExpressions?: readonly SelectorMatchExpression[];
}

export interface KubeArmorPolicySpec {
  /** The pods of the namespace the policy applies to; all of them when empty. */
  readonly selector?: KubeArmorPolicySpecSelector;
  /** Which programs may be executed. */
  readonly process?: Process;
  /** Which files may be accessed, and how. */
  readonly file?: File;
  /** Which protocols may be used and which names may be looked up. */
  readonly network?: Network;
  /** Which Linux capabilities may be used. */
  readonly capabilities?: Capability;
  /** System calls to report; they are always audited, never blocked. */
  readonly syscalls?: Syscall;
  /** Built-in rules. */
  readonly presets?: readonly Preset[];
  /** Raw AppArmor rule lines, used by the AppArmor enforcer only. */
  readonly apparmor?: string;
  /** 1 (least) to 10 (most) in alerts. */
  readonly severity?: number;
  /** Labels copied into alerts. */
  readonly tags?: readonly string[];
  /** Text copied into alerts. */
  readonly message?: string;
  /** Action of every rule that names none itself; Block when absent. */
  readonly action?: 'Allow' | 'Audit' | 'Block';
}

export interface RecommendedPolicy {
  /** Whether they are installed; false when absent. */
  readonly enable?: boolean;
  /** What they select; every namespace but kube-system and kubearmor when absent. */
  readonly matchExpressions?: readonly MatchExpression[];
  /** Names of policies that are not installed. */
  readonly excludePolicy?: readonly string[];
}

export interface GlobalImagePullSecrets {
  /** Name of the Secret. */
  readonly name?: string;
}

export interface GlobalTolerations {
  readonly effect?: string;
  readonly key?: string;
  readonly operator?: string;
  readonly tolerationSeconds?: number;
  readonly value?: string;
}

export interface ConfigMapKeyRef {
  readonly key: string;
  readonly name?: string;
  readonly optional?: boolean;
}

export interface FieldRef {
  readonly apiVersion?: string;
  readonly fieldPath: string;
}

export interface FileKeyRef {
  readonly key: string;
  readonly optional?: boolean;
  readonly path: string;
  readonly volumeName: string;
}

export interface ResourceFieldRef {
  readonly containerName?: string;
  readonly divisor?: number | string;
  readonly resource: string;
}

export interface ValueFrom {
  readonly configMapKeyRef?: ConfigMapKeyRef;
  readonly fieldRef?: FieldRef;
  readonly fileKeyRef?: FileKeyRef;
  readonly resourceFieldRef?: ResourceFieldRef;
  readonly secretKeyRef?: ConfigMapKeyRef;
}

export interface GlobalEnv {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: ValueFrom;
}

export interface KubearmorImage {
  readonly image?: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Secrets for pulling images. */
  readonly imagePullSecrets?: readonly GlobalImagePullSecrets[];
  /** Flags, written -key=value; they win over built-in ones. */
  readonly args?: readonly string[];
  /** Environment variables of containers. */
  readonly env?: readonly GlobalEnv[];
  /** Labels that a node must carry. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints that pods put up with. */
  readonly tolerations?: readonly GlobalTolerations[];
}

export interface Tls {
  readonly enable?: boolean;
  /** More DNS names of the relay; localhost when absent. */
  readonly extraDnsNames?: readonly string[];
  /** More addresses of the relay; 127.0.0.1 when absent. */
  readonly extraIpAddresses?: readonly string[];
}

export interface Auth {
  /** Secret with the credentials; elastic-secret when absent. */
  readonly secretName?: string;
  /** username when absent. */
  readonly usernameKey?: string;
  /** password when absent. */
  readonly passwordKey?: string;
  readonly allowInsecureTLS?: boolean;
  /** Secret with the certificate of the authority. */
  readonly caCertSecretName?: string;
  /** ca.crt when absent. */
  readonly caCertKey?: string;
}

export interface Elasticsearch {
  readonly enabled?: boolean;
  readonly url?: string;
  /** kubearmor-alerts when absent. */
  readonly alertsIndex?: string;
  readonly auth?: Auth;
}

export interface Adapters {
  readonly elasticsearch?: Elasticsearch;
}

export interface KubeArmorConfigSpec {
  /** What happens to operations that no rule covers once a class has an Allow rule; audit when absent. */
  readonly defaultFilePosture?: 'audit' | 'block';
  /** What happens to operations that no rule covers once a class has an Allow rule; audit when absent. */
  readonly defaultCapabilitiesPosture?: 'audit' | 'block';
  /** What happens to operations that no rule covers once a class has an Allow rule; audit when absent. */
  readonly defaultNetworkPosture?: 'audit' | 'block';
  /** Comma list of process, file, network, capabilities, none; process,network,capabilities when absent. */
  readonly defaultVisibility?: string;
  /** Cluster policies that come with the operator. */
  readonly recommendedPolicies?: RecommendedPolicy;
  /** Secrets for pulling images. */
  readonly globalImagePullSecrets?: readonly GlobalImagePullSecrets[];
  /** Taints that pods put up with. */
  readonly globalTolerations?: readonly GlobalTolerations[];
  /** Labels that a node must carry. */
  readonly globalNodeSelector?: Readonly<Record<string, string>>;
  /** Environment variables of containers. */
  readonly globalEnv?: readonly GlobalEnv[];
  /** A component: its image and how its pods are placed. */
  readonly kubearmorImage?: KubearmorImage;
  /** A component: its image and how its pods are placed. */
  readonly kubearmorInitImage?: KubearmorImage;
  /** A component: its image and how its pods are placed. */
  readonly kubearmorRelayImage?: KubearmorImage;
  /** A component: its image and how its pods are placed. */
  readonly kubearmorControllerImage?: KubearmorImage;
  /** A component: its image and how its pods are placed. */
  readonly kubeRbacProxyImage?: KubearmorImage;
  /** Mutual TLS between agents, relay and clients. */
  readonly tls?: Tls;
  /** The relay writes logs to its standard output. */
  readonly enableStdOutLogs?: boolean;
  /** The relay writes alerts to its standard output. */
  readonly enableStdOutAlerts?: boolean;
  /** The relay writes messages to its standard output. */
  readonly enableStdOutMsgs?: boolean;
  /** Agents run under seccomp profiles of the node. */
  readonly seccompEnabled?: boolean;
  /** Alerts of a container beyond maxAlertPerSec are held back; true when absent. */
  readonly alertThrottling?: boolean;
  /** 10 when absent or 0. */
  readonly maxAlertPerSec?: number;
  /** For how long alerts are held back; 30 when absent or 0. */
  readonly throttleSec?: number;
  /** Rules see the arguments of programs; true when absent. */
  readonly matchArgs?: boolean;
  /** Logs of programs leave out the command line. */
  readonly dropResourceFromProcessLogs?: boolean;
  /** Containers are learnt through the Node Resource Interface. */
  readonly enableNRI?: boolean;
  /** Port of the admission webhook; 9443 when absent. */
  readonly controllerPort?: number;
  /** Where the relay sends events. */
  readonly adapters?: Adapters;
}
