import { excerpt, judgeStatus } from '@kubearmor-ts/sink-net';
import type { HttpAnswer, PartAnswer } from '@kubearmor-ts/sink-net';
import type { LokiEntry } from './loki-streams.ts';

/** What the answer to a push of these entries means. */
export function readLokiAnswer(answer: HttpAnswer, entries: readonly LokiEntry[]): PartAnswer {
  const judged = judgeStatus(answer);
  if (judged !== undefined) return judged;
  if (answer.kind === 'failed') return { kind: 'again', reason: answer.reason };
  // 200 is what a page of a proxy would say; Loki says 204.
  if (answer.status === 204) return { kind: 'done' };
  const reason = `HTTP ${String(answer.status)}${excerpt(answer.body)}`;
  if (answer.status < 300) return { kind: 'again', reason };
  const oldest = oldestAcceptedNs(answer.body.toString('utf8'));
  if (oldest === undefined) return { kind: 'halve', reason };
  const isTooOld = ({ timeNs }: LokiEntry): boolean => timeNs < oldest;
  const rejected = entries.flatMap((entry, index) => (isTooOld(entry) ? [{ index, reason }] : []));
  if (rejected.length === 0) return { kind: 'halve', reason };
  const indexes = entries.flatMap((entry, index) => (isTooOld(entry) ? [] : [index]));
  return indexes.length === 0
    ? { kind: 'done', rejected }
    : { kind: 'again', reason, afterMs: 0, indexes, rejected };
}

/**
 * After a long outage thousands of lines may be over the limit of age, and halving would find them one by one; the
 * limit is in the answer. The one for lines out of order speaks of one stream alone and is not read.
 */
function oldestAcceptedNs(text: string): bigint | undefined {
  const time = /has timestamp too old: [^,]*, oldest acceptable timestamp is: (\d{4}-[\dT:-]+Z)/.exec(
    text,
  )?.[1];
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}
