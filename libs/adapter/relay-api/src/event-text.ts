import { toFormB } from '@kubearmor-ts/event';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { EventKind, EventRow } from './event-reader.ts';

const kindWord = { alerts: 'alert', logs: 'log' } as const;

/** One event as the API shows it; `event` has the keys that `karmor logs --json` prints. */
export function rowText(row: EventRow): string {
  const event = row.kind === 'alerts' ? Alert.decode(row.bytes) : Log.decode(row.bytes);
  return eventText(row.kind, row.seq, row.count, row.firstMs, row.lastMs, event);
}

export function eventText(
  kind: EventKind,
  seq: number,
  count: number,
  firstMs: number,
  lastMs: number,
  event: Alert | Log,
): string {
  const head = JSON.stringify({
    id: seq,
    kind: kindWord[kind],
    count,
    firstSeen: timeText(firstMs),
    lastSeen: timeText(lastMs),
  });
  return `${head.slice(0, -1)},"event":${toFormB(event)}}`;
}

export const timeText = (ms: number): string => new Date(ms).toISOString();
