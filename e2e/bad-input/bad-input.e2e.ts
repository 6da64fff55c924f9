import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { FrameKind, KA_ABI_VERSION, KA_FRAME_MAX, encodeHeader, type Header } from '@kubearmor-ts/abi';
import { PolicyServiceClient, PolicyStatus } from '@kubearmor-ts/proto';
import { buildAgent } from '../agent/build-agent.ts';
import { AgentGuard } from '../evasion/agent-guard.ts';
import { attackProgramsFolder, buildAttackPrograms } from '../evasion/attack-programs.ts';
import { document } from '../evasion/attack-policies.ts';
import { EnforcerGuard } from '../evasion/enforcer-guard.ts';
import type { Guard } from '../evasion/guard.ts';
import { DEFAULT_CAPABILITIES, startContainer, type Container } from '../evasion/runc-container.ts';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import { createRandom } from '../restarts/seeded-random.ts';
import { badPolicies } from './bad-policies.ts';
import { garbageStreams, sendGarbage } from './garbage-peer.ts';

const prepare = async (host: HostPlaces): Promise<void> => {
  await buildAttackPrograms(host);
  await buildAgent(host);
};

const PORT = 32767;
const LONG_MS = 300_000;

/** A container with one protected file, and the question whether it still is. */
async function protectOne(
  lab: Lab,
  guard: Guard,
): Promise<{ readonly container: Container; denied(): Promise<void> }> {
  const programs = await attackProgramsFolder();
  const container = await startContainer(lab, {
    name: 'bad-input',
    capabilities: DEFAULT_CAPABILITIES,
    programs,
  });
  await container.run(['/attacks/plain', 'prepare', 'read', '/srv/case']);
  await guard.protect(container);
  await guard.apply([
    document(
      'guard',
      { container: container.name },
      { file: { matchPaths: [{ path: '/srv/case/vault/target' }] }, action: 'Block' },
    ),
  ]);
  return {
    container,
    denied: async () => {
      const { stdout, stderr } = await container.run(['/attacks/plain', 'attack', 'read', '/srv/case']);
      assert.match(stdout, /"got":"denied"/, stderr);
      const free = await container.run(['/attacks/harmless']);
      assert.equal(free.code, 0, 'what no rule names still works');
    },
  };
}

scenario('bad-input', { prepare, timeoutMs: 1_200_000 }, async (lab) => {
  const guard = await AgentGuard.start(lab);
  const { denied } = await protectOne(lab, guard);
  const before = { agent: guard.agent.pid, enforcer: await guard.enforcerPid() };
  const unharmed = async (): Promise<void> => {
    await lab.until(
      'the agent to answer',
      async () => (await guard.agent.page('/policies')).includes('"guard"'),
      LONG_MS,
    );
    assert.deepEqual({ agent: guard.agent.pid, enforcer: await guard.enforcerPid() }, before);
    process.kill(before.agent, 0);
    await denied();
  };
  await lab.case('the file is protected to begin with', denied);

  for (const { what, file, text, says } of badPolicies) {
    await lab.case(`${what}: a coded complaint, everything else as before`, async () => {
      const sizes = text.length;
      guard.put(file, text);
      await denied();
      await lab.until(
        `a complaint about ${file}`,
        async () => says.test(await guard.agent.page('/policies').catch(() => '')),
        LONG_MS,
      );
      lab.log(
        `${what}, ${sizes} bytes: ${complaintOf(await guard.agent.page('/policies'), file).slice(0, 300)}`,
      );
      await unharmed();
      await guard.remove(file);
    });
  }

  await lab.case('unknown fields: named with their place, the rest of the policy enforced', async () => {
    const policy = document(
      'typo',
      { container: 'bad-input' },
      {
        file: { matchDirectories: [{ dir: '/srv/typo/', recurive: true }] },
        action: 'Block',
      },
    );
    guard.put('typo.yaml', policy);
    await lab.until(
      'a word about recurive',
      async () =>
        /KA_POLICY_UNKNOWN_KEY[^}]*typo\.yaml:1:\d+[^}]*recurive/.test(await guard.agent.page('/policies')),
      30_000,
    );
    await unharmed();
    await guard.remove('typo.yaml');
  });

  await lab.case('5,000 policies: all known, the first still enforced', async () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({
        apiVersion: 'security.kubearmor.com/v1',
        ...document(
          `many-${i}`,
          { container: 'bad-input' },
          { file: { matchPaths: [{ path: `/srv/many/${i}` }] }, action: 'Block' },
        ),
      }),
    );
    for (let i = 0; i < 5; i += 1)
      guard.put(`many-${i}.yaml`, many.slice(i * 1000, i * 1000 + 1000).join('\n---\n'));
    await denied();
    await lab.until(
      '5,001 policies in force',
      async () => {
        // The page is a megabyte: asked for at every turn, it would keep the agent from its work.
        await delay(1000);
        const rows = await guard.policies().catch(() => []);
        return rows.length === 5001 && rows.every(({ state }) => state === 'Enforced');
      },
      LONG_MS,
    );
    await unharmed();
    for (let i = 0; i < 5; i += 1) guard.take(`many-${i}.yaml`);
    await lab.until(
      'them to be gone',
      async () => {
        await delay(1000);
        return (await guard.policies()).length === 1;
      },
      LONG_MS,
    );
  });

  const seed = Date.now() % 1_000_000;
  for (const { what, bytes } of garbageStreams(createRandom(seed))) {
    await lab.case(`${what} on the gRPC port (seed ${seed})`, async () => {
      await sendGarbage(PORT, bytes);
      await unharmed();
    });
  }

  await lab.case('gRPC messages of garbage are answered with a status', async () => {
    const client = new PolicyServiceClient(`127.0.0.1:${PORT}`, credentials.createInsecure());
    const send = (policy: Buffer): Promise<PolicyStatus> =>
      new Promise((resolve, reject) =>
        client.containerPolicy({ policy }, (error, response) =>
          error === null ? resolve(response.status) : reject(error),
        ),
      );
    const random = createRandom(seed);
    try {
      for (const text of [
        '',
        '{',
        'null',
        '[]',
        '{"type":"ADDED"}',
        '{"type":"ADDED","object":null}',
        '{"type":"ADDED","object":{"metadata":{"name":"x"},"spec":{"file":7}}}',
        '\u0000',
      ])
        assert.equal(await send(Buffer.from(text)), PolicyStatus.Invalid, text);
      for (let i = 0; i < 20; i += 1)
        assert.equal(
          await send(Buffer.from(Array.from({ length: random(3000) }, () => random(256)))),
          PolicyStatus.Invalid,
        );
      await assert.rejects(send(Buffer.alloc(80 << 20, 'x')), /RESOURCE_EXHAUSTED|larger|INTERNAL/);
    } finally {
      client.close();
    }
    await rawCall(
      '/policy.PolicyService/containerPolicy',
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]),
    );
    await rawCall('/feeder.LogService/WatchAlerts', Buffer.from([0xff, 0xff, 0xff]));
    await rawCall('/no.such.Service/Method', Buffer.alloc(10));
    await unharmed();
  });
});

