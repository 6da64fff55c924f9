import { planWorkload, type EnforcementPlan } from '@kubearmor-ts/plan';
import type { Action, Rule } from '@kubearmor-ts/policy';
import { aRule, mixedRules, nearRules } from './synthetic-rules.ts';

/** Where the measured objects lie in the guest: a plain file system, and the kind that containers have. */
export const PLAIN = '/srv/kt';
export const OVERLAY = '/srv/ko';
export const FILE_BELOW = 'usr/share/application/config';
export const PROGRAM_BELOW = 'usr/bin';
const DEEP_BELOW = Array.from({ length: 24 }, (_, i) => `folder-${String(i).padStart(2, '0')}`).join('/');

/** A path of exactly 50 bytes. */
const settings = (root: string): string => `${`${root}/${FILE_BELOW}/settings`.padEnd(45, '-')}.yaml`;

export const objects = {
  plainFile: settings(PLAIN),
  overlayFile: settings(OVERLAY),
  deepFile: `${PLAIN}/${DEEP_BELOW}/settings.yaml`,
  refusedFile: `${PLAIN}/${FILE_BELOW}/s0`,
  plainProgram: `${PLAIN}/${PROGRAM_BELOW}/noop`,
  overlayProgram: `${OVERLAY}/${PROGRAM_BELOW}/noop`,
} as const;
export type ObjectName = keyof typeof objects;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const folders = {
  file: [folderOf(objects.plainFile), folderOf(objects.overlayFile)],
  exec: [folderOf(objects.plainProgram), folderOf(objects.overlayProgram)],
};

export interface Setting {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly posture: 'audit' | 'block';
  readonly measures: readonly ObjectName[];
}

const openings: readonly ObjectName[] = ['plainFile', 'overlayFile'];
const all: readonly ObjectName[] = [...openings, 'plainProgram', 'overlayProgram'];

const setting = (name: string, rules: readonly Rule[], measures: readonly ObjectName[] = all): Setting => ({
  name,
  rules,
  posture: 'audit',
  measures,
});

const glob = (text: string, action: Action = 'Block'): Rule =>
  aRule('file', { kind: 'glob', glob: text }, action);

export function settingsFor(counterProgram: string): readonly Setting[] {
  const count = (n: number): string => n.toLocaleString('en-US');
  const sizes = [10, 100, 1000, 10_000];
  const allow = (cls: 'exec' | 'file'): readonly Rule[] => [
    aRule(cls, { kind: 'directory', dir: '/', recursive: true }, 'Allow'),
    ...Object.values(objects).map((path) => aRule(cls, { kind: 'exact', path }, 'Allow')),
  ];
  return [
    setting('0 rules', []),
    ...sizes.map((n) => setting(`${count(n)} rules`, nearRules(n, folders))),
    ...sizes.map((n) => setting(`${count(n)} mixed rules`, mixedRules(n))),
    { ...setting('an Allow rule matches', [...allow('file'), ...allow('exec')]), posture: 'block' },
    setting('10 rules, 24 folders deep', nearRules(10, { ...folders, file: [folderOf(objects.deepFile)] }), [
      'deepFile',
    ]),
    setting('10 rules, one blocks', nearRules(10, folders), ['refusedFile']),
    setting('10 rules of this source', nearRules(10, folders, counterProgram)),
    setting('1,000 rules of this source', nearRules(1000, folders, counterProgram)),
    ...[10, 50].map((n) =>
      setting(
        `${n} globs`,
        Array.from({ length: n }, (_, i) => glob(`/srv/**/config/secret-${i}*.key`)),
        openings,
      ),
    ),
    setting(
      '20 globs with three `**` each',
      Array.from({ length: 20 }, (_, i) =>
        glob(`/**/*${String.fromCharCode(97 + (i % 26))}${i}*/**/*x${i}*`),
      ),
      openings,
    ),
  ];
}

export function compile({ name, rules, posture }: Setting): EnforcementPlan {
  const plan = planWorkload({
    rules,
    postures: { file: posture, network: 'audit', capabilities: 'audit' },
    mode: 'enabled',
  });
  if (!plan.ok) throw new Error(`${name}: ${plan.error.code}: ${plan.error.message}`);
  return plan.value;
}
