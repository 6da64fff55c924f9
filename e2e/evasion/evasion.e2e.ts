import { AgentGuard } from './agent-guard.ts';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { buildAgent } from '../agent/build-agent.ts';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import {
  allowFilesPolicy,
  allowProgramsPolicy,
  blockPolicies,
  type PolicyDocument,
} from './attack-policies.ts';
import {
  attackProgramsFolder,
  buildAttackPrograms,
  readManifests,
  type AttackManifest,
  type Goal,
} from './attack-programs.ts';
import { prepareRound, runRound, type AttackCase, type AttackResult } from './attack-round.ts';
import { EnforcerGuard } from './enforcer-guard.ts';
import type { Guard } from './guard.ts';
import { missingAlerts, runControl, runGuarded, type Arena, type Round } from './guarded-round.ts';
import { parseLimits, type Place } from './limits-table.ts';
import { DEFAULT_CAPABILITIES, startContainer } from './runc-container.ts';
import { idleLimits } from './verdict.ts';

const build = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildAgent(host);
};

interface Wanted {
  readonly place: Place;
  /** An exec allow-list beside a file allow-list would hide its own holes, so each comes alone. */
  readonly policy: 'block' | 'allow files' | 'allow programs';
}

const isWanted = ({ policy }: Wanted, manifest: AttackManifest, goal: Goal): boolean => {
  if (manifest.destructive) return false;
  if (policy === 'block') return true;
  return !manifest.blockedSource && goal === (policy === 'allow files' ? 'read' : 'exec');
};

async function openArena(
  lab: Lab,
  guard: Guard,
  { place, policy }: Wanted,
  programs: string,
): Promise<Arena> {
  if (place === 'host')
    return {
      name: 'host',
      place,
      programs,
      root: '/srv',
      enter: (argv, input, timeoutMs) => lab.run(argv, { input, timeoutMs }),
    };
  const admin = place.endsWith('+CAP_SYS_ADMIN');
  const name = `evasion-${policy}-${place}`.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const container = await startContainer(lab, {
    name,
    programs,
    capabilities: admin ? [...DEFAULT_CAPABILITIES, 'CAP_SYS_ADMIN'] : DEFAULT_CAPABILITIES,
  });
  await guard.protect(container);
  return {
    name,
    place,
    programs: '/attacks',
    root: place.startsWith('volume') ? '/vol' : '/srv',
    enter: (argv, input, timeoutMs) => container.run(argv, input, timeoutMs),
  };
}

function policiesFor(
  { policy }: Wanted,
  arena: Arena,
  cases: readonly AttackCase[],
): readonly PolicyDocument[] {
  const scope = arena.place === 'host' ? 'host' : { container: arena.name };
  if (policy === 'block') return blockPolicies(scope, arena.programs, cases);
  const build = policy === 'allow files' ? allowFilesPolicy : allowProgramsPolicy;
  return [build(scope, arena.programs, cases)];
}

function policyNameFor({ arena, policy }: Round, { goal, manifest }: AttackCase): string {
  if (policy === 'allow-list') return 'DefaultPosture';
  return manifest.blockedSource ? `block-source-in-${arena.name}` : `block-${goal}-in-${arena.name}`;
}

