import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem, type } from 'node:os';

const git = (...words: readonly string[]): string => execFileSync('git', words, { encoding: 'utf8' }).trim();

/** Which sources were measured. A change that cannot affect a figure still shows: better one word too many. */
function commitName(): string {
  const isChanged = git('status', '--porcelain', '--', ':!docs').length > 0;
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
}

/** As the run begins: others may commit while it measures. */
const measured = commitName();

/** The machine that times were taken on; instruction counts do not depend on it. */
export function machineName(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}, Node ${process.versions.node}`;
}

export const loadNow = (): string => loadavg()[0]?.toFixed(1) ?? '?';

/** First line below every generated table. */
export function conditions(...more: readonly string[]): string {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  return `_${[`${date} UTC`, `commit ${measured}`, ...more].join('; ')}._`;
}
