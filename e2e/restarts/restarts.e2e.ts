import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { buildAgent } from '../agent/build-agent.ts';
import { AgentGuard } from '../evasion/agent-guard.ts';
import { attackProgramsFolder, buildAttackPrograms } from '../evasion/attack-programs.ts';
import { document } from '../evasion/attack-policies.ts';
import { startHammer } from '../evasion/hammer.ts';
import { DEFAULT_CAPABILITIES, startContainer } from '../evasion/runc-container.ts';
import { scenario, type HostPlaces } from '../lab/scenario.ts';
import { createRandom } from './seeded-random.ts';

const prepare = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildAgent(host);
};

const KILLS = 6;
/**
 * Records are said to be safe once their lines are written and all before them are known to be here or lost; a loss is
 * certain after two periods of the enforcer's adapter, and an emulated machine takes its time.
 */
const UNSAFE_SECONDS = 5;
const VICTIMS = ['agent', 'enforcer', 'both'] as const;

/**
 * Whoever dies, and whenever: not one attack succeeds, and afterwards alerts and told losses make up the denials.
 */
scenario('restarts', { prepare, timeoutMs: 900_000 }, async (lab) => {
  const seed = Date.now() % 1_000_000;
  lab.log(`seed ${seed}`);
  const random = createRandom(seed);
  const programs = await attackProgramsFolder();
  const guard = await AgentGuard.start(lab);
  const container = await startContainer(lab, {
    name: 'restarts',
    capabilities: DEFAULT_CAPABILITIES,
    programs,
  });
  await container.run(['/attacks/plain', 'prepare', 'read', '/srv/one']);
  await container.run(['/attacks/plain', 'prepare', 'exec', '/srv/two']);
  await guard.protect(container);
  await guard.apply([
    document(
      'block-both',
      { container: container.name },
      {
        file: { matchPaths: [{ path: '/srv/one/vault/target' }] },
        process: { matchPaths: [{ path: '/srv/two/vault/target' }] },
        action: 'Block',
      },
    ),
  ]);
  const free = '/srv/one/open/decoy';
  // Slow enough that the rings need not overflow while somebody is alive to read them.
  const began = performance.now();
  const opening = await startHammer(lab, container, {
    mode: 'open',
    path: '/srv/one/vault/target',
    free,
    pauseUs: 30_000,
  });
  const running = await startHammer(lab, container, {
    mode: 'exec',
    path: '/srv/two/vault/target',
    free,
    pauseUs: 30_000,
  });

  let agentKills = 0;
  const first = random(VICTIMS.length);
  for (let round = 0; round < KILLS; round += 1) {
    const victim = VICTIMS[(first + round) % VICTIMS.length]!;
    const delayMs = random(3000);
    await lab.case(`kill ${round + 1}: ${victim}, and it comes back`, async () => {
      await delay(delayMs);
      const enforcer = await guard.enforcerPid();
      if (victim !== 'agent') process.kill(enforcer, 'SIGKILL');
      if (victim !== 'enforcer') {
        agentKills += 1;
        await guard.agent.kill();
        await delay(random(2000));
        await guard.agent.start();
      }
      await guard.agent.ready();
      await lab.until('the enforcer to be another', async () => {
        const now = await guard.enforcerPid();
        return now > 0 && now !== enforcer;
      });
      const seen = guard.alerts().length;
      await lab.until('events to flow again', () => guard.alerts().length > seen, 30_000);
    });
  }

  const seconds = (performance.now() - began) / 1000;
  const opens = await opening.stop();
  const runs = await running.stop();
  await lab.case('not one attack succeeded in all that time', () => {
    lab.log(`opens: ${JSON.stringify(opens)}; runs: ${JSON.stringify(runs)}`);
    for (const counts of [opens, runs]) {
      assert.equal(counts.escaped, 0);
      assert.equal(counts.otherErrors, 0);
      assert.equal(counts.freeFailed, 0);
      assert.ok(counts.denied > 100, 'it was attacked all the time');
    }
  });
  await lab.case('alerts and told losses make up the denials', async () => {
    const denied = opens.denied + runs.denied;
    const told = (): { alerts: number; unknown: number; lost: number } => {
      const lines = guard.agent.alerts();
      const denials = lines.filter((line) => line['Action'] === 'Block');
      const lost = lines.map((line) => (line['EventData'] as Record<string, string> | undefined)?.['Lost']);
      return {
        alerts: denials.length,
        unknown: denials.filter((line) => line['PolicyName'] !== 'block-both').length,
        lost: lost.reduce((sum, one) => sum + Number(one ?? 0), 0),
      };
    };
    await lab.until('the sum', () => told().alerts + told().lost >= denied, 30_000).catch(() => undefined);
    const { alerts, unknown, lost } = told();
    lab.log(`${denied} denials: ${alerts} alerts (${unknown} without their policy), ${lost} told as lost`);
    lab.log(
      (await guard.agent.page('/metrics'))
        .split('\n')
        .filter((line) => /^ka_agent_(events|lines|alerts|enforcer)/.test(line))
        .join('; '),
    );
    // An agent that is killed between writing a line and saying that it is safe leaves those records told twice: as an
    // alert and as lost. None is ever told neither way, and deaths of the enforcer alone leave no doubt.
    const inDoubt = Math.ceil(agentKills * UNSAFE_SECONDS * (denied / seconds));
    const twice = alerts + lost - denied;
    lab.log(`${agentKills} deaths of the agent, ${twice} denials told twice, at most ${inDoubt} may be`);
    assert.ok(twice >= 0, `${denied} denials, but only ${alerts} alerts and ${lost} told as lost`);
    assert.ok(twice <= inDoubt, `${twice} denials told twice`);
    assert.equal(unknown, 0);
  });
});
