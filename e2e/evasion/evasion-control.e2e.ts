import assert from 'node:assert/strict';
import { scenario } from '../lab/scenario.ts';
import { attackProgramsFolder, buildAttackPrograms, readManifests } from './attack-programs.ts';
import { prepareRound, runRound, type Enter } from './attack-round.ts';
import { DEFAULT_CAPABILITIES, startContainer } from './runc-container.ts';

/**
 * The attacks against an unguarded kernel: what does not work here could not show that a policy stops it. The suite
 * under policies makes the same control run for itself; this one needs no agent and tells a broken attack from a
 * broken enforcer.
 */
scenario('evasion-control', { prepare: buildAttackPrograms, timeoutMs: 300_000 }, async (lab) => {
  const programs = await attackProgramsFolder();
  const wanted = (await readManifests(programs))
    .filter((manifest) => !manifest.destructive)
    .flatMap((manifest) => manifest.goals.map((goal) => ({ manifest, goal })));
  const plain = await startContainer(lab, {
    name: 'control-plain',
    capabilities: DEFAULT_CAPABILITIES,
    programs,
  });
  const admin = await startContainer(lab, {
    name: 'control-admin',
    capabilities: [...DEFAULT_CAPABILITIES, 'CAP_SYS_ADMIN'],
    programs,
  });
  const places: readonly (readonly [string, Enter, string])[] = [
    ['in a container', (argv, input, ms) => plain.run(argv, input, ms), '/attacks'],
    ['in a container with CAP_SYS_ADMIN', (argv, input, ms) => admin.run(argv, input, ms), '/attacks'],
    ['on the host', (argv, input, timeoutMs) => lab.run(argv, { input, timeoutMs }), programs],
  ];
  for (const [place, enter, folder] of places) {
    await lab.case(`without a policy every attack reports and none is denied, ${place}`, async () => {
      const results = await runRound(
        enter,
        folder,
        await prepareRound(enter, folder, '/srv/control', wanted),
      );
      const wrong = results.filter(({ got }) => got === 'denied' || got === 'broken');
      const idle = results.filter(({ got }) => got === 'impossible');
      lab.log(
        `${place}: ${results.length - idle.length} of ${results.length} attacks work; not: ${idle.map((one) => `${one.attack} ${one.goal} (${one.errno} at ${one.detail})`).join(', ')}`,
      );
      assert.deepEqual(wrong, []);
      assert.ok(idle.length * 2 < results.length, 'most attacks work where nothing stops them');
    });
  }
});
