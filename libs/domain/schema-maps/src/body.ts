import { toFormB } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { toCef } from './cef.ts';
import { toEcs } from './ecs.ts';
import { toLeef } from './leef.ts';
import { toOcsf, toOcsfActivity } from './ocsf.ts';
import { plainJson } from './safe-text.ts';
import { shortenEvent, shortestField } from './shorten-event.ts';

/** The schemas an event can be written in as one line. */
export const bodyFormats = ['json', 'cef', 'leef', 'ecs', 'ocsf', 'ocsf-activity'] as const;
export type BodyFormat = (typeof bodyFormats)[number];

/** Those of them that are JSON. */
export const jsonFormats = ['json', 'ecs', 'ocsf', 'ocsf-activity'] as const;

export const isJsonFormat = (format: BodyFormat): boolean => format !== 'cef' && format !== 'leef';

/** One line without a line break at its end. `id` names the event; the same event sent again has the same one. */
export function toBody(format: BodyFormat, event: Alert | Log, id: string): string {
  switch (format) {
    case 'json':
      return plainJson(toFormB(event));
    case 'cef':
      return toCef(event, id);
    case 'leef':
      return toLeef(event, id);
    case 'ecs':
      return plainJson(JSON.stringify(toEcs(event, id)));
    case 'ocsf':
      return plainJson(JSON.stringify(toOcsf(event, id)));
    case 'ocsf-activity':
      return plainJson(JSON.stringify(toOcsfActivity(event, id)));
  }
}

export interface FittedBody {
  readonly text: string;
  /** Something of the event had to be cut. */
  readonly isCut: boolean;
}

/**
 * The body in at most `maxBytes` of UTF-8, still whole in its schema: the event's longest texts are cut with a mark
 * until it fits. Undefined when even the shortest form is longer.
 */
export function fitBody(
  format: BodyFormat,
  event: Alert | Log,
  id: string,
  maxBytes: number,
): FittedBody | undefined {
  const whole = toBody(format, event, id);
  if (isWithin(whole, maxBytes)) return { text: whole, isCut: false };
  for (let field = 8192; field >= shortestField; field /= 2) {
    const text = toBody(format, shortenEvent(event, field, field >= 256 ? 64 : 8), id);
    if (isWithin(text, maxBytes)) return { text, isCut: true };
  }
  return undefined;
}

function isWithin(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8 and at least one.
  if (text.length > maxBytes) return false;
  return text.length * 3 <= maxBytes || utf8Length(text) <= maxBytes;
}

export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Each half of a pair counts two.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
