import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { scenario } from '../lab/scenario.ts';

/** Scenarios that must not pass: `npm run lab -- --self-test` holds the lab to it. */
const broken = { onlyByName: true, timeoutMs: 3_000 };

scenario('lab-failing', broken, async (lab) => {
  await lab.case('holds', () => undefined);
  await lab.case('does not hold', () => assert.equal(1, 2));
});

scenario('lab-empty', broken, async () => undefined);

scenario('lab-throwing', broken, async (lab) => {
  await lab.case('holds', () => undefined);
  throw new Error('the body itself failed');
});

scenario('lab-slow', broken, async (lab) => {
  await lab.case(
    'never ends',
    async () => void (await lab.run(['/bin/sleep', '1000'], { timeoutMs: 100_000 })),
  );
});

scenario('lab-warning', broken, async (lab) => {
  await lab.case('passes, but the kernel complained', async () => {
    await writeFile('/dev/kmsg', '<4>WARNING: CPU: 0 PID: 1 at kernel/none.c:1 made up by the self-test');
  });
});

scenario('lab-panic', broken, async (lab) => {
  await lab.case('crashes the kernel', async () => writeFile('/proc/sysrq-trigger', 'c'));
});

scenario('lab-hang', broken, async (lab) => {
  await lab.case('stops the runner itself', () => void process.kill(process.pid, 'SIGSTOP'));
});
