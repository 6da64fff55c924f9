import type { PartAnswer } from './deliver-parts.ts';
import type { HttpAnswer } from './http-sender.ts';

/**
 * What an answer means for a part by its status alone, for receivers that follow the usual sense of HTTP:
 * undefined for 2xx and for the 4xx that speak about the content (400, 422 …), which each sink reads itself.
 *
 * A refusal that configuration can mend (401, 403, 404, a redirect) keeps the events: they are tried again.
 */
export function judgeStatus(answer: HttpAnswer): PartAnswer | undefined {
  if (answer.kind === 'failed') return { kind: 'again', reason: answer.reason };
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const reason = `HTTP ${String(status)}${excerpt(answer.body)}`;
  if (status === 413) return { kind: 'halve', reason };
  if (status >= 300 && status < 400)
    return { kind: 'again', reason: `HTTP ${String(status)}: redirects are not followed` };
  if (status >= 500 || waits.has(status))
    return {
      kind: 'again',
      reason,
      ...(answer.retryAfterMs === undefined ? {} : { afterMs: answer.retryAfterMs }),
    };
  return undefined;
}

const waits = new Set([401, 403, 404, 405, 407, 408, 421, 425, 426, 429]);

/** One line of what the receiver said. */
export function excerpt(body: Buffer): string {
  const text = body
    .subarray(0, 300)
    .toString('utf8')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\ufffd]+/gu, ' ')
    .trim();
  return text === '' ? '' : `: ${text.slice(0, 200)}`;
}
