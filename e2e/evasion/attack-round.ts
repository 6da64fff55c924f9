import type { ExecOutcome } from '../lab/index.ts';
import type { AttackManifest, Goal } from './attack-programs.ts';

/** One attack on one object of its own. */
export interface AttackCase {
  readonly manifest: AttackManifest;
  readonly goal: Goal;
  readonly folder: string;
  /** As the attack's program laid it out; bytes that are not ASCII are Latin-1 characters here. */
  readonly target: string;
}

export interface AttackResult {
  readonly attack: string;
  readonly goal: Goal;
  readonly got: 'denied' | 'escaped' | 'impossible' | 'broken';
  readonly errno: string;
  readonly detail: string;
}

/** Runs a program that reads `input`; a container or the host. */
export type Enter = (argv: readonly string[], input: string, timeoutMs: number) => Promise<ExecOutcome>;

const ONE_ATTACK_MS = 40_000;

/** Lays out the objects of all wanted attacks below `root`, each in a folder of its own. */
export async function prepareRound(
  enter: Enter,
  programs: string,
  root: string,
  wanted: readonly { readonly manifest: AttackManifest; readonly goal: Goal }[],
): Promise<readonly AttackCase[]> {
  const folders = wanted.map(({ manifest, goal }) => `${root}/${manifest.attack}-${goal}`);
  const lines = wanted.map(
    ({ manifest, goal }, i) => `${programs}/${manifest.attack} prepare ${goal} ${folders[i]!}`,
  );
  const answers = await runAll(enter, programs, lines);
  return wanted.map(({ manifest, goal }, i) => {
    const answer = answers[i] as { target?: unknown };
    if (typeof answer.target !== 'string')
      throw new Error(
        `${manifest.attack} could not lay out its object for ${goal}: ${JSON.stringify(answer)}`,
      );
    return { manifest, goal, folder: folders[i]!, target: answer.target };
  });
}

export async function runRound(
  enter: Enter,
  programs: string,
  cases: readonly AttackCase[],
): Promise<readonly AttackResult[]> {
  const lines = cases.map(
    ({ manifest, goal, folder }) => `${programs}/${manifest.attack} attack ${goal} ${folder}`,
  );
  return (await runAll(enter, programs, lines)).map(
    (answer, i) => ({ errno: '', goal: cases[i]!.goal, ...(answer as object) }) as AttackResult,
  );
}

async function runAll(enter: Enter, programs: string, lines: readonly string[]): Promise<readonly unknown[]> {
  if (lines.length === 0) return [];
  const outcome = await enter(
    [`${programs}/runner`, String(ONE_ATTACK_MS)],
    lines.join('\n') + '\n',
    400_000,
  );
  const answers = outcome.stdout.trim().split('\n');
  if (answers.length !== lines.length)
    throw new Error(`${lines.length} attacks gave ${answers.length} answers: ${outcome.stderr.slice(-2000)}`);
  return answers.map((line) => JSON.parse(line) as unknown);
}
