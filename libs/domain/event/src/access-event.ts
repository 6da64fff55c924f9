/** The hooks by the names alerts carry in `Data: lsm=…`. */
export type HookName =
  | 'NONE'
  | 'SECURITY_BPRM_CHECK'
  | 'FILE_OPEN'
  | 'FILE_PERMISSION'
  | 'FILE_MKNOD'
  | 'FILE_MKDIR'
  | 'FILE_RMDIR'
  | 'FILE_UNLINK'
  | 'FILE_SYMLINK'
  | 'FILE_LINK'
  | 'FILE_RENAME'
  | 'FILE_CHMOD'
  | 'FILE_CHOWN'
  | 'FILE_TRUNCATE'
  | 'MMAP_FILE'
  | 'SB_MOUNT'
  | 'MOVE_MOUNT'
  | 'CAPABLE'
  | 'SOCKET_CREATE'
  | 'SOCKET_BIND'
  | 'SOCKET_LISTEN'
  | 'SOCKET_CONNECT'
  | 'SOCKET_ACCEPT'
  | 'SOCKET_SENDMSG'
  | 'SOCKET_RECVMSG';

/** Bytes as the kernel has them; a string stands for its UTF-8 bytes. */
export type Text = Uint8Array | string;

/** One decided access, free of the layout it arrived in. */
export interface AccessEvent {
  readonly bootNs: bigint;
  /** Wall clock in Unix nanoseconds: fills Timestamp and UpdatedTime. */
  readonly wallNs: bigint;
  readonly class: 'exec' | 'file' | 'capability' | 'network';
  readonly hook: HookName;
  /** `block`: denied. `audit`: passed, and a rule or posture wants an alert. `report`: passed, telemetry only. */
  readonly verdict: 'audit' | 'block' | 'report';
  readonly write: boolean;
  readonly owner: boolean;
  readonly hostPid: number;
  readonly hostPpid: number;
  /** In the task's own pid namespace. */
  readonly pid: number;
  readonly ppid: number;
  /** Real uid as the host sees it. */
  readonly uid: number;
  /** Of the session that entered the workload from outside; 0 = started with it. */
  readonly execId: bigint;
  /** Native number, -1 outside a system call. */
  readonly syscall: number;
  /** The first three arguments as the registers hold them. */
  readonly syscallArgs: readonly bigint[];
  readonly openFlags: number;
  readonly comm: Text;
  /** `pts0`; empty without a controlling terminal. */
  readonly tty: Text;
  /** For exec the program to run, for a capability its word (`CAP_NET_RAW`), for a socket empty, else the path accessed. */
  readonly object: Text;
  /** Network accesses only. */
  readonly socket?: SocketEvent;
  /** Second path of rename and link. */
  readonly object2?: Text;
  /** The acting program; for exec the one that calls exec. */
  readonly exe: Text;
  readonly parentExe: Text;
  /** For exec the arguments of the new program, else those of the caller; NUL- or blank-separated. */
  readonly cmdline: Text;
  readonly cwd: Text;
  /** How many accesses like this one the record stands for. */
  readonly count: number;
}

/** A socket, and its peer as far as it is known. */
export interface SocketEvent {
  /** `AF_INET`, `AF_UNIX` …; of the address where there is one. */
  readonly domain: string;
  /** `SOCK_STREAM` …; empty for a type that has no name. */
  readonly type: string;
  /** What an Internet socket speaks, in the words of existing agents: TCP, UDP, ICMP, IPv6-ICMP, SCTP. */
  readonly protocol?: string;
  readonly endpoint?: {
    readonly direction: 'ingress' | 'egress';
    /** Of the service: the peer's for egress, the own for ingress. */
    readonly port: number;
    /** The peer's; empty where none is known yet. */
    readonly address: string;
  };
}

/** Why the access has an event: the rule that decided, or the default posture. */
export type Attribution =
  | {
      readonly kind: 'rule';
      readonly policyName: string;
      readonly policyKind: string;
      /** 1…10, 0 when the policy names none. */
      readonly severity: number;
      readonly tags: readonly string[];
      readonly message: string;
      readonly action: 'Allow' | 'Audit' | 'Block';
    }
  | { readonly kind: 'default'; readonly posture: 'audit' | 'block' };

export interface WorkloadOwner {
  /** The kind: Deployment, StatefulSet, Pod … */
  readonly ref: string;
  readonly name: string;
  readonly namespace: string;
}

/** Who acted, as far as people know it. */
export type WorkloadIdentity =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'container';
      readonly namespaceName: string;
      readonly podName: string;
      readonly owner?: WorkloadOwner;
      readonly labels: Readonly<Record<string, string>>;
      readonly containerId: string;
      readonly containerName: string;
      readonly containerImage: string;
    };

/** What is the same for every event of a node. */
export interface NodeInfo {
  readonly clusterName: string;
  readonly hostName: string;
  readonly nodeId: string;
  /** `v1.2.3`; shown on the enforcer's own alerts. */
  readonly version: string;
  readonly arch: 'x64' | 'arm64';
  /** User names by uid, shown on host events; a uid that is not in it gives an empty name. */
  readonly users?: ReadonlyMap<number, string>;
}
