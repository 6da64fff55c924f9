/**
 * npm run demo                 a guest kernel with BPF-LSM, two containers, one policy, one attack
 * npm run demo -- --kernel 6.1 with that kernel
 * npm run demo -- --host       on this machine's own kernel, where it can attach BPF-LSM programs
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ATTACK_SCENARIO, NODE_SCENARIO, POLICY_FILE } from '../e2e/demo/names.ts';
import { KERNELS } from '../e2e/lab/index.ts';
import { bootGuest, hostObstacle, useHost, type DemoMachine } from './demo/machine.ts';
import { startProgram } from './demo/process.ts';
import { openReceiver, recordsWith } from './demo/receiver.ts';
import { showRecord } from './demo/show-record.ts';
import { buildStage } from './test/build.ts';

const say = (line: string): void => console.log(line.replaceAll(/^/gm, '    '));
const step = (line: string): void => console.log(`\n== ${line}`);
const node = process.execPath;

async function runOrThrow(machine: DemoMachine, scenario: string): Promise<void> {
  const results = await machine.run(scenario);
  for (const { status, name, reason } of results)
    say(`${status === 'passed' ? 'ok' : status}: ${name}${reason === undefined ? '' : `: ${reason}`}`);
  if (results.some(({ status }) => status === 'failed')) throw new Error(`${scenario} failed`);
}

async function demo(kernel: string | undefined): Promise<void> {
  const cleanups: (() => Promise<void>)[] = [];
  try {
    step('Build: the agent, the relay, karmor, the kernel programs and the enforcer');
    const build = await buildStage();
    if (build.failed.length > 0) throw new Error(build.failed.join('\n'));

    const receiver = await openReceiver(await mkdtemp(join(tmpdir(), 'ka-demo-')));
    cleanups.push(() => receiver.stop());
    step(`${receiver.name} listens at ${receiver.httpUrl}`);

    step(kernel === undefined ? 'Use this machine' : `Boot a guest with Linux ${kernel}`);
    const machine = kernel === undefined ? await useHost(say) : await bootGuest(kernel, say);
    cleanups.push(() => machine.stop());
    say(`the node is ${machine.name}`);
    await runOrThrow(machine, NODE_SCENARIO);

    step(`Start the relay: it follows the agent at ${machine.agentAddress} and exports to the receiver`);
    const relay = startProgram([
      node,
      'dist/relay.mjs',
      '--agents',
      machine.agentAddress,
      '--gRPCPort',
      '0',
      '--listen',
      '127.0.0.1',
      '--ops-port',
      '0',
      '--otlp-http',
      receiver.httpUrl,
    ]);
    cleanups.push(() => relay.stop());
    const port = await relay.until(
      'the relay',
      () => /"grpc(?:Port)?":(\d+)/.exec(relay.errors())?.[1],
      30_000,
    );
    const karmor = startProgram([
      node,
      'dist/karmor.mjs',
      'logs',
      '--gRPC',
      `127.0.0.1:${port}`,
      '--policy',
      'protect-shop',
    ]);
    cleanups.push(() => karmor.stop());
    await karmor.until('karmor logs', () => /Started to watch alerts/.exec(karmor.errors())?.[0], 30_000);
    await relay.until('the stream from the agent', () => /agent connected/.exec(relay.errors())?.[0], 60_000);

    step('The policy');
    say(await readFile(POLICY_FILE, 'utf8'));
    step('The attack, in a container that the policy selects and in one that it does not');
    await runOrThrow(machine, ATTACK_SCENARIO);

    step('The alerts, as karmor logs shows them');
    await karmor.until(
      'both alerts',
      () => (karmor.output().split('== Alert').length > 2 ? true : undefined),
      30_000,
    );
    say(karmor.output().trimEnd());

    step(`The same, as ${receiver.name} got them`);
    const records = await relay.until(
      'the export',
      async () => {
        const found = await recordsWith(receiver.file, 'protect-shop');
        return found.length >= 2 ? found : undefined;
      },
      30_000,
    );
    for (const record of records.slice(0, 2)) say(showRecord(record));
    step('Done: denied in one container, allowed in the other, and seen.');
  } finally {
    for (const cleanup of cleanups.reverse())
      await cleanup().catch((cause: unknown) => console.error(String(cause)));
  }
}

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: '6.12' },
    host: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const obstacle = values.host ? hostObstacle() : undefined;
if (values.help) console.log('usage: npm run demo [-- --kernel NAME | --host]');
else if (obstacle !== undefined) {
  console.error(`this machine cannot enforce: ${obstacle}`);
  process.exitCode = 1;
} else if (!values.host && !KERNELS.some(({ name }) => name === values.kernel)) {
  console.error(
    `no kernel is called "${values.kernel}"; there are ${KERNELS.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = 2;
} else {
  await demo(values.host ? undefined : values.kernel).catch((cause: unknown) => {
    console.error(`\nthe demo failed: ${cause instanceof Error ? cause.message : String(cause)}`);
    process.exitCode = 1;
  });
}
