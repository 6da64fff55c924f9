import type { Alert, Log } from '@kubearmor-ts/proto';

/** The ends of what a Date can hold. */
const farthestMs = 8.64e15;

/** Unix milliseconds at which the event happened, by its own words, whatever those are; 0 when it has none. */
export function eventTimeMs(event: Alert | Log): number {
  const exact = Date.parse(event.UpdatedTime);
  if (!Number.isNaN(exact)) return exact;
  return Math.trunc(Math.max(-farthestMs, Math.min(farthestMs, event.Timestamp * 1000)));
}
