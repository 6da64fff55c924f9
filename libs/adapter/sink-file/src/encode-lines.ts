import { toBody } from '@kubearmor-ts/schema-maps';
import type { BodyFormat } from '@kubearmor-ts/schema-maps';
import type { RejectedRecord, SinkRecord } from '@kubearmor-ts/sink';
import { eventId } from '@kubearmor-ts/sink-net';

export interface Lines {
  /** One line for each record that could be told, every one with its line break. */
  readonly text: string;
  readonly rejected: readonly RejectedRecord[];
}

export function encodeLines(batch: readonly SinkRecord[], format: BodyFormat): Lines {
  const rejected: RejectedRecord[] = [];
  let text = '';
  for (const [index, { event }] of batch.entries()) {
    try {
      text += `${toBody(format, event, format === 'json' ? '' : eventId(event))}\n`;
    } catch (cause) {
      // One event that cannot be told must not hold up all that come after it.
      const reason = cause instanceof Error ? cause.message : String(cause);
      rejected.push({ index, reason: `cannot be encoded: ${reason}` });
    }
  }
  return { text, rejected };
}
