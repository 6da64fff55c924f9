import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { planWorkload } from '@kubearmor-ts/plan';
import { loadMatchVectors } from '@kubearmor-ts/vectors';
import { defaultCacheDir } from '../lab/checkout.ts';
import { scenario } from '../lab/scenario.ts';
import type { HostPlaces } from '../lab/scenario.ts';
import { accessRecord, planRecord, readAnswer } from './ask-kernel.ts';

const FILES = ['replay', 'replay.bpf.o'] as const;
const placeOf = (cacheDir: string, file: string): string => join(cacheDir, 'programs-under-test', file);

async function prepare(host: HostPlaces): Promise<void> {
  const bpf = join(host.checkout, 'bpf');
  await promisify(execFile)('make', ['-s', '-C', bpf, 'prog'], { maxBuffer: 16 << 20 });
  await mkdir(join(host.cacheDir, 'programs-under-test'), { recursive: true });
  for (const file of FILES) await copyFile(join(bpf, '.output/prog', file), placeOf(host.cacheDir, file));
}

/** The third of three that must agree: naive matcher, reference evaluator, kernel. */
scenario('vectors', { prepare, timeoutMs: 240_000 }, async (lab) => {
  const [replay, object] = FILES.map((file) => placeOf(defaultCacheDir(), file));
  const vectors = loadMatchVectors(pathToFileURL('libs/testing/vectors/match/'));
  for (const file of new Set(vectors.map((vector) => vector.file)))
    await lab.case(`the kernel answers every access of ${file}`, async () => {
      const questions = vectors
        .filter((vector) => vector.file === file)
        .map((vector) => {
          const plan = planWorkload(vector.input);
          assert.ok(plan.ok);
          return { ...vector, plan: plan.value };
        });
      const records = join(lab.scratch, file);
      await writeFile(
        records,
        Buffer.concat(
          questions.flatMap(({ plan, accesses }) => [
            planRecord(plan),
            ...accesses.map(({ access }) => accessRecord(access)),
          ]),
        ),
      );
      const outcome = await lab.run([replay!, object!, records], { timeoutMs: 120_000 });
      assert.equal(outcome.code, 0, outcome.stderr);
      const answers = outcome.stdout.trimEnd().split('\n').map(readAnswer);
      const asked = questions.flatMap(({ set, plan, accesses }) =>
        accesses.map((one, at) => ({ ...one, plan, where: `set ${set}, access ${at}` })),
      );
      assert.equal(answers.length, asked.length);
      for (const [i, { where, plan, verdict, rule }] of asked.entries()) {
        const answer = answers[i]!;
        assert.equal(`${where}: ${answer.verdict}`, `${where}: ${verdict}`);
        assert.deepEqual(plan.rules[answer.ruleNumber], rule, where);
      }
      lab.log(`${file}: ${answers.length} accesses`);
    });
});
