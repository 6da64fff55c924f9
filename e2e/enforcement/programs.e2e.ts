import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDir } from '../lab/checkout.ts';
import { scenario } from '../lab/scenario.ts';
import type { HostPlaces } from '../lab/scenario.ts';

const FILES = ['prog/prog-test', 'prog/verifier-cost', 'kubearmor.bpf.o'] as const;

const placeOf = (cacheDir: string, file: string): string =>
  join(cacheDir, 'programs-under-test', file.replace('prog/', ''));

async function prepare(host: HostPlaces): Promise<void> {
  const bpf = join(host.checkout, 'bpf');
  await promisify(execFile)('make', ['-s', '-C', bpf, 'prog'], { maxBuffer: 16 << 20 });
  await mkdir(join(host.cacheDir, 'programs-under-test'), { recursive: true });
  for (const file of FILES) await copyFile(join(bpf, '.output', file), placeOf(host.cacheDir, file));
}

const places = FILES.map((file) => placeOf(defaultCacheDir(), file));

/** The kernel programs without enforcer, plan compiler or agent: bpf/test/prog says what is tried. */
scenario('programs', { prepare, timeoutMs: 240_000 }, async (lab) => {
  const [test, , object] = places;
  const outcome = await lab.run([test!, object!], { timeoutMs: 200_000, cwd: lab.scratch });
  const verdicts = outcome.stdout.split('\n').filter((line) => /^(ok|FAIL) /.test(line));
  assert.match(
    outcome.stdout,
    /^\d+ passed, \d+ failed, 0 skipped$/m,
    `${outcome.stdout}\n${outcome.stderr}`,
  );
  for (const line of verdicts)
    await lab.case(line.slice(6).replace(/ {3}\[last event.*/, ''), () =>
      assert.ok(line.startsWith('ok'), line),
    );
});

scenario('verifier-cost', { prepare, timeoutMs: 240_000 }, async (lab) => {
  const [, cost, object] = places;
  const record = JSON.parse(await readFile('bpf/test/verifier-cost.json', 'utf8')) as Readonly<
    Record<string, Readonly<Record<string, number>>>
  >;
  const outcome = await lab.run([cost!, object!], { timeoutMs: 200_000 });
  const measured = outcome.stdout.split('\n').filter((line) => line.startsWith('COST '));
  assert.ok(measured.length > 0, outcome.stdout + outcome.stderr);
  for (const line of measured) {
    const { program, verified } = JSON.parse(line.slice(5)) as { program: string; verified: number };
    await lab.case(`the verifier spends no more than is on record on ${program}`, () => {
      const known = record[lab.kernel]?.[program] ?? 0;
      assert.ok(verified <= known * 1.1, `${verified} instructions, on record ${known}`);
    });
  }
});
