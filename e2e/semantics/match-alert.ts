import type { AlertExpectation } from './case.ts';

/** Users search for these by a part; everything else they compare. */
const bySubstring: ReadonlySet<string> = new Set(['Resource', 'Source', 'Data']);

/** Why an alert is not the expected one; undefined when it is. An expectation of '' means the field is absent. */
export function differs(
  expected: AlertExpectation,
  alert: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [field, want] of Object.entries(expected)) {
    const got = String(alert[field] ?? '');
    const holds = bySubstring.has(field) ? got.includes(want) : got === want;
    if (!holds) return `${field} is "${got}", not "${want}"`;
  }
  return undefined;
}
