/** Which workload a profile is for, in the names that pod specs and container options already use. */
export type ProfileOwner =
  | { readonly kind: 'pod'; readonly namespace: string; readonly owner: string; readonly container: string }
  | { readonly kind: 'container'; readonly container: string }
  | { readonly kind: 'host' };

/** The name under which a workload's profile is loaded. */
export function profileName(owner: ProfileOwner): string {
  switch (owner.kind) {
    case 'pod':
      return `kubearmor-${plain(owner.namespace)}-${plain(owner.owner)}-${plain(owner.container)}`;
    case 'container':
      return `kubearmor_${plain(owner.container)}`;
    case 'host':
      return 'kubearmor.host';
  }
}

/** The name of a text for workloads whose profile this program chooses. */
export const contentProfileName = (hash: string): string => `kubearmor-ts-${hash}`;

/** Where the host's profile begins: shells, as KubeArmor has it. */
export const HOST_ATTACHMENT = '/{usr/,}bin/*sh';

/** Whether a loaded profile is one of ours to replace and remove. */
export const isOurProfile = (name: string): boolean =>
  /^kubearmor(?:[-_][A-Za-z0-9_.-]+|\.host)(?:\/\/[A-Za-z0-9_-]+)?$/.test(name);

/** Names of Kubernetes and container runtimes hold nothing else. */
const plain = (text: string): string => text.replaceAll(/[^A-Za-z0-9_.-]/g, '_');

/** Short names for the profiles of source programs: the letters and digits of their paths, numbered where that is not one. */
export function childNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const path of paths) {
    const base = path.replaceAll(/[^A-Za-z0-9]/g, '').slice(-100) || 'source';
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    names.set(path, name);
  }
  return names;
}
