import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { PolicyServiceClient, PolicyStatus } from '@kubearmor-ts/proto';
import { buildAgent } from '../agent/build-agent.ts';
import { AgentGuard } from '../evasion/agent-guard.ts';
import { attackProgramsFolder, buildAttackPrograms } from '../evasion/attack-programs.ts';
import { startHammer } from '../evasion/hammer.ts';
import { DEFAULT_CAPABILITIES, startContainer, type Container } from '../evasion/runc-container.ts';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import { GUARD, NOISE, policyVersion } from './policy-versions.ts';

const prepare = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildAgent(host);
};

const UPDATES = 1000;
/** Each is parsed, stored and answered on its own, which an emulated agent takes a third of a second for. */
const GRPC_UPDATES = 200;
/** Changes that come faster than the agent takes them up. */
const BURST = 20;
const BLOCKED = '/srv/case/vault/target';
const FREE = '/srv/case/open/decoy';

scenario('atomic-updates', { prepare, timeoutMs: 900_000 }, async (lab) => {
  const guard = await AgentGuard.start(lab);
  const container = await startContainer(lab, {
    name: 'atomic',
    capabilities: DEFAULT_CAPABILITIES,
    programs: await attackProgramsFolder(),
  });
  await container.run(['/attacks/plain', 'prepare', 'read', '/srv/case']);
  await guard.protect(container);

  await lab.case(`${UPDATES} changes in the policy directory: not one open succeeds`, async () => {
    await guard.apply([0, 4].map((n) => policyVersion(n, container.name, BLOCKED).policy));
    await underAttack(lab, guard, container, async () => {
      for (let n = 0; n < UPDATES; n += 1) {
        const { policy } = policyVersion(n, container.name, BLOCKED);
        guard.put(`${policy.metadata.name}.yaml`, policy);
        // Files written faster than they are read are one change; waiting makes it many.
        if (n % BURST === BURST - 1) await settled(lab, guard);
      }
      await settled(lab, guard);
    });
    await lastVersionHolds(lab, guard, container, UPDATES - 1);
  });

  await lab.case(`${GRPC_UPDATES} changes through gRPC: not one open succeeds`, async () => {
    const client = new PolicyServiceClient('127.0.0.1:32767', credentials.createInsecure());
    const send = (type: string, n: number): Promise<PolicyStatus> =>
      new Promise((resolve, reject) => {
        const { policy } = policyVersion(n, container.name, BLOCKED);
        const object = { ...policy, metadata: { ...policy.metadata, name: `${policy.metadata.name}-grpc` } };
        client.containerPolicy(
          { policy: Buffer.from(JSON.stringify({ type, object })) },
          (error, response) => (error === null ? resolve(response.status) : reject(error)),
        );
      });
    try {
      assert.equal(await send('ADDED', 0), PolicyStatus.Applied);
      assert.equal(await send('ADDED', 4), PolicyStatus.Applied);
      await settled(lab, guard);
      // The files' guard goes: from here on only what gRPC brought protects.
      await guard.withdraw(`${GUARD}.yaml`);
      await guard.withdraw(`${NOISE}.yaml`);
      await underAttack(lab, guard, container, async () => {
        for (let n = 0; n < GRPC_UPDATES; n += BURST) {
          const burst = Array.from({ length: BURST }, (_, i) => send('MODIFIED', n + i));
          for (const status of await Promise.all(burst)) assert.equal(status, PolicyStatus.Modified);
        }
        await settled(lab, guard);
      });
    } finally {
      client.close();
    }
    await lastVersionHolds(lab, guard, container, GRPC_UPDATES - 1);
  });
});

async function underAttack(
  lab: Lab,
  guard: AgentGuard,
  container: Container,
  change: () => Promise<void>,
): Promise<void> {
  const hammer = await startHammer(lab, container, {
    mode: 'open',
    path: BLOCKED,
    free: FREE,
    pauseUs: 10_000,
  });
  const began = Date.now();
  let failure: unknown;
  await change().catch((cause: unknown) => (failure = cause));
  const counts = await hammer.stop();
  lab.log(`${Math.round((Date.now() - began) / 1000)} s: ${JSON.stringify(counts)}`);
  if (failure !== undefined) {
    lab.log(`the agent said: ${guard.agent.output().slice(-3000)}`);
    throw failure;
  }
  assert.equal(counts.escaped, 0);
  assert.equal(counts.otherErrors, 0);
  assert.equal(counts.freeFailed, 0);
  assert.ok(counts.denied > 1000);
}

async function settled(lab: Lab, guard: AgentGuard): Promise<void> {
  await lab.until(
    'every policy to be in force',
    async () => {
      const rows = await guard.policies();
      const stuck = rows.find(({ state }) => state !== 'Enforced' && state !== 'Pending');
      if (stuck !== undefined) throw new Error(`policy ${stuck.name}: ${JSON.stringify(stuck)}`);
      return rows.every(({ state }) => state === 'Enforced');
    },
    60_000,
  );
}

/** The severity of the newest alert tells which version of the rule decided. */
async function lastVersionHolds(
  lab: Lab,
  guard: AgentGuard,
  container: Container,
  last: number,
): Promise<void> {
  const wanted = String(policyVersion(last, container.name, BLOCKED).severity);
  await lab.until(`an alert of severity ${wanted}`, async () => {
    const from = guard.agent.alerts().length;
    await container.run(['/attacks/plain', 'attack', 'read', '/srv/case']);
    return guard.agent
      .alerts()
      .slice(from)
      .some((alert) => alert['Resource'] === BLOCKED && alert['Severity'] === wanted);
  });
}
