import { excerpt, judgeStatus } from '@kubearmor-ts/sink-net';
import type { HttpAnswer, PartAnswer } from '@kubearmor-ts/sink-net';

/** What the event endpoint said to one request. */
export type SplunkAnswer =
  | { readonly kind: 'taken'; readonly ackId: number | undefined }
  | { readonly kind: 'not taken'; readonly answer: PartAnswer };

/** Codes that speak about one event of the request. 5 and 13 name no event when the body is empty as a whole. */
const eventCodes = new Set([5, 6, 12, 13, 15]);

export function readSplunkAnswer(answer: HttpAnswer, events: number): SplunkAnswer {
  const judged = judgeStatus(answer);
  if (judged !== undefined) return { kind: 'not taken', answer: judged };
  if (answer.kind === 'failed')
    return { kind: 'not taken', answer: { kind: 'again', reason: answer.reason } };
  const body = parseObject(answer.body);
  const code = body?.['code'];
  if (answer.status < 300) {
    // A page of a proxy with status 200 is not Splunk's word that it has the events.
    if (code !== 0)
      return {
        kind: 'not taken',
        answer: { kind: 'again', reason: `the answer is not Splunk's${excerpt(answer.body)}` },
      };
    const ackId = body?.['ackId'];
    return { kind: 'taken', ackId: Number.isInteger(ackId) ? Number(ackId) : undefined };
  }
  const reason = `HTTP ${String(answer.status)}${excerpt(answer.body)}`;
  const bad = body?.['invalid-event-number'];
  if (eventCodes.has(Number(code))) {
    if (!Number.isInteger(bad) || Number(bad) < 0 || Number(bad) >= events)
      return { kind: 'not taken', answer: { kind: 'halve', reason } };
    const others = Array.from({ length: events }, (_, index) => index).filter((index) => index !== bad);
    const rejected = [{ index: Number(bad), reason }];
    return {
      kind: 'not taken',
      answer:
        others.length === 0
          ? { kind: 'done', rejected }
          : { kind: 'again', reason, afterMs: 0, indexes: others, rejected },
    };
  }
  // 7 wrong index, 10 and 11 channel: the token's settings or ours, and no event is at fault.
  if (code !== undefined) return { kind: 'not taken', answer: { kind: 'again', reason } };
  return { kind: 'not taken', answer: { kind: 'halve', reason } };
}

/** The ids among `asked` that are acknowledged; undefined when the answer cannot be read. */
export function readAcks(answer: HttpAnswer, asked: readonly number[]): readonly number[] | undefined {
  if (answer.kind === 'failed' || answer.status !== 200) return undefined;
  const acks = parseObject(answer.body)?.['acks'];
  if (typeof acks !== 'object' || acks === null) return undefined;
  const states = acks as Readonly<Record<string, unknown>>;
  return asked.filter((id) => states[String(id)] === true);
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
