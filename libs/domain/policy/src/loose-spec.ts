/**
 * A spec of any kind after the lenient validators: types are sure, everything else may be absent or out of range. An
 * entry carries the keys of all lists; each list reads its own.
 */
export interface LooseMeaning {
  readonly severity?: number;
  readonly tags?: readonly string[];
  readonly message?: string;
  readonly action?: string;
}

export interface LooseSource {
  readonly path?: string;
  readonly dir?: string;
  readonly recursive?: boolean;
}

export interface LooseEntry extends LooseMeaning {
  readonly path?: string;
  readonly execname?: string;
  readonly dir?: string;
  readonly pattern?: string;
  readonly recursive?: boolean;
  readonly allowedArgs?: readonly string[];
  readonly ownerOnly?: boolean;
  readonly readOnly?: boolean;
  readonly pts?: boolean;
  readonly protocol?: string;
  readonly domain?: string;
  readonly capability?: string;
  readonly cidr?: string;
  readonly cidrs?: readonly string[];
  readonly direction?: string;
  readonly ports?: readonly { readonly port?: string; readonly endPort?: number }[];
  readonly fromSource?: readonly LooseSource[];
}

export interface LooseSyscall {
  readonly path?: string;
  readonly recursive?: boolean;
  readonly syscall?: readonly string[];
  readonly fromSource?: readonly LooseSource[];
}

export interface LooseDevice extends LooseMeaning {
  readonly class?: string;
  readonly subClass?: number;
  readonly protocol?: number;
  readonly level?: number;
}

type Section<List extends string> = LooseMeaning & { readonly [L in List]?: readonly LooseEntry[] };

export interface LooseTraffic extends LooseMeaning {
  readonly from?: readonly LoosePeer[];
  readonly to?: readonly LoosePeer[];
  readonly iface?: readonly string[];
  readonly ports?: readonly {
    readonly port?: string;
    readonly endPort?: number;
    readonly protocol?: string;
  }[];
  readonly limit?: string;
  readonly duration?: string;
}

export interface LoosePeer {
  readonly ipBlock?: { readonly cidr?: string };
}

export interface LooseSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: readonly string[];
  }[];
}

export interface LooseSpec extends LooseMeaning {
  readonly selector?: LooseSelector;
  readonly nodeSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly process?: Section<'matchPaths' | 'matchDirectories' | 'matchPatterns'>;
  readonly file?: Section<'matchPaths' | 'matchDirectories' | 'matchPatterns'>;
  readonly network?: Section<'matchProtocols' | 'matchDNSQueries' | 'matchEndpoints'>;
  readonly capabilities?: Section<'matchCapabilities'>;
  readonly syscalls?: LooseMeaning & {
    readonly matchSyscalls?: readonly LooseSyscall[];
    readonly matchPaths?: readonly LooseSyscall[];
  };
  readonly device?: LooseMeaning & { readonly matchDevice?: readonly LooseDevice[] };
  readonly presets?: readonly { readonly name?: string; readonly action?: string }[];
  readonly apparmor?: string;
  readonly level?: string;
  readonly ingress?: readonly LooseTraffic[];
  readonly egress?: readonly LooseTraffic[];
}
