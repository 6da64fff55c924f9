import type { Action, Pattern, Rule } from '@kubearmor-ts/policy';

const WORDS = [
  'usr',
  'lib',
  'etc',
  'var',
  'opt',
  'share',
  'local',
  'conf',
  'data',
  'cache',
  'log',
  'python3',
  'nginx',
  'ssl',
  'certs',
  'run',
  'kube',
];

const plain = {
  ownerOnly: false,
  readOnly: false,
  onlyTerminal: false,
  severity: 5,
  tags: [],
  message: '',
  policy: { kind: 'KubeArmorPolicy', namespace: 'bench', name: 'bench' },
} as const;

export const aRule = (
  cls: 'exec' | 'file',
  pattern: Pattern,
  action: Action = 'Block',
  source?: string,
): Rule => ({ ...plain, class: cls, pattern, action, ...(source === undefined ? {} : { source }) });

/** The same numbers on every run and machine. */
function numbers(seed: number): (below: number) => number {
  let state = 0x9e3779b9 ^ seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Rules as policies have them: 55 % paths, 32 % directories, 6 % program names, 7 % globs, below common folders. */
export function mixedRules(count: number): readonly Rule[] {
  const next = numbers(count);
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
  return Array.from({ length: count }, (_, index) => {
    const folder = Array.from({ length: 2 + next(3) }, () => `/${pick(WORDS)}`).join('');
    const name = `${pick(WORDS)}-${next(count * 4).toString(36)}`;
    const kind = next(100);
    let pattern: Pattern;
    if (kind < 55) pattern = { kind: 'exact', path: `${folder}/${name}` };
    else if (kind < 87) pattern = { kind: 'directory', dir: `${folder}/${name}/`, recursive: kind % 2 === 0 };
    else if (kind < 93) pattern = { kind: 'execname', name };
    else if (kind < 97) pattern = { kind: 'glob', glob: `${folder}/*${name}*` };
    else pattern = { kind: 'glob', glob: `/**/${name}.*` };
    return aRule(index % 2 === 0 ? 'file' : 'exec', pattern);
  });
}

/**
 * Rules for siblings of the measured objects, so that no walk can stop before the last component: the worst that
 * paths and directories can do. `folders` are those of the objects, by class.
 */
export function nearRules(
  count: number,
  folders: { readonly file: readonly string[]; readonly exec: readonly string[] },
  source?: string,
): readonly Rule[] {
  return Array.from({ length: count }, (_, index) => {
    const cls = index % 2 === 0 ? 'file' : 'exec';
    const choice = folders[cls];
    const folder = choice[(index >> 1) % choice.length]!;
    const name = `s${index.toString(36)}`;
    const pattern: Pattern =
      index % 3 === 2
        ? { kind: 'directory', dir: `${folder}/${name}/`, recursive: true }
        : { kind: 'exact', path: `${folder}/${name}` };
    return aRule(cls, pattern, 'Block', source);
  });
}
