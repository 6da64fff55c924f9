import { excerpt, judgeStatus } from '@kubearmor-ts/sink-net';
import type { HttpAnswer, PartAnswer } from '@kubearmor-ts/sink-net';
import type { RejectedRecord } from '@kubearmor-ts/sink';

/** Only what is read of an item comes back: the ids and counters of thousands of items are left out. */
export const bulkFilter = 'filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason';

/** What the answer to a bulk request of `count` documents means for each of them. */
export function readBulkAnswer(answer: HttpAnswer, count: number): PartAnswer {
  const judged = judgeStatus(answer);
  if (judged !== undefined) return judged;
  if (answer.kind === 'failed') return { kind: 'again', reason: answer.reason };
  if (answer.status >= 300)
    return { kind: 'halve', reason: `HTTP ${String(answer.status)}${excerpt(answer.body)}` };
  const items = answer.isCut ? undefined : itemsOf(answer.body);
  // Documents are only created under their own id, so sending all of them again cannot double any.
  if (items?.length !== count)
    return { kind: 'again', reason: `the answer does not tell of each document${excerpt(answer.body)}` };
  const rejected: RejectedRecord[] = [];
  const open: number[] = [];
  let reason = '';
  items.forEach(({ status, said }, index) => {
    if ((status >= 200 && status < 300) || status === isThere) return;
    const text = `${String(status)} ${said}`.trim();
    if (isMendable(status)) {
      open.push(index);
      reason ||= text;
    } else {
      rejected.push({ index, reason: text });
    }
  });
  if (open.length === 0) return { kind: 'done', rejected };
  return { kind: 'again', reason, indexes: open, rejected };
}

/** A document of this id was created by an earlier try. */
const isThere = 409;

/** Full queues and broken shards pass; rights and missing indexes can be mended. The rest is the document's fault. */
const isMendable = (status: number): boolean =>
  status === 429 || status >= 500 || status === 401 || status === 403 || status === 404;

interface Item {
  readonly status: number;
  readonly said: string;
}

function itemsOf(body: Buffer): readonly Item[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  const items = asObject(answer)?.['items'];
  if (!Array.isArray(items)) return undefined;
  const read = items.map(itemOf);
  return read.every((item) => item !== undefined) ? read : undefined;
}

/** `{"create": {"status": 400, "error": {"type": "…", "reason": "…"}}}`, under whatever action it was. */
function itemOf(item: unknown): Item | undefined {
  const result = asObject(Object.values(asObject(item) ?? {})[0]);
  const status = result?.['status'];
  if (typeof status !== 'number') return undefined;
  const error = asObject(result?.['error']);
  const said = [error?.['type'], error?.['reason']].filter((text) => typeof text === 'string').join(': ');
  return { status, said: said.replace(/\p{Cc}+/gu, ' ').slice(0, 300) };
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
