import type { AttackManifest, Goal } from './attack-programs.ts';
import { prepareRound, runRound, type AttackCase, type AttackResult, type Enter } from './attack-round.ts';
import type { GuardAlert } from './guard.ts';
import type { Limit, Place, PolicyStyle } from './limits-table.ts';
import { complaint } from './verdict.ts';

/** A place to attack from, with the programs where they lie there. */
export interface Arena {
  readonly name: string;
  readonly place: Place;
  readonly enter: Enter;
  readonly programs: string;
  /** Folder for the objects. */
  readonly root: string;
}

/** What is attacked in one go: a set of objects laid out before the policy comes. */
export interface Round {
  readonly arena: Arena;
  readonly policy: PolicyStyle;
  readonly cases: readonly AttackCase[];
}

/** Attacks without a policy by place, done once for each place; `impossible` there excuses later. */
export type Controls = ReadonlyMap<Place, ReadonlyMap<string, AttackResult>>;

export const caseKey = (attack: string, goal: Goal): string => `${attack}/${goal}`;

export async function runControl(
  arena: Arena,
  wanted: readonly { readonly manifest: AttackManifest; readonly goal: Goal }[],
): Promise<ReadonlyMap<string, AttackResult>> {
  const cases = await prepareRound(arena.enter, arena.programs, `${arena.root}/control`, wanted);
  const results = await runRound(arena.enter, arena.programs, cases);
  return new Map(results.map((one) => [caseKey(one.attack, one.goal), one]));
}

/** Attacks under the policy; every complaint is one sentence. */
export async function runGuarded(
  round: Round,
  controls: Controls,
  limits: readonly Limit[],
): Promise<{ readonly results: readonly AttackResult[]; readonly complaints: readonly string[] }> {
  const { arena, policy, cases } = round;
  const results = await runRound(arena.enter, arena.programs, cases);
  const complaints = results.flatMap((result) => {
    const control = controls.get(arena.place)?.get(caseKey(result.attack, result.goal));
    if (control === undefined)
      return [`${result.attack} (${result.goal}) has no control run in ${arena.place}`];
    const said = complaint(control, result, { policy, place: arena.place }, limits);
    return said === undefined ? [] : [said];
  });
  return { results, complaints };
}

/**
 * Denials that no alert tells of: each must name its policy, and its object where the attack's first refused step
 * touches the object itself. An allow-list denies whatever name the attack gives to its object.
 */
export function missingAlerts(
  round: Round,
  results: readonly AttackResult[],
  alerts: readonly GuardAlert[],
  policyOf: (one: AttackCase) => string,
): readonly string[] {
  return round.cases.flatMap((one, i) => {
    if (results[i]?.got !== 'denied') return [];
    const policy = policyOf(one);
    const found = alerts.some(
      (alert) =>
        alert.workload === round.arena.name &&
        (one.manifest.alert === 'elsewhere'
          ? concerns(alert, one)
          : alert.policy === policy &&
            (names(alert.resource, one) || (round.policy === 'allow-list' && concerns(alert, one)))),
    );
    const { attack } = one.manifest;
    return found
      ? []
      : [
          `${attack} (${one.goal}) was denied (${results[i].detail}) without an alert of ${policy} for ${one.target.slice(0, 200)}`,
        ];
  });
}

/** The alert's process was started for this attack, or its object lies in the attack's folder or is such as it makes. */
function concerns({ source, resource }: GuardAlert, { folder, manifest }: AttackCase): boolean {
  return (
    source.includes(`${folder} `) ||
    source.endsWith(folder) ||
    resource.startsWith(`${folder}/`) ||
    (manifest.alertNames !== '' && resource.startsWith(manifest.alertNames))
  );
}

/** Of programs, the resource goes on with their arguments; bytes that are no UTF-8 cannot be in an alert. */
function names(resource: string, { target, folder }: AttackCase): boolean {
  if (/[\x80-\xff]/.test(target)) return resource.startsWith(`${folder}/vault/`);
  return resource === target || resource.startsWith(`${target} `);
}
