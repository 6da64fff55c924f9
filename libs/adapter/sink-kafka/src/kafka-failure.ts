import type { PartAnswer } from '@kubearmor-ts/sink-net';

/** The brokers' words for a record that they will never take. */
const refusals = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

/** What a failed send means for its records: the client wraps the reason in errors of errors. */
export function readKafkaFailure(failure: unknown): PartAnswer {
  const leaves = leavesOf(failure, 0);
  const refusal = leaves.find(({ apiId }) => refusals.has(apiId));
  if (refusal !== undefined) return { kind: 'halve', reason: refusal.text };
  return { kind: 'again', reason: leaves.at(-1)?.text ?? 'the records could not be sent' };
}

interface Leaf {
  readonly apiId: string;
  readonly text: string;
}

const deepest = 8;

function leavesOf(failure: unknown, depth: number): readonly Leaf[] {
  if (!(failure instanceof Error) || depth > deepest) return [{ apiId: '', text: String(failure) }];
  const inner: readonly unknown[] =
    failure instanceof AggregateError ? failure.errors : failure.cause === undefined ? [] : [failure.cause];
  if (inner.length > 0) return inner.flatMap((error) => leavesOf(error, depth + 1));
  const apiId = 'apiId' in failure && typeof failure.apiId === 'string' ? failure.apiId : '';
  const message = failure.message.replace(/\p{Cc}+/gu, ' ').slice(0, 300);
  return [{ apiId, text: apiId === '' ? message : `${apiId}: ${message}` }];
}
