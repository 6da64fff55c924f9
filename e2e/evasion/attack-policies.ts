import type { AttackCase } from './attack-round.ts';

/** A policy document as the agent reads it from its folder; JSON is YAML. */
export interface PolicyDocument {
  readonly kind: 'KubeArmorPolicy' | 'KubeArmorHostPolicy';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const CONTAINER_KEY = 'kubearmor.io/container.name';

export type Scope = { readonly container: string } | 'host';

export function document(
  name: string,
  scope: Scope,
  spec: Readonly<Record<string, unknown>>,
): PolicyDocument {
  if (scope === 'host')
    return {
      kind: 'KubeArmorHostPolicy',
      metadata: { name },
      spec: { nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } }, ...spec },
    };
  return {
    kind: 'KubeArmorPolicy',
    metadata: { name },
    spec: { selector: { matchLabels: { [CONTAINER_KEY]: `^${scope.container}$` } }, ...spec },
  };
}

/** The container that a document of `document` is for, or `host`. */
export function scopeOf(policy: PolicyDocument): string {
  const selector = policy.spec['selector'] as
    { readonly matchLabels: Readonly<Record<string, string>> } | undefined;
  return selector?.matchLabels[CONTAINER_KEY]?.slice(1, -1) ?? 'host';
}

const blockName = (scope: Scope, what: string): string =>
  `${what}-in-${scope === 'host' ? 'host' : scope.container}`;

/** Rules that block exactly the objects of these cases: reads, executions, and writes through a read-only rule. */
export function blockPolicies(
  scope: Scope,
  programs: string,
  cases: readonly AttackCase[],
): readonly PolicyDocument[] {
  const of = (goal: AttackCase['goal'], plain = true): readonly AttackCase[] =>
    cases.filter((one) => one.goal === goal && one.manifest.blockedSource !== plain);
  const spec = (cls: 'file' | 'process', chosen: readonly AttackCase[], more: object): object => ({
    [cls]: {
      matchPaths: chosen
        .filter((one) => one.manifest.rule === 'path')
        .map((one) => ({ path: one.target, ...more })),
      matchDirectories: chosen
        .filter((one) => one.manifest.rule === 'directory')
        .map((one) => ({ dir: `${one.folder}/vault/`, recursive: true, ...more })),
    },
    action: 'Block',
    severity: 7,
  });
  const bySource = of('read', false).map((one) => ({
    path: one.target,
    fromSource: [{ path: `${programs}/${one.manifest.attack}` }],
  }));
  return [
    document(blockName(scope, 'block-read'), scope, { ...spec('file', of('read'), {}) }),
    document(blockName(scope, 'block-exec'), scope, { ...spec('process', of('exec'), {}) }),
    document(blockName(scope, 'block-write'), scope, { ...spec('file', of('write'), { readOnly: true }) }),
    ...(bySource.length === 0
      ? []
      : [
          document(blockName(scope, 'block-source'), scope, {
            file: { matchPaths: bySource },
            action: 'Block',
            severity: 7,
          }),
        ]),
  ];
}

/** What the attackers may use, and nothing else: files under an allow-list. The protected objects are simply not in it. */
export function allowFilesPolicy(
  scope: Scope,
  programs: string,
  cases: readonly AttackCase[],
): PolicyDocument {
  return document(`allow-files-in-${scope === 'host' ? 'host' : scope.container}`, scope, {
    file: {
      matchDirectories: [
        { dir: `${programs}/`, recursive: true },
        { dir: '/proc/', recursive: true },
        { dir: '/dev/', recursive: true },
        { dir: '/sys/', recursive: true },
        ...cases.map((one) => ({ dir: `${one.folder}/open/`, recursive: true })),
      ],
      // Memory files have no folder of their own: their path is their name.
      matchPatterns: [{ pattern: '/memfd:*' }],
    },
    action: 'Allow',
  });
}

export function allowProgramsPolicy(
  scope: Scope,
  programs: string,
  cases: readonly AttackCase[],
): PolicyDocument {
  const free = ['decoy', 'ld.so', 'interpreter', 'script'];
  return document(`allow-programs-in-${scope === 'host' ? 'host' : scope.container}`, scope, {
    process: {
      matchDirectories: [{ dir: `${programs}/`, recursive: true }],
      matchPaths: cases.flatMap((one) => free.map((name) => ({ path: `${one.folder}/open/${name}` }))),
    },
    action: 'Allow',
  });
}
