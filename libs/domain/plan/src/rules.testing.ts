import type { Action, Pattern, PolicyMode, Posture, Rule } from '@kubearmor-ts/policy';
import type { Access } from './decide.ts';
import type { PlanInput } from './enforcement-plan.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A pattern from its text: `/a` exact, `/a/` its directory, `/a/…` recursive, with wildcards a glob, without a slash a program name. */
export function aPattern(text: string): Pattern {
  if (!text.includes('/')) return { kind: 'execname', name: text };
  if (text.endsWith('/…')) return { kind: 'directory', dir: text.slice(0, -1), recursive: true };
  if (text.endsWith('/')) return { kind: 'directory', dir: text, recursive: false };
  return /[*?[{]/.test(text) ? { kind: 'glob', glob: text } : { kind: 'exact', path: text };
}

/** A file rule of policy `p`, unless told otherwise. */
export function aRule(action: Action, pattern: string, more: Partial<Rule> = {}): Rule {
  return {
    class: 'file',
    pattern: aPattern(pattern),
    ownerOnly: false,
    readOnly: false,
    onlyTerminal: false,
    action,
    severity: 5,
    tags: [],
    message: '',
    policy: { kind: 'KubeArmorPolicy', namespace: 'default', name: 'p' },
    ...more,
  };
}

export function anInput(
  rules: readonly Rule[],
  posture: Posture = 'audit',
  mode: PolicyMode = 'enabled',
): PlanInput {
  return { rules, postures: { file: posture, network: 'audit', capabilities: 'audit' }, mode };
}

/** Opening a file for reading as somebody else without a terminal, unless told otherwise. */
export function anAccess(
  path: string,
  more: Partial<Omit<Access, 'source'>> & { readonly source?: string } = {},
): Access {
  const { source, ...rest } = more;
  const access: Access = { class: 'file', path: utf8(path), owner: false, write: false, tty: false, ...rest };
  return source === undefined ? access : { ...access, source: utf8(source) };
}
