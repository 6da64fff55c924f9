import type { AttackResult } from './attack-round.ts';
import type { Limit, Place, PolicyStyle } from './limits-table.ts';

export interface Circumstances {
  readonly policy: PolicyStyle;
  readonly place: Place;
}

/**
 * Says what is wrong with the outcome of an attack under a policy, or nothing. The control is the same attack without
 * a policy: what does not work there proves nothing, but must not work under the policy either.
 */
export function complaint(
  control: AttackResult,
  guarded: AttackResult,
  circumstances: Circumstances,
  limits: readonly Limit[],
): string | undefined {
  const limit = limits.find((one) => covers(one, guarded, circumstances));
  const where = `${guarded.attack} (${guarded.goal}, ${circumstances.policy}, ${circumstances.place})`;
  if (control.got === 'broken' || guarded.got === 'broken')
    return `${where}: the program did not report: ${control.got === 'broken' ? control.detail : guarded.detail}`;
  if (control.got === 'denied')
    return `${where}: denied without any policy (${control.detail}), so the denial proves nothing`;
  if (guarded.got === 'escaped')
    return limit === undefined
      ? `${where}: ESCAPED by ${guarded.detail}, and docs/limits.md does not list it`
      : undefined;
  if (limit !== undefined && control.got === 'escaped')
    return `${where}: docs/limits.md calls it open, but it is ${guarded.got} (${guarded.detail}): take the row out`;
  if (control.got === 'escaped' && guarded.got === 'impossible')
    return `${where}: works without a policy, but with it failed otherwise than by denial: ${guarded.errno} at ${guarded.detail}`;
  return undefined;
}

function covers(limit: Limit, result: AttackResult, { policy, place }: Circumstances): boolean {
  return (
    limit.attack === result.attack &&
    limit.goals.includes(result.goal) &&
    limit.policies.includes(policy) &&
    limit.places.includes(place)
  );
}

/** Rows that name no attack or goal there is. */
export function idleLimits(
  limits: readonly Limit[],
  attacks: readonly { readonly attack: string; readonly goals: readonly string[] }[],
): readonly string[] {
  return limits
    .filter((limit) => {
      const attack = attacks.find((one) => one.attack === limit.attack);
      return attack === undefined || !limit.goals.some((goal) => attack.goals.includes(goal));
    })
    .map(
      (limit) =>
        `docs/limits.md lists ${limit.attack} for ${limit.goals.join(', ')}, which no attack program does`,
    );
}