async function evade(lab: Lab, guard: Guard, rounds: readonly Wanted[]): Promise<void> {
  const programs = await attackProgramsFolder();
  const manifests = await readManifests(programs);
  const limits = parseLimits(await readFile('docs/limits.md', 'utf8'));
  await lab.case('every row of the limits names an attack', () =>
    assert.deepEqual(idleLimits(limits, manifests), []),
  );

  const controls = new Map<Place, ReadonlyMap<string, AttackResult>>();
  const laidOut: (Round & { readonly title: string })[] = [];
  const policies: PolicyDocument[] = [];
  for (const wanted of rounds) {
    const arena = await openArena(lab, guard, wanted, programs);
    const chosen = manifests.flatMap((manifest) =>
      manifest.goals.filter((goal) => isWanted(wanted, manifest, goal)).map((goal) => ({ manifest, goal })),
    );
    if (!controls.has(arena.place)) controls.set(arena.place, new Map());
    const known = controls.get(arena.place)!;
    const unknown = chosen.filter(({ manifest, goal }) => !known.has(`${manifest.attack}/${goal}`));
    controls.set(arena.place, new Map([...known, ...(await runControl(arena, unknown))]));
    const cases = await prepareRound(arena.enter, arena.programs, `${arena.root}/guarded`, chosen);
    laidOut.push({
      arena,
      policy: wanted.policy === 'block' ? 'block' : 'allow-list',
      cases,
      title: `${wanted.policy}, ${wanted.place}`,
    });
    policies.push(...policiesFor(wanted, arena, cases));
  }

  await guard.apply(policies);
  for (const round of laidOut) {
    let results: readonly AttackResult[] = [];
    await lab.case(`no attack gets round: ${round.title}`, async () => {
      const outcome = await runGuarded(round, controls, limits);
      results = outcome.results;
      const count = (got: AttackResult['got']): number => results.filter((one) => one.got === got).length;
      lab.log(
        `${round.title}: ${results.length} attacks, ${count('denied')} denied, ${count('escaped')} escaped, ${count('impossible')} impossible`,
      );
      refuse(lab, outcome.complaints);
    });
    await lab.case(`each denial has its alert: ${round.title}`, async () => {
      const missing = (): readonly string[] =>
        missingAlerts(round, results, guard.alerts(), (one) => policyNameFor(round, one));
      await lab.until('alerts', () => missing().length === 0, 5_000).catch(() => undefined);
      assert.equal(await guard.lostAlerts(), 0, 'alerts lost');
      refuse(lab, missing());
    });
  }
}

/** Every complaint is a line of the log; the failure itself only counts them. */
function refuse(lab: Lab, complaints: readonly string[]): void {
  for (const one of complaints) lab.log(one);
  assert.equal(
    complaints.length,
    0,
    `${complaints.length} complaints, see the log; the first: ${complaints[0] ?? ''}`,
  );
}

/** Through the agent; and, by name only, by the enforcer alone, to tell whose a failure is. */
const suite = (name: string, policy: Wanted['policy'], places: readonly Place[]): void => {
  const rounds = places.map((place) => ({ place, policy }));
  const options = { prepare: build, timeoutMs: 900_000 };
  scenario(`evasion-${name}`, options, async (lab) => evade(lab, await AgentGuard.start(lab), rounds));
  scenario(`evasion-${name}-enforcer`, { ...options, onlyByName: true }, async (lab) =>
    evade(lab, await EnforcerGuard.start(lab), rounds),
  );
};

suite('block', 'block', ['container', 'container+CAP_SYS_ADMIN']);
suite('block-volume', 'block', ['volume', 'volume+CAP_SYS_ADMIN']);
suite('block-host', 'block', ['host']);
suite('allow-files', 'allow files', ['container', 'container+CAP_SYS_ADMIN']);
suite('allow-programs', 'allow programs', ['container', 'container+CAP_SYS_ADMIN']);

/** Apart from the others: what succeeds here takes the enforcement away from everybody. */
scenario('evasion-tamper', { prepare: build, timeoutMs: 300_000 }, async (lab) => {
  const programs = await attackProgramsFolder();
  const destructive = (await readManifests(programs)).filter((manifest) => manifest.destructive);
  const limits = parseLimits(await readFile('docs/limits.md', 'utf8'));
  const guard = await AgentGuard.start(lab);
  const wanted: Wanted = { place: 'container+CAP_SYS_ADMIN', policy: 'block' };
  const arena = await openArena(lab, guard, wanted, programs);
  const chosen = destructive.flatMap((manifest) => manifest.goals.map((goal) => ({ manifest, goal })));
  const cases = await prepareRound(arena.enter, arena.programs, `${arena.root}/guarded`, chosen);
  await guard.apply(policiesFor(wanted, arena, cases));
  await lab.case('who may open any BPF object on the machine cannot open ours', async () => {
    const results = await runRound(arena.enter, arena.programs, cases);
    for (const one of results)
      lab.log(`${one.attack} (${one.goal}): ${one.got} ${one.errno} at ${one.detail}`);
    const escapes = results.filter(
      (one) => one.got !== 'denied' && !limits.some(({ attack }) => attack === one.attack),
    );
    assert.deepEqual(escapes, []);
  });
  await lab.case('what was in force before still is', async () => {
    const again = await runRound(arena.enter, arena.programs, cases);
    assert.deepEqual(
      again.map((one) => one.got),
      again.map(() => 'denied'),
    );
    await guard.agent.ready();
  });
});
