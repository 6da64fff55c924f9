import assert from 'node:assert/strict';
import type { ExecOutcome } from '../lab/index.ts';
import type { PolicyDocument, SemanticsCase, Step } from './case.ts';
import { differs } from './match-alert.ts';

/** The node that the cases play on: the product as it ships, real containers, and what it said. */
export interface Node {
  /** Puts exactly these policies in force; resolves when the kernel decides by them. */
  enforce(policies: readonly PolicyDocument[]): Promise<void>;
  exec(
    where: Step['in'],
    argv: readonly string[],
    options: { uid: number; tty: boolean },
  ): Promise<ExecOutcome>;
  /** Position in the stream of alerts: what comes later is caused by what comes later. */
  mark(): number;
  /** Resolves once every alert that the kernel has produced so far has arrived; gives those after the mark. */
  alertsSince(mark: number): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** EACCES, and EPERM for capabilities. */
const refusal = /permission denied|operation not permitted/i;

const uids = { root: 0, user1: 1000 } as const;

export async function runCase(node: Node, one: SemanticsCase): Promise<void> {
  await node.enforce(one.policies);
  for (const step of one.steps) await runStep(node, step);
}

async function runStep(node: Node, step: Step): Promise<void> {
  const mark = node.mark();
  const outcome = await node.exec(step.in, step.run, { uid: uids[step.as ?? 'root'], tty: step.tty ?? true });
  const text = `${outcome.stdout}${outcome.stderr}`;
  const what = `${step.in}: ${step.as ?? 'root'} runs ${step.run.join(' ')} (exit ${outcome.code}): ${text.trim()}`;
  if (step.expect === 'denied') assert.match(text, refusal, what);
  else if (outcome.code !== 0 || refusal.test(text)) {
    const alerts = await node.alertsSince(mark);
    assert.fail(`${what}\nalerts: ${alerts.map((alert) => JSON.stringify(alert)).join('\n')}`);
  }
  if (step.prints !== undefined) assert.ok(text.includes(step.prints), what);
  if (step.alert === undefined && step.noAlert === undefined) return;

  const alerts = await node.alertsSince(mark);
  const { alert, noAlert } = step;
  if (alert !== undefined) {
    const misses = alerts.map((a) => differs(alert, a));
    assert.ok(
      misses.includes(undefined),
      `${what}\nno alert like ${JSON.stringify(alert)} among ${alerts.length}:\n${alerts.map((a, at) => `  ${misses[at]}: ${JSON.stringify(a)}`).join('\n')}`,
    );
  }
  if (noAlert !== undefined) {
    const unwanted = alerts.filter((a) => differs(noAlert, a) === undefined);
    assert.equal(
      unwanted.length,
      0,
      `${what}\nunwanted: ${unwanted.map((a) => JSON.stringify(a)).join('\n')}`,
    );
  }
}
