import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { buildAgent } from '../agent/build-agent.ts';
import { AgentGuard } from '../evasion/agent-guard.ts';
import { attackProgramsFolder, buildAttackPrograms } from '../evasion/attack-programs.ts';
import { document } from '../evasion/attack-policies.ts';
import { startHammer } from '../evasion/hammer.ts';
import { DEFAULT_CAPABILITIES, startContainer } from '../evasion/runc-container.ts';
import { scenario, type HostPlaces } from '../lab/scenario.ts';
import { readAccounts } from './read-accounts.ts';
import { createRandom } from './seeded-random.ts';

const prepare = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildAgent(host);
};

const KILLS = 6;
/**
 * What an agent has written and not said to be written when it is killed: one write is under way at a time, of at most
 * so many lines (apps/agent, AlertLines), and a mark may wait for the rest of its batch in the one before.
 */
const UNSAID_LINES = 2 * 256;
const VICTIMS = ['agent', 'enforcer', 'both'] as const;

const lostBy = (line: Readonly<Record<string, unknown>>): number | undefined => {
  const lost = (line['EventData'] as Readonly<Record<string, string>> | undefined)?.['Lost'];
  return lost === undefined ? undefined : Number(lost);
};

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

  /** What the file says, each record counted as often as it is told there. */
  const told = (): { alerts: number; unknown: number; lost: number } => {
    const lines = guard.agent.alerts();
    const denials = lines.filter((line) => line['Action'] === 'Block');
    return {
      alerts: denials.length,
      unknown: denials.filter((line) => line['PolicyName'] !== 'block-both').length,
      lost: lines.reduce((sum, line) => sum + (lostBy(line) ?? 0), 0),
    };
  };
  /** By death of the agent: what was in the file and not said to be there. Its successor tells that again, as lost. */
  const unsaid: { records: number; lines: number }[] = [];
  const countUnsaid = async (): Promise<void> => {
    await lab.until('the enforcer to end', async () => (await guard.enforcerPid()) === 0, 60_000);
    const records = guard.agent.alerts().map((line) => lostBy(line) ?? 1);
    const rest = records.reduce((sum, count) => sum + count, 0) - Number(await readAccounts(lab));
    let lines = 0;
    for (let left = rest; left > 0; lines += 1) left -= records.at(-1 - lines) ?? left;
    unsaid.push({ records: rest, lines });
  };
  const first = random(VICTIMS.length);
  for (let round = 0; round < KILLS; round += 1) {
    const victim = VICTIMS[(first + round) % VICTIMS.length]!;
    const delayMs = random(3000);
    await lab.case(`kill ${round + 1}: ${victim}, and it comes back`, async () => {
      await delay(delayMs);
      const enforcer = await guard.enforcerPid();
      if (victim !== 'agent') process.kill(enforcer, 'SIGKILL');
      if (victim !== 'enforcer') {
        await guard.agent.kill();
        await countUnsaid();
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
    await lab.until('the sum', () => told().alerts + told().lost >= denied, 30_000).catch(() => undefined);
    const { alerts, unknown, lost } = told();
    lab.log(`${denied} denials: ${alerts} alerts (${unknown} without their policy), ${lost} told as lost`);
    lab.log(
      (await guard.agent.page('/metrics'))
        .split('\n')
        .filter((line) => /^ka_agent_(events|lines|alerts|enforcer)/.test(line))
        .join('; '),
    );
    // An agent that is killed between writing a line and saying that it is written leaves that record told twice: as an
    // alert and as lost. None is ever told neither way, and deaths of the enforcer alone leave no doubt.
    const twice = alerts + lost - denied;
    const mayBe = unsaid.reduce((sum, { records }) => sum + records, 0);
    lab.log(
      `deaths of the agent ${JSON.stringify(unsaid)}, ${twice} denials told twice, at most ${mayBe} may be`,
    );
    assert.ok(twice >= 0, `${denied} denials, but only ${alerts} alerts and ${lost} told as lost`);
    assert.ok(twice <= mayBe, `${twice} denials told twice`);
    for (const { records, lines } of unsaid) {
      assert.ok(records >= 0, 'nothing is said to be written before it is');
      assert.ok(lines <= UNSAID_LINES, `${lines} lines were written and not said to be`);
    }
    assert.equal(unknown, 0);
  });
});
