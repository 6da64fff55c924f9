/** Longer waits than this are not believed. */
const longestMs = 10 * 60_000;

/** The Retry-After header in milliseconds from now: seconds, or a date of HTTP. */
export function retryAfterMs(value: string | undefined, wallMs: number): number | undefined {
  if (value === undefined || value === '') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - wallMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestMs, Math.max(0, ms));
}
