import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import {
  allowFilesPolicy,
  allowProgramsPolicy,
  blockPolicies,
  type PolicyDocument,
} from './attack-policies.ts';
import { attackProgramsFolder, buildAttackPrograms, readManifests } from './attack-programs.ts';
import { prepareRound, type AttackCase, type AttackResult } from './attack-round.ts';
import { EnforcerGuard, buildEnforcer } from './enforcer-guard.ts';
import type { Guard } from './guard.ts';
import { missingAlerts, runControl, runGuarded, type Arena, type Round } from './guarded-round.ts';
import { parseLimits, type Place, type PolicyStyle } from './limits-table.ts';
import { DEFAULT_CAPABILITIES, startContainer } from './runc-container.ts';
import { idleLimits } from './verdict.ts';

const build = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildEnforcer(host);
};

interface Wanted {
  readonly style: PolicyStyle;
  /** Which of the two allow-lists; an exec allow-list beside a file allow-list would hide its own holes. */
  readonly cls?: 'file' | 'exec';
  readonly admin: boolean;
}

const rounds: readonly Wanted[] = [
  { style: 'block', admin: false },
  { style: 'block', admin: true },
  { style: 'allow-list', cls: 'file', admin: false },
  { style: 'allow-list', cls: 'file', admin: true },
  { style: 'allow-list', cls: 'exec', admin: false },
  { style: 'allow-list', cls: 'exec', admin: true },
];

async function evade(lab: Lab, startGuard: (lab: Lab) => Promise<Guard>): Promise<void> {
  const programs = await attackProgramsFolder();
  const manifests = await readManifests(programs);
  const limits = parseLimits(await readFile('docs/limits.md', 'utf8'));
  const all = manifests
    .filter((manifest) => !manifest.destructive)
    .flatMap((manifest) => manifest.goals.map((goal) => ({ manifest, goal })));

  await lab.case('every row of the limits names an attack', () =>
    assert.deepEqual(idleLimits(limits, manifests), []),
  );

  const guard = await startGuard(lab);
  const controls = new Map<Place, ReadonlyMap<string, AttackResult>>();
  const laidOut: Round[] = [];
  const policies: PolicyDocument[] = [];

  const lay = async (arena: Arena, wanted: Wanted): Promise<void> => {
    if (!controls.has(arena.place)) controls.set(arena.place, await runControl(arena, all));
    const chosen = all.filter(({ goal, manifest }) =>
      wanted.cls === undefined
        ? true
        : !manifest.blockedSource && (wanted.cls === 'exec') === (goal === 'exec') && goal !== 'write',
    );
    const cases = await prepareRound(arena.enter, arena.programs, '/srv/guarded', chosen);
    laidOut.push({ arena, policy: wanted.style, cases });
    const scope = arena.place === 'host' ? 'host' : { container: arena.name };
    if (wanted.style === 'block') policies.push(...blockPolicies(scope, arena.programs, cases));
    else if (wanted.cls === 'file') policies.push(allowFilesPolicy(scope, arena.programs, cases));
    else policies.push(allowProgramsPolicy(scope, arena.programs, cases));
  };

  for (const wanted of rounds) {
    const name = ['evasion', wanted.style, wanted.cls, wanted.admin ? 'admin' : 'plain']
      .filter(Boolean)
      .join('-');
    const capabilities = wanted.admin ? [...DEFAULT_CAPABILITIES, 'CAP_SYS_ADMIN'] : DEFAULT_CAPABILITIES;
    const container = await startContainer(lab, { name, capabilities, programs });
    await guard.protect(container);
    const place = wanted.admin ? 'container+CAP_SYS_ADMIN' : 'container';
    const enter: Arena['enter'] = (argv, input, ms) => container.run(argv, input, ms);
    await lay({ name, place, enter, programs: '/attacks' }, wanted);
  }
  const onHost: Arena = {
    name: 'host',
    place: 'host',
    enter: (argv, input, timeoutMs) => lab.run(argv, { input, timeoutMs }),
    programs,
  };
  await lay(onHost, { style: 'block', admin: true });

  await guard.apply(policies);
  for (const round of laidOut) {
    let results: readonly AttackResult[] = [];
    const title =
      round.arena.place === 'host'
        ? 'block on the host'
        : round.arena.name.replace('evasion-', '').replaceAll('-', ' ');
    await lab.case(`no attack gets round: ${title}`, async () => {
      const outcome = await runGuarded(round, controls, limits);
      results = outcome.results;
      const count = (got: AttackResult['got']): number => results.filter((one) => one.got === got).length;
      lab.log(
        `${title}: ${results.length} attacks, ${count('denied')} denied, ${count('escaped')} escaped, ${count('impossible')} impossible`,
      );
      assert.equal(outcome.complaints.join('\n'), '');
    });
    await lab.case(`each denial has its alert: ${title}`, async () => {
      const ofRound = (): readonly string[] =>
        missingAlerts(round, results, guard.alerts(), (one) => policyNameFor(round, one));
      await lab.until('alerts', () => ofRound().length === 0, 10_000).catch(() => undefined);
      assert.equal(await guard.lostAlerts(), 0, 'alerts lost');
      assert.equal(ofRound().join('\n'), '');
    });
  }
}

function policyNameFor({ arena, policy }: Round, { goal, manifest }: AttackCase): string {
  if (policy === 'allow-list') return 'DefaultPosture';
  return manifest.blockedSource ? `block-source-in-${arena.name}` : `block-${goal}-in-${arena.name}`;
}

scenario('evasion-enforcer', { prepare: build, timeoutMs: 900_000 }, (lab) =>
  evade(lab, (on) => EnforcerGuard.start(on)),
);