/** A call whose request is not the message it should be; any error status will do, silence will not. */
function rawCall(path: string, bytes: Buffer): Promise<void> {
  const client = new Client(`127.0.0.1:${PORT}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (value) => value,
      bytes,
      { deadline: Date.now() + 20_000 },
      (error) => {
        client.close();
        if (error !== null && error.details !== 'Deadline exceeded') resolve();
        else reject(new Error(`${path} took garbage without a word: ${error?.details ?? 'OK'}`));
      },
    );
  });
}

function complaintOf(page: string, file: string): string {
  const { problems, policies } = JSON.parse(page) as {
    problems: readonly object[];
    policies: readonly object[];
  };
  return JSON.stringify(
    [...problems, ...policies].filter((one) => JSON.stringify(one).includes(file.replace('.yaml', ''))),
  );
}

scenario('bad-frames', { prepare, timeoutMs: 300_000 }, async (lab) => {
  const guard = await EnforcerGuard.start(lab);
  const { denied } = await protectOne(lab, guard);
  const pid = guard.pid;
  const header = (changed: Partial<Header>, body: Buffer = Buffer.alloc(0)): readonly [Buffer, bigint] => {
    const seq = guard.nextSeq();
    const whole = {
      size: 16 + body.length,
      kind: FrameKind.STATS_GET as number,
      abiVersion: KA_ABI_VERSION,
      seq,
      ...changed,
    };
    return [Buffer.concat([encodeHeader(whole), body]), seq];
  };
  const noise = createRandom(Date.now() % 1_000_000);
  const bodyOfNoise = Buffer.from(Array.from({ length: 4000 }, () => noise(256)));
  const frames: readonly (readonly [string, string, () => readonly [Buffer, bigint]])[] = [
    ['of another ABI version', 'ABI_MISMATCH', () => header({ abiVersion: KA_ABI_VERSION + 1 })],
    ['of an unknown kind', 'FRAME_UNKNOWN', () => header({ kind: 999 })],
    ['shorter than its body', 'FRAME_TRUNCATED', () => header({ kind: FrameKind.WORKLOAD_SET })],
    ['with a plan of noise', 'PLAN_INVALID', () => header({ kind: FrameKind.PLAN_PUT }, bodyOfNoise)],
    ['with an empty plan', 'PLAN_INVALID', () => header({ kind: FrameKind.PLAN_PUT }, Buffer.alloc(8))],
    [
      'that binds a plan nobody put',
      'PLAN_UNKNOWN',
      () => header({ kind: FrameKind.WORKLOAD_SET }, workloadSet(1)),
    ],
    [
      'for a workload out of range',
      'WORKLOAD_RANGE',
      () => header({ kind: FrameKind.WORKLOAD_SET }, workloadSet(1 << 30)),
    ],
  ];
  for (const [what, code, frame] of frames) {
    await lab.case(`a frame ${what} is answered ${code}`, async () => {
      assert.equal(await guard.codeOf(...frame()), code);
      await denied();
      assert.equal(guard.pid, pid);
      process.kill(pid, 0);
    });
  }
  await lab.case('a frame longer than the bound is refused and passed over', async () => {
    const [bytes, seq] = header({ size: KA_FRAME_MAX + 64 });
    const answer = guard.codeOf(bytes, seq);
    const block = Buffer.alloc(1 << 20);
    for (let left = KA_FRAME_MAX + 48; left > 0; left -= block.length)
      guard.write(block.subarray(0, Math.min(left, block.length)));
    assert.equal(await answer, 'FRAME_TOO_LARGE');
    assert.ok(Object.keys(await guard.counters()).length > 0);
    await denied();
  });
  await lab.case('a frame shorter than its header ends the connection, not the protection', async () => {
    guard.write(header({ size: 3 })[0]);
    await lab.until('the enforcer to end', () => guard.hasEnded);
    await denied();
  });
});

function workloadSet(workload: number): Buffer {
  const body = Buffer.alloc(144);
  body.writeBigUInt64LE(0x1234n, 0);
  body.writeUInt32LE(workload, 8);
  body.write('nobody', 16);
  return body;
}
