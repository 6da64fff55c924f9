import type { Alert, Log } from '@kubearmor-ts/proto';

/** Unix milliseconds at which the event happened, by its own words; 0 when it has none. */
export function eventTimeMs(event: Alert | Log): number {
  const exact = Date.parse(event.UpdatedTime);
  return Number.isNaN(exact) ? event.Timestamp * 1000 : exact;
}
