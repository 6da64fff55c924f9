import type { Alert, Log } from '@kubearmor-ts/proto';

/** Unix nanoseconds. UpdatedTime holds the microseconds that Timestamp cannot; a text that is no time leaves the seconds. */
export function eventTimeNs(event: Alert | Log): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/.exec(event.UpdatedTime);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]!}Z`);
  if (Number.isNaN(ms) || ms < 0) return BigInt(wholeSeconds(event.Timestamp)) * 1_000_000_000n;
  return BigInt(ms) * 1_000_000n + BigInt(match![2]!) * 1000n;
}

/** Unix milliseconds, whole. */
export const eventTimeMs = (event: Alert | Log): number => Number(eventTimeNs(event) / 1_000_000n);

/** RFC 3339 in UTC with six digits of fraction. */
export function eventTimeText(event: Alert | Log): string {
  const ns = eventTimeNs(event);
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String((ns / 1000n) % 1_000_000n).padStart(6, '0')}Z`;
}

/** 9999-12-31T23:59:59Z: later years do not fit the formats. */
const lastSecond = 253_402_300_799;

function wholeSeconds(timestamp: number): number {
  return Number.isFinite(timestamp) ? Math.trunc(Math.min(lastSecond, Math.max(0, timestamp))) : 0;
}
