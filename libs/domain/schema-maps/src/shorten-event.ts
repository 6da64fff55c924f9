import type { Alert, Log } from '@kubearmor-ts/proto';
import { cutText } from './safe-text.ts';

/** Shortest limit that `shortenEvent` takes: a mark needs room. */
export const shortestField = 16;

/** A copy whose texts have at most `max` UTF-16 units (cut with a mark) and whose lists and maps at most `maxItems`. */
export function shortenEvent<E extends Alert | Log>(event: E, max: number, maxItems: number): E {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) copy[key] = shorten(value, max, maxItems);
  return copy as unknown as E;
}

function shorten(value: unknown, max: number, maxItems: number): unknown {
  if (typeof value === 'string') return cutText(value, max);
  if (Array.isArray(value))
    return value.slice(0, maxItems).map((item: unknown) => shorten(item, max, maxItems));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .slice(0, maxItems)
    .map(([key, member]) => [cutText(key, max), shorten(member, max, maxItems)] as const);
  return Object.fromEntries(entries);
}
