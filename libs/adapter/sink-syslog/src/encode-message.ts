import { fitBody, syslogHeader, utf8Length } from '@kubearmor-ts/schema-maps';
import { eventId } from '@kubearmor-ts/sink-net';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { messageLimit } from './syslog-config.ts';
import type { SyslogConfig } from './syslog-config.ts';

export interface EncodedMessage {
  /** Without frame. */
  readonly text: string;
  readonly isCut: boolean;
}

/** One RFC 5424 message within the limit, or why there can be none. */
export function encodeMessage(record: SinkRecord, config: SyslogConfig): Result<EncodedMessage, string> {
  const { event } = record;
  const limit = messageLimit(config);
  try {
    const header = syslogHeader(event, {
      facility: config.facility,
      appName: config.appName,
      enterpriseNumber: config.enterpriseNumber,
      hasBom: config.bom,
    });
    const id = config.format === 'json' ? '' : eventId(event);
    const body = fitBody(config.format, event, id, limit - utf8Length(header));
    if (body === undefined) return fail(`longer than ${String(limit)} bytes even in its shortest form`);
    return ok({ text: `${header}${body.text}`, isCut: body.isCut });
  } catch (cause) {
    // One event that cannot be told must not hold up all that come after it.
    return fail(`cannot be encoded: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** RFC 6587. A message holds no line break, so the end of a line always is the end of a message. */
export function frameMessage(text: string, framing: SyslogConfig['framing']): string {
  return framing === 'lf' ? `${text}\n` : `${String(utf8Length(text))} ${text}`;
}
