import { createHash } from 'node:crypto';
import { toFormB } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';

/**
 * 32 hexadecimal digits that the event's whole content decides, so an event that is sent again has the same id and
 * nobody can make another event with it. Two events that are equal to the microsecond have one id.
 */
export const eventId = (event: Alert | Log): string => eventIdOf(toFormB(event));

/** The same for who has the event's JSON at hand. */
export const eventIdOf = (formB: string): string =>
  createHash('sha256').update(formB).digest('hex').slice(0, 32);
