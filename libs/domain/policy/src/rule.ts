import type { AddressRange } from './address.ts';

/** What a rule or a posture asks for. */
export type Action = 'Allow' | 'Audit' | 'Block';

/** The kind of operation a rule speaks about; each class has its own whitelist switch. */
export type RuleClass = 'exec' | 'file' | 'network' | 'dns' | 'capability' | 'syscall' | 'device';

/** A regular language over the bytes of an object's name. Paths are absolute and carry no trailing slash. */
export type Pattern =
  | { readonly kind: 'exact'; readonly path: string }
  /** `dir` always ends in a slash; it matches the directory itself, its children, and with `recursive` everything below. */
  | { readonly kind: 'directory'; readonly dir: string; readonly recursive: boolean }
  /** AppArmor glob: `*` and `?` stop at a slash, `**` does not, `[…]`, `[^…]`, `{a,b}`, backslash escapes. */
  | { readonly kind: 'glob'; readonly glob: string }
  /** Any path whose last component is this name. */
  | { readonly kind: 'execname'; readonly name: string }
  /** Classes other than exec and file: the word as the policy writes it, normalised (protocol upper case, capability with CAP_, …). */
  | { readonly kind: 'word'; readonly word: string }
  /** Network rules: who is talked to. */
  | EndpointPattern;

/** Peers and ports; what is absent or empty is any. */
export interface EndpointPattern {
  readonly kind: 'endpoint';
  readonly direction?: 'ingress' | 'egress';
  readonly protocol?: EndpointProtocol;
  /** Of the peer. */
  readonly range?: AddressRange;
  /** Of the service: the peer's for egress, the own for ingress. */
  readonly ports: readonly PortRange[];
}

export type EndpointProtocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPV6';

/** Both ends belong to it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Where in the user's text something stands; lines and columns start at 1. */
export interface Place {
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

/** One matcher of a policy with everything it inherited; an entry with several sources becomes several rules. */
export interface Rule {
  readonly class: RuleClass;
  readonly pattern: Pattern;
  /** Executable path of the acting process (for exec: of the program that calls exec). Absent: any. */
  readonly source?: string;
  readonly ownerOnly: boolean;
  readonly readOnly: boolean;
  /** True when the policy says `pts: false`: the rule speaks only about processes with a controlling terminal. */
  readonly onlyTerminal: boolean;
  /** Syscall rules only: set instead of `source` when the policy names a directory. */
  readonly sourceDirectory?: SourceDirectory;
  /** Syscall rules only: the path the call works on (exact or directory). Absent: any. */
  readonly target?: Pattern;
  /** Device rules only. */
  readonly device?: DeviceMatch;
  /** Present for process matchPaths with `allowedArgs`. */
  readonly allowedArgs?: readonly string[];
  readonly action: Action;
  /** 1…10, or 0 when the policy names none. */
  readonly severity: number;
  readonly tags: readonly string[];
  readonly message: string;
  /** Identity of the policy: kind, namespace ('' when cluster-scoped) and name never collide (decision 5). */
  readonly policy: PolicyId;
  readonly place?: Place;
}

export type PolicyKind =
  'KubeArmorPolicy' | 'KubeArmorClusterPolicy' | 'KubeArmorHostPolicy' | 'KubeArmorNetworkPolicy';

export interface PolicyId {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
}

/** Directory of the acting executable; only syscall rules know such sources. */
export interface SourceDirectory {
  /** Ends in a slash. */
  readonly dir: string;
  readonly recursive: boolean;
}

/** What a device rule asks of a USB device beside its class word; absent fields match any value. */
export interface DeviceMatch {
  readonly subClass?: number;
  readonly protocol?: number;
  readonly level?: number;
}
