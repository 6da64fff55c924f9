import { fitBody } from '@kubearmor-ts/schema-maps';
import type { BodyFormat } from '@kubearmor-ts/schema-maps';
import type { RejectedRecord, SinkRecord } from '@kubearmor-ts/sink';
import { eventId } from '@kubearmor-ts/sink-net';

export interface Lines {
  /** One line for each record that could be told, every one with its line break. */
  readonly text: string;
  readonly rejected: readonly RejectedRecord[];
  /** Lines of which something was cut so that they fit. */
  readonly cut: number;
}

export function encodeLines(
  batch: readonly SinkRecord[],
  { format, maxLineBytes }: { readonly format: BodyFormat; readonly maxLineBytes: number },
): Lines {
  const rejected: RejectedRecord[] = [];
  let text = '';
  let cut = 0;
  for (const [index, { event }] of batch.entries()) {
    try {
      const body = fitBody(format, event, format === 'json' ? '' : eventId(event), maxLineBytes);
      if (body === undefined) {
        rejected.push({ index, reason: `does not fit into ${String(maxLineBytes)} bytes even when cut` });
        continue;
      }
      if (body.isCut) cut += 1;
      text += `${body.text}\n`;
    } catch (cause) {
      // One event that cannot be told must not hold up all that come after it.
      const reason = cause instanceof Error ? cause.message : String(cause);
      rejected.push({ index, reason: `cannot be encoded: ${reason}` });
    }
  }
  return { text, rejected, cut };
}
