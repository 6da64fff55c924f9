import { document, type PolicyDocument } from '../evasion/attack-policies.ts';

/** The blocked file and the rules around it in a version that differs from its neighbours in one way after another. */
export interface PolicyVersion {
  readonly severity: number;
  /** Replaces the policy of the same name. */
  readonly policy: PolicyDocument;
}

export const GUARD = 'guard';
export const NOISE = 'noise';

const others = (count: number): readonly { readonly path: string }[] =>
  Array.from({ length: count }, (_, i) => ({ path: `/srv/other/file-${i}` }));

/** Version n, of 0, 1, 2, …: every fifth changes the guarding policy's severity, order, company, or its neighbour. */
export function policyVersion(n: number, container: string, blocked: string): PolicyVersion {
  const scope = { container };
  const severity = 1 + (Math.floor(n / 5) % 10);
  const guard = (paths: readonly { readonly path: string }[]): PolicyDocument =>
    document(GUARD, scope, { severity, file: { matchPaths: paths }, action: 'Block' });
  const noise = (count: number, action: 'Block' | 'Audit'): PolicyDocument =>
    document(NOISE, scope, { severity: 2, file: { matchPaths: others(count) }, action });
  const kinds: readonly (() => PolicyDocument)[] = [
    () => guard([{ path: blocked }]),
    () => guard([...others(20), { path: blocked }]),
    () => noise(100, 'Block'),
    () => guard([{ path: blocked }, ...others(20).toReversed()]),
    () => noise(1 + (n % 3), n % 2 === 0 ? 'Block' : 'Audit'),
  ];
  return { severity, policy: kinds[n % kinds.length]!() };
}
